// Fetch (API key 1): reads record batches of partitions, waiting for them if there are none yet.
// Plain values; see field.h for how fields() is read, and the protocol's own documentation for what a field
// means.
#pragma once

#include "base/slice.h"
#include "base/uuid.h"
#include "kafka/api.h"
#include "kafka/error.h"
#include "kafka/field.h"
#include "kafka/pieces.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace kontiki::kafka {

struct FetchRequest {
  struct ReplicaState {
    std::int32_t replica_id = -1;
    std::int64_t replica_epoch = -1;

    friend bool operator==(const ReplicaState&, const ReplicaState&) = default;
    template <class V>
    void fields(V& v) {
      v("replica_id", replica_id, since(15));
      v("replica_epoch", replica_epoch, since(15));
    }
  };

  struct Partition {
    std::int32_t partition = 0;
    std::int32_t current_leader_epoch = -1;
    std::int64_t fetch_offset = 0;
    std::int32_t last_fetched_epoch = -1;
    std::int64_t log_start_offset = -1;
    std::int32_t partition_max_bytes = 0;

    friend bool operator==(const Partition&, const Partition&) = default;
    template <class V>
    void fields(V& v) {
      v("partition", partition);
      v("current_leader_epoch", current_leader_epoch, since(9));
      v("fetch_offset", fetch_offset);
      v("last_fetched_epoch", last_fetched_epoch, since(12));
      v("log_start_offset", log_start_offset, since(5));
      v("partition_max_bytes", partition_max_bytes);
    }
  };

  struct Topic {
    std::string topic;
    Uuid topic_id;
    std::vector<Partition> partitions;

    friend bool operator==(const Topic&, const Topic&) = default;
    template <class V>
    void fields(V& v) {
      v("topic", topic, until(12));
      v("topic_id", topic_id, since(13));
      v("partitions", partitions);
    }
  };

  struct ForgottenTopic {
    std::string topic;
    Uuid topic_id;
    std::vector<std::int32_t> partitions;

    friend bool operator==(const ForgottenTopic&, const ForgottenTopic&) = default;
    template <class V>
    void fields(V& v) {
      v("topic", topic, between(7, 12));
      v("topic_id", topic_id, since(13));
      v("partitions", partitions, since(7));
    }
  };

  std::optional<std::string> cluster_id;
  std::int32_t replica_id = -1;
  ReplicaState replica_state;
  std::int32_t max_wait_ms = 0;
  std::int32_t min_bytes = 0;
  std::int32_t max_bytes = std::numeric_limits<std::int32_t>::max();
  std::int8_t isolation_level = 0;  // 0: read uncommitted, 1: read committed
  std::int32_t session_id = 0;
  std::int32_t session_epoch = -1;
  std::vector<Topic> topics;
  std::vector<ForgottenTopic> forgotten_topics_data;
  std::string rack_id;

  friend bool operator==(const FetchRequest&, const FetchRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("replica_id", replica_id, until(14));
    v("max_wait_ms", max_wait_ms);
    v("min_bytes", min_bytes);
    v("max_bytes", max_bytes, since(3));
    v("isolation_level", isolation_level, since(4));
    v("session_id", session_id, since(7));
    v("session_epoch", session_epoch, since(7));
    v("topics", topics);
    v("forgotten_topics_data", forgotten_topics_data, since(7));
    v("rack_id", rack_id, since(11));
    v.tagged("cluster_id", cluster_id, 0, since(12));
    v.tagged("replica_state", replica_state, 1, since(15));
  }
};

struct FetchResponse {
  struct EpochEndOffset {
    std::int32_t epoch = -1;
    std::int64_t end_offset = -1;

    friend bool operator==(const EpochEndOffset&, const EpochEndOffset&) = default;
    template <class V>
    void fields(V& v) {
      v("epoch", epoch, since(12));
      v("end_offset", end_offset, since(12));
    }
  };

  struct Leader {
    std::int32_t leader_id = -1;
    std::int32_t leader_epoch = -1;

    friend bool operator==(const Leader&, const Leader&) = default;
    template <class V>
    void fields(V& v) {
      v("leader_id", leader_id, since(12));
      v("leader_epoch", leader_epoch, since(12));
    }
  };

  struct SnapshotId {
    std::int64_t end_offset = -1;
    std::int32_t epoch = -1;

    friend bool operator==(const SnapshotId&, const SnapshotId&) = default;
    template <class V>
    void fields(V& v) {
      v("end_offset", end_offset);
      v("epoch", epoch);
    }
  };

  struct AbortedTransaction {
    std::int64_t producer_id = 0;
    std::int64_t first_offset = 0;

    friend bool operator==(const AbortedTransaction&, const AbortedTransaction&) = default;
    template <class V>
    void fields(V& v) {
      v("producer_id", producer_id, since(4));
      v("first_offset", first_offset, since(4));
    }
  };

  struct Partition {
    std::int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;
    std::int64_t high_watermark = 0;
    std::int64_t last_stable_offset = -1;
    std::int64_t log_start_offset = -1;
    EpochEndOffset diverging_epoch;
    Leader current_leader;
    SnapshotId snapshot_id;
    std::optional<std::vector<AbortedTransaction>> aborted_transactions = std::vector<AbortedTransaction>();
    std::int32_t preferred_read_replica = -1;
    std::optional<Pieces> records =
        Pieces();  // empty, never null, when there are none: librdkafka drops a response with null

    friend bool operator==(const Partition&, const Partition&) = default;
    template <class V>
    void fields(V& v) {
      v("partition_index", partition_index);
      v("error_code", error_code);
      v("high_watermark", high_watermark);
      v("last_stable_offset", last_stable_offset, since(4));
      v("log_start_offset", log_start_offset, since(5));
      v("aborted_transactions", aborted_transactions, since(4));
      v("preferred_read_replica", preferred_read_replica, since(11));
      v("records", records);
      v.tagged("diverging_epoch", diverging_epoch, 0, since(12));
      v.tagged("current_leader", current_leader, 1, since(12));
      v.tagged("snapshot_id", snapshot_id, 2, since(12));
    }
  };

  struct Topic {
    std::string topic;
    Uuid topic_id;
    std::vector<Partition> partitions;

    friend bool operator==(const Topic&, const Topic&) = default;
    template <class V>
    void fields(V& v) {
      v("topic", topic, until(12));
      v("topic_id", topic_id, since(13));
      v("partitions", partitions);
    }
  };

  struct NodeEndpoint {
    std::int32_t node_id = 0;
    std::string host;
    std::int32_t port = 0;
    std::optional<std::string> rack;

    friend bool operator==(const NodeEndpoint&, const NodeEndpoint&) = default;
    template <class V>
    void fields(V& v) {
      v("node_id", node_id, since(16));
      v("host", host, since(16));
      v("port", port, since(16));
      v("rack", rack, since(16));
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::int32_t session_id = 0;
  std::vector<Topic> responses;
  std::vector<NodeEndpoint> node_endpoints;

  friend bool operator==(const FetchResponse&, const FetchResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms, since(1));
    v("error_code", error_code, since(7));
    v("session_id", session_id, since(7));
    v("responses", responses);
    v.tagged("node_endpoints", node_endpoints, 0, since(16));
  }
};

}  // namespace kontiki::kafka
