// DeleteTopics (API key 20): deletes topics.
// Plain values; see field.h for how fields() is read, and the protocol's own documentation for what a field
// means.
#pragma once

#include "base/uuid.h"
#include "kafka/api.h"
#include "kafka/error.h"
#include "kafka/field.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kontiki::kafka {

struct DeleteTopicsRequest {
  struct Topic {
    std::optional<std::string> name;
    Uuid topic_id;  // zero: by name

    friend bool operator==(const Topic&, const Topic&) = default;
    template <class V>
    void fields(V& v) {
      v("name", name, since(6));
      v("topic_id", topic_id, since(6));
    }
  };

  std::vector<Topic> topics;
  std::vector<std::string> topic_names;
  std::int32_t timeout_ms = 0;

  friend bool operator==(const DeleteTopicsRequest&, const DeleteTopicsRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("topics", topics, since(6));
    v("topic_names", topic_names, until(5));
    v("timeout_ms", timeout_ms);
  }
};

struct DeleteTopicsResponse {
  struct Topic {
    std::optional<std::string> name = std::string();
    Uuid topic_id;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message;

    friend bool operator==(const Topic&, const Topic&) = default;
    template <class V>
    void fields(V& v) {
      v("name", name, Field{}.nullable(6));
      v("topic_id", topic_id, since(6));
      v("error_code", error_code);
      v("error_message", error_message, since(5));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> responses;

  friend bool operator==(const DeleteTopicsResponse&, const DeleteTopicsResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms, since(1));
    v("responses", responses);
  }
};

}  // namespace kontiki::kafka
