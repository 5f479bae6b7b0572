// Metadata (API key 3): the brokers, and the topics with their partitions and leaders.
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

struct MetadataRequest {
  struct Topic {
    Uuid topic_id;
    std::optional<std::string> name = std::string();

    friend bool operator==(const Topic&, const Topic&) = default;
    template <class V>
    void fields(V& v) {
      v("topic_id", topic_id, since(10));
      v("name", name, Field{}.nullable(10));
    }
  };

  std::optional<std::vector<Topic>> topics =
      std::vector<Topic>();  // null: all topics; in version 0, empty: all topics
  bool allow_auto_topic_creation = true;
  bool include_cluster_authorized_operations = false;
  bool include_topic_authorized_operations = false;

  friend bool operator==(const MetadataRequest&, const MetadataRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("topics", topics, Field{}.nullable(1));
    v("allow_auto_topic_creation", allow_auto_topic_creation, since(4));
    v("include_cluster_authorized_operations", include_cluster_authorized_operations, between(8, 10));
    v("include_topic_authorized_operations", include_topic_authorized_operations, since(8));
  }
};

struct MetadataResponse {
  struct Broker {
    std::int32_t node_id = 0;
    std::string host;
    std::int32_t port = 0;
    std::optional<std::string> rack;

    friend bool operator==(const Broker&, const Broker&) = default;
    template <class V>
    void fields(V& v) {
      v("node_id", node_id);
      v("host", host);
      v("port", port);
      v("rack", rack, since(1));
    }
  };

  struct Partition {
    ErrorCode error_code = ErrorCode::kNone;
    std::int32_t partition_index = 0;
    std::int32_t leader_id = 0;
    std::int32_t leader_epoch = -1;
    std::vector<std::int32_t> replica_nodes;
    std::vector<std::int32_t> isr_nodes;
    std::vector<std::int32_t> offline_replicas;

    friend bool operator==(const Partition&, const Partition&) = default;
    template <class V>
    void fields(V& v) {
      v("error_code", error_code);
      v("partition_index", partition_index);
      v("leader_id", leader_id);
      v("leader_epoch", leader_epoch, since(7));
      v("replica_nodes", replica_nodes);
      v("isr_nodes", isr_nodes);
      v("offline_replicas", offline_replicas, since(5));
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
      v("name", name, Field{}.nullable(12));
      v("topic_id", topic_id, since(10));
      v("is_internal", is_internal, since(1));
      v("partitions", partitions);
      v("topic_authorized_operations", topic_authorized_operations, since(8));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Broker> brokers;
  std::optional<std::string> cluster_id;
  std::int32_t controller_id = -1;
  std::vector<Topic> topics;
  std::int32_t cluster_authorized_operations =
      std::numeric_limits<std::int32_t>::min();  // the minimum: not asked for

  friend bool operator==(const MetadataResponse&, const MetadataResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms, since(3));
    v("brokers", brokers);
    v("cluster_id", cluster_id, since(2));
    v("controller_id", controller_id, since(1));
    v("topics", topics);
    v("cluster_authorized_operations", cluster_authorized_operations, between(8, 10));
  }
};

}  // namespace kontiki::kafka
