// ListOffsets (API key 2): the offset of a timestamp, or the first or last of a partition.
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

struct ListOffsetsRequest {
  struct Partition {
    std::int32_t partition_index = 0;
    std::int32_t current_leader_epoch = -1;
    // ms, or -1: latest, -2: earliest, -3: the record with the largest timestamp (from version 7), -4:
    // earliest on the broker itself (8), -5: latest in remote storage (9), -6: earliest not there yet (11)
    std::int64_t timestamp = 0;

    friend bool operator==(const Partition&, const Partition&) = default;
    template <class V>
    void fields(V& v) {
      v("partition_index", partition_index);
      v("current_leader_epoch", current_leader_epoch, since(4));
      v("timestamp", timestamp);
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

  std::int32_t replica_id = -1;
  std::int8_t isolation_level = 0;
  std::vector<Topic> topics;
  std::int32_t timeout_ms = 0;

  friend bool operator==(const ListOffsetsRequest&, const ListOffsetsRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("replica_id", replica_id);
    v("isolation_level", isolation_level, since(2));
    v("topics", topics);
    v("timeout_ms", timeout_ms, since(10));
  }
};

struct ListOffsetsResponse {
  struct Partition {
    std::int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;
    std::int64_t timestamp = -1;
    std::int64_t offset = -1;
    std::int32_t leader_epoch = -1;

    friend bool operator==(const Partition&, const Partition&) = default;
    template <class V>
    void fields(V& v) {
      v("partition_index", partition_index);
      v("error_code", error_code);
      v("timestamp", timestamp, since(1));
      v("offset", offset, since(1));
      v("leader_epoch", leader_epoch, since(4));
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
  std::vector<Topic> topics;

  friend bool operator==(const ListOffsetsResponse&, const ListOffsetsResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms, since(2));
    v("topics", topics);
  }
};

}  // namespace kontiki::kafka
