// AlterPartitionReassignments (API key 45): other replicas for partitions, or the old ones after all.
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

struct AlterPartitionReassignmentsRequest {
  struct Partition {
    std::int32_t partition_index = 0;
    std::optional<std::vector<std::int32_t>> replicas;  // null: what is under way is withdrawn

    friend bool operator==(const Partition&, const Partition&) = default;
    template <class V>
    void fields(V& v) {
      v("partition_index", partition_index);
      v("replicas", replicas);
    }
  };

  struct Topic {
    std::string name;
    std::vector<Partition> partitions;

    friend bool operator==(const Topic&, const Topic&) = default;
    template <class V>
    void fields(V& v) {
      v("name", name);
      v("partitions", partitions);
    }
  };

  std::int32_t timeout_ms = 60'000;
  std::vector<Topic> topics;

  friend bool operator==(const AlterPartitionReassignmentsRequest&,
                         const AlterPartitionReassignmentsRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("timeout_ms", timeout_ms);
    v("topics", topics);
  }
};

struct AlterPartitionReassignmentsResponse {
  struct Partition {
    std::int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message;

    friend bool operator==(const Partition&, const Partition&) = default;
    template <class V>
    void fields(V& v) {
      v("partition_index", partition_index);
      v("error_code", error_code);
      v("error_message", error_message);
    }
  };

  struct Topic {
    std::string name;
    std::vector<Partition> partitions;

    friend bool operator==(const Topic&, const Topic&) = default;
    template <class V>
    void fields(V& v) {
      v("name", name);
      v("partitions", partitions);
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message = std::string();  // null: no error
  std::vector<Topic> responses;

  friend bool operator==(const AlterPartitionReassignmentsResponse&,
                         const AlterPartitionReassignmentsResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms);
    v("error_code", error_code);
    v("error_message", error_message);
    v("responses", responses);
  }
};

}  // namespace kontiki::kafka
