// ListPartitionReassignments (API key 46): partitions whose replicas are being changed.
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

struct ListPartitionReassignmentsRequest {
  struct Topic {
    std::string name;
    std::vector<std::int32_t> partition_indexes;

    friend bool operator==(const Topic&, const Topic&) = default;
    template <class V>
    void fields(V& v) {
      v("name", name);
      v("partition_indexes", partition_indexes);
    }
  };

  std::int32_t timeout_ms = 60'000;
  std::optional<std::vector<Topic>> topics;

  friend bool operator==(const ListPartitionReassignmentsRequest&,
                         const ListPartitionReassignmentsRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("timeout_ms", timeout_ms);
    v("topics", topics);
  }
};

struct ListPartitionReassignmentsResponse {
  struct Partition {
    std::int32_t partition_index = 0;
    std::vector<std::int32_t> replicas;
    std::vector<std::int32_t> adding_replicas;
    std::vector<std::int32_t> removing_replicas;

    friend bool operator==(const Partition&, const Partition&) = default;
    template <class V>
    void fields(V& v) {
      v("partition_index", partition_index);
      v("replicas", replicas);
      v("adding_replicas", adding_replicas);
      v("removing_replicas", removing_replicas);
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
  std::vector<Topic> topics;

  friend bool operator==(const ListPartitionReassignmentsResponse&,
                         const ListPartitionReassignmentsResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms);
    v("error_code", error_code);
    v("error_message", error_message);
    v("topics", topics);
  }
};

}  // namespace kontiki::kafka
