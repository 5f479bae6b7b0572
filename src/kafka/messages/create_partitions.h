// CreatePartitions (API key 37): adds partitions to topics.
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

struct CreatePartitionsRequest {
  struct Assignment {
    std::vector<std::int32_t> broker_ids;

    friend bool operator==(const Assignment&, const Assignment&) = default;
    template <class V>
    void fields(V& v) {
      v("broker_ids", broker_ids);
    }
  };

  struct Topic {
    std::string name;
    std::int32_t count = 0;
    std::optional<std::vector<Assignment>> assignments =
        std::vector<Assignment>();  // null: the broker places the new partitions

    friend bool operator==(const Topic&, const Topic&) = default;
    template <class V>
    void fields(V& v) {
      v("name", name);
      v("count", count);
      v("assignments", assignments);
    }
  };

  std::vector<Topic> topics;
  std::int32_t timeout_ms = 0;
  bool validate_only = false;

  friend bool operator==(const CreatePartitionsRequest&, const CreatePartitionsRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("topics", topics);
    v("timeout_ms", timeout_ms);
    v("validate_only", validate_only);
  }
};

struct CreatePartitionsResponse {
  struct Topic {
    std::string name;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message;

    friend bool operator==(const Topic&, const Topic&) = default;
    template <class V>
    void fields(V& v) {
      v("name", name);
      v("error_code", error_code);
      v("error_message", error_message);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> results;

  friend bool operator==(const CreatePartitionsResponse&, const CreatePartitionsResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms);
    v("results", results);
  }
};

}  // namespace kontiki::kafka
