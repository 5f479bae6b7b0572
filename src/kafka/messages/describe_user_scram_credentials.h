// DescribeUserScramCredentials (API key 50): which SCRAM credentials users have.
// Plain values; see field.h for how fields() is read, and the protocol's own documentation for what a field
// means.
#pragma once

#include "kafka/api.h"
#include "kafka/error.h"
#include "kafka/field.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kontiki::kafka {

struct DescribeUserScramCredentialsRequest {
  struct User {
    std::string name;

    friend bool operator==(const User&, const User&) = default;
    template <class V>
    void fields(V& v) {
      v("name", name);
    }
  };

  std::optional<std::vector<User>> users = std::vector<User>();  // null: all

  friend bool operator==(const DescribeUserScramCredentialsRequest&,
                         const DescribeUserScramCredentialsRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("users", users);
  }
};

struct DescribeUserScramCredentialsResponse {
  struct Credential {
    std::int8_t mechanism = 0;  // 1: SCRAM-SHA-256, 2: SCRAM-SHA-512
    std::int32_t iterations = 0;

    friend bool operator==(const Credential&, const Credential&) = default;
    template <class V>
    void fields(V& v) {
      v("mechanism", mechanism);
      v("iterations", iterations);
    }
  };

  struct Result {
    std::string user;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message;
    std::vector<Credential> credential_infos;

    friend bool operator==(const Result&, const Result&) = default;
    template <class V>
    void fields(V& v) {
      v("user", user);
      v("error_code", error_code);
      v("error_message", error_message);
      v("credential_infos", credential_infos);
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message = std::string();  // null: no error
  std::vector<Result> results;

  friend bool operator==(const DescribeUserScramCredentialsResponse&,
                         const DescribeUserScramCredentialsResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms);
    v("error_code", error_code);
    v("error_message", error_message);
    v("results", results);
  }
};

}  // namespace kontiki::kafka
