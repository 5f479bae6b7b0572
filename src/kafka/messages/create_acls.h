// CreateAcls (API key 30): adds access rules.
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

struct CreateAclsRequest {
  struct Creation {
    std::int8_t resource_type = 0;
    std::string resource_name;
    std::int8_t resource_pattern_type = 3;  // 3: literal, 4: prefixed
    std::string principal;
    std::string host;
    std::int8_t operation = 0;
    std::int8_t permission_type = 0;

    friend bool operator==(const Creation&, const Creation&) = default;
    template <class V>
    void fields(V& v) {
      v("resource_type", resource_type);
      v("resource_name", resource_name);
      v("resource_pattern_type", resource_pattern_type, since(1));
      v("principal", principal);
      v("host", host);
      v("operation", operation);
      v("permission_type", permission_type);
    }
  };

  std::vector<Creation> creations;

  friend bool operator==(const CreateAclsRequest&, const CreateAclsRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("creations", creations);
  }
};

struct CreateAclsResponse {
  struct Result {
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message;

    friend bool operator==(const Result&, const Result&) = default;
    template <class V>
    void fields(V& v) {
      v("error_code", error_code);
      v("error_message", error_message);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Result> results;

  friend bool operator==(const CreateAclsResponse&, const CreateAclsResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms);
    v("results", results);
  }
};

}  // namespace kontiki::kafka
