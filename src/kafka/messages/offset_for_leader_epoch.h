// OffsetForLeaderEpoch (API key 23): where a leader epoch ends, for a client that looks for a truncation.
// Plain values; see field.h for how fields() is read, and the protocol's own documentation for what a field
// means.
#pragma once

#include "kafka/api.h"
#include "kafka/error.h"
#include "kafka/field.h"

#include <cstdint>
#include <string>
#include <vector>

namespace kontiki::kafka {

struct OffsetForLeaderEpochRequest {
  struct Partition {
    std::int32_t partition = 0;
    std::int32_t current_leader_epoch = -1;
    std::int32_t leader_epoch = 0;

    friend bool operator==(const Partition&, const Partition&) = default;
    template <class V>
    void fields(V& v) {
      v("partition", partition);
      v("current_leader_epoch", current_leader_epoch, since(2));
      v("leader_epoch", leader_epoch);
    }
  };

  struct Topic {
    std::string topic;
    std::vector<Partition> partitions;

    friend bool operator==(const Topic&, const Topic&) = default;
    template <class V>
    void fields(V& v) {
      v("topic", topic);
      v("partitions", partitions);
    }
  };

  std::int32_t replica_id = -2;
  std::vector<Topic> topics;

  friend bool operator==(const OffsetForLeaderEpochRequest&, const OffsetForLeaderEpochRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("replica_id", replica_id, since(3));
    v("topics", topics);
  }
};

struct OffsetForLeaderEpochResponse {
  struct Partition {
    ErrorCode error_code = ErrorCode::kNone;
    std::int32_t partition = 0;
    std::int32_t leader_epoch = -1;
    std::int64_t end_offset = -1;

    friend bool operator==(const Partition&, const Partition&) = default;
    template <class V>
    void fields(V& v) {
      v("error_code", error_code);
      v("partition", partition);
      v("leader_epoch", leader_epoch, since(1));
      v("end_offset", end_offset);
    }
  };

  struct Topic {
    std::string topic;
    std::vector<Partition> partitions;

    friend bool operator==(const Topic&, const Topic&) = default;
    template <class V>
    void fields(V& v) {
      v("topic", topic);
      v("partitions", partitions);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  friend bool operator==(const OffsetForLeaderEpochResponse&, const OffsetForLeaderEpochResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms, since(2));
    v("topics", topics);
  }
};

}  // namespace kontiki::kafka
