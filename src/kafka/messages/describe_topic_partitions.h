// DescribeTopicPartitions (API key 75): the partitions of topics, page by page.
// Plain values; see field.h for how fields() is read, and the protocol's own documentation for what a field
// means.
#pragma once

#include "base/uuid.h"
#include "kafka/api.h"
#include "kafka/error.h"
#include "kafka/field.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace kontiki::kafka {

// Where a page ends and the next begins. Not inside a message: there it could not be optional, since clang
// does not construct a nested struct with initialisers before the outer one is complete.
struct DescribeTopicPartitionsCursor {
  std::string topic_name;
  std::int32_t partition_index = 0;

  friend bool operator==(const DescribeTopicPartitionsCursor&,
                         const DescribeTopicPartitionsCursor&) = default;
  template <class V>
  void fields(V& v) {
    v("topic_name", topic_name);
    v("partition_index", partition_index);
  }
};

struct DescribeTopicPartitionsRequest {
  struct Topic {
    std::string name;

    friend bool operator==(const Topic&, const Topic&) = default;
    template <class V>
    void fields(V& v) {
      v("name", name);
    }
  };

  std::vector<Topic> topics;
  std::int32_t response_partition_limit = 2000;
  std::optional<DescribeTopicPartitionsCursor> cursor;  // null: from the beginning

  friend bool operator==(const DescribeTopicPartitionsRequest&,
                         const DescribeTopicPartitionsRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("topics", topics);
    v("response_partition_limit", response_partition_limit);
    v("cursor", cursor);
  }
};

struct DescribeTopicPartitionsResponse {
  struct Partition {
    ErrorCode error_code = ErrorCode::kNone;
    std::int32_t partition_index = 0;
    std::int32_t leader_id = 0;
    std::int32_t leader_epoch = -1;
    std::vector<std::int32_t> replica_nodes;
    std::vector<std::int32_t> isr_nodes;
    std::optional<std::vector<std::int32_t>> eligible_leader_replicas;
    std::optional<std::vector<std::int32_t>> last_known_elr;
    std::vector<std::int32_t> offline_replicas;

    friend bool operator==(const Partition&, const Partition&) = default;
    template <class V>
    void fields(V& v) {
      v("error_code", error_code);
      v("partition_index", partition_index);
      v("leader_id", leader_id);
      v("leader_epoch", leader_epoch);
      v("replica_nodes", replica_nodes);
      v("isr_nodes", isr_nodes);
      v("eligible_leader_replicas", eligible_leader_replicas);
      v("last_known_elr", last_known_elr);
      v("offline_replicas", offline_replicas);
    }
  };

  struct Topic {
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> name = std::string();
    Uuid topic_id;
    bool is_internal = false;
    std::vector<Partition> partitions;
    std::int32_t topic_authorized_operations =
        std::numeric_limits<std::int32_t>::min();  // the minimum: not asked for

    friend bool operator==(const Topic&, const Topic&) = default;
    template <class V>
    void fields(V& v) {
      v("error_code", error_code);
      v("name", name);
      v("topic_id", topic_id);
      v("is_internal", is_internal);
      v("partitions", partitions);
      v("topic_authorized_operations", topic_authorized_operations);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;
  std::optional<DescribeTopicPartitionsCursor> next_cursor;  // null: this was the last page

  friend bool operator==(const DescribeTopicPartitionsResponse&,
                         const DescribeTopicPartitionsResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms);
    v("topics", topics);
    v("next_cursor", next_cursor);
  }
};

}  // namespace kontiki::kafka
