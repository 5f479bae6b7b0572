// DescribeQuorum (API key 55): the voters of the metadata's log, and how far each of them is.
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

struct DescribeQuorumRequest {
  struct Partition {
    std::int32_t partition_index = 0;

    friend bool operator==(const Partition&, const Partition&) = default;
    template <class V>
    void fields(V& v) {
      v("partition_index", partition_index);
    }
  };

  struct Topic {
    std::string topic_name;
    std::vector<Partition> partitions;

    friend bool operator==(const Topic&, const Topic&) = default;
    template <class V>
    void fields(V& v) {
      v("topic_name", topic_name);
      v("partitions", partitions);
    }
  };

  std::vector<Topic> topics;

  friend bool operator==(const DescribeQuorumRequest&, const DescribeQuorumRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("topics", topics);
  }
};

struct DescribeQuorumResponse {
  struct ReplicaState {
    std::int32_t replica_id = 0;
    Uuid replica_directory_id;
    std::int64_t log_end_offset = 0;
    std::int64_t last_fetch_timestamp = -1;      // -1: not known
    std::int64_t last_caught_up_timestamp = -1;  // -1: not known

    friend bool operator==(const ReplicaState&, const ReplicaState&) = default;
    template <class V>
    void fields(V& v) {
      v("replica_id", replica_id);
      v("replica_directory_id", replica_directory_id, since(2));
      v("log_end_offset", log_end_offset);
      v("last_fetch_timestamp", last_fetch_timestamp, since(1));
      v("last_caught_up_timestamp", last_caught_up_timestamp, since(1));
    }
  };

  struct Partition {
    std::int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message = std::string();
    std::int32_t leader_id = 0;
    std::int32_t leader_epoch = 0;
    std::int64_t high_watermark = 0;
    std::vector<ReplicaState> current_voters;
    std::vector<ReplicaState> observers;

    friend bool operator==(const Partition&, const Partition&) = default;
    template <class V>
    void fields(V& v) {
      v("partition_index", partition_index);
      v("error_code", error_code);
      v("error_message", error_message, since(2));
      v("leader_id", leader_id);
      v("leader_epoch", leader_epoch);
      v("high_watermark", high_watermark);
      v("current_voters", current_voters);
      v("observers", observers);
    }
  };

  struct Topic {
    std::string topic_name;
    std::vector<Partition> partitions;

    friend bool operator==(const Topic&, const Topic&) = default;
    template <class V>
    void fields(V& v) {
      v("topic_name", topic_name);
      v("partitions", partitions);
    }
  };

  struct Listener {
    std::string name;
    std::string host;
    std::uint16_t port = 0;

    friend bool operator==(const Listener&, const Listener&) = default;
    template <class V>
    void fields(V& v) {
      v("name", name, since(2));
      v("host", host, since(2));
      v("port", port, since(2));
    }
  };

  struct Node {
    std::int32_t node_id = 0;
    std::vector<Listener> listeners;

    friend bool operator==(const Node&, const Node&) = default;
    template <class V>
    void fields(V& v) {
      v("node_id", node_id, since(2));
      v("listeners", listeners, since(2));
    }
  };

  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message = std::string();  // null: no error
  std::vector<Topic> topics;
  std::vector<Node> nodes;

  friend bool operator==(const DescribeQuorumResponse&, const DescribeQuorumResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("error_code", error_code);
    v("error_message", error_message, since(2));
    v("topics", topics);
    v("nodes", nodes, since(2));
  }
};

}  // namespace kontiki::kafka
