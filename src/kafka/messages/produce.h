// Produce (API key 0): appends record batches to partitions.
// Plain values; see field.h for how fields() is read, and the protocol's own documentation for what a field
// means.
#pragma once

#include "base/slice.h"
#include "kafka/api.h"
#include "kafka/error.h"
#include "kafka/field.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kontiki::kafka {

struct ProduceRequest {
  struct Partition {
    std::int32_t index = 0;
    std::optional<Slice> records;  // of the request's frame, not copied

    friend bool operator==(const Partition&, const Partition&) = default;
    template <class V>
    void fields(V& v) {
      v("index", index);
      v("records", records);
    }
  };

  struct Topic {
    std::string name;
    std::vector<Partition> partition_data;

    friend bool operator==(const Topic&, const Topic&) = default;
    template <class V>
    void fields(V& v) {
      v("name", name);
      v("partition_data", partition_data);
    }
  };

  std::optional<std::string> transactional_id;
  std::int16_t acks = 0;  // 0: no response at all, 1: the leader's disk, -1: a majority
  std::int32_t timeout_ms = 0;
  std::vector<Topic> topic_data;

  friend bool operator==(const ProduceRequest&, const ProduceRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("transactional_id", transactional_id, since(3));
    v("acks", acks);
    v("timeout_ms", timeout_ms);
    v("topic_data", topic_data);
  }
};

struct ProduceResponse {
  struct RecordError {
    std::int32_t batch_index = 0;
    std::optional<std::string> batch_index_error_message;

    friend bool operator==(const RecordError&, const RecordError&) = default;
    template <class V>
    void fields(V& v) {
      v("batch_index", batch_index, since(8));
      v("batch_index_error_message", batch_index_error_message, since(8));
    }
  };

  struct Leader {
    std::int32_t leader_id = -1;
    std::int32_t leader_epoch = -1;

    friend bool operator==(const Leader&, const Leader&) = default;
    template <class V>
    void fields(V& v) {
      v("leader_id", leader_id, since(10));
      v("leader_epoch", leader_epoch, since(10));
    }
  };

  struct Partition {
    std::int32_t index = 0;
    ErrorCode error_code = ErrorCode::kNone;
    std::int64_t base_offset = 0;
    std::int64_t log_append_time_ms = -1;
    std::int64_t log_start_offset = -1;
    std::vector<RecordError> record_errors;
    std::optional<std::string> error_message;
    Leader current_leader;

    friend bool operator==(const Partition&, const Partition&) = default;
    template <class V>
    void fields(V& v) {
      v("index", index);
      v("error_code", error_code);
      v("base_offset", base_offset);
      v("log_append_time_ms", log_append_time_ms, since(2));
      v("log_start_offset", log_start_offset, since(5));
      v("record_errors", record_errors, since(8));
      v("error_message", error_message, since(8));
      v.tagged("current_leader", current_leader, 0, since(10));
    }
  };

  struct Topic {
    std::string name;
    std::vector<Partition> partition_responses;

    friend bool operator==(const Topic&, const Topic&) = default;
    template <class V>
    void fields(V& v) {
      v("name", name);
      v("partition_responses", partition_responses);
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
      v("node_id", node_id, since(10));
      v("host", host, since(10));
      v("port", port, since(10));
      v("rack", rack, since(10));
    }
  };

  std::vector<Topic> responses;
  std::int32_t throttle_time_ms = 0;
  std::vector<NodeEndpoint> node_endpoints;

  friend bool operator==(const ProduceResponse&, const ProduceResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("responses", responses);
    v("throttle_time_ms", throttle_time_ms, since(1));
    v.tagged("node_endpoints", node_endpoints, 0, since(10));
  }
};

}  // namespace kontiki::kafka
