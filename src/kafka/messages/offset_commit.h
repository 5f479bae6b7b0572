// OffsetCommit (API key 8): stores how far a group has read.
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

struct OffsetCommitRequest {
  struct Partition {
    std::int32_t partition_index = 0;
    std::int64_t committed_offset = 0;
    std::int32_t committed_leader_epoch = -1;
    std::optional<std::string> committed_metadata = std::string();

    friend bool operator==(const Partition&, const Partition&) = default;
    template <class V>
    void fields(V& v) {
      v("partition_index", partition_index);
      v("committed_offset", committed_offset);
      v("committed_leader_epoch", committed_leader_epoch, since(6));
      v("committed_metadata", committed_metadata);
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

  std::string group_id;
  std::int32_t generation_id_or_member_epoch = -1;  // -1: not a member
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::int64_t retention_time_ms = -1;  // -1: as the broker has it
  std::vector<Topic> topics;

  friend bool operator==(const OffsetCommitRequest&, const OffsetCommitRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("group_id", group_id);
    v("generation_id_or_member_epoch", generation_id_or_member_epoch, since(1));
    v("member_id", member_id, since(1));
    v("group_instance_id", group_instance_id, since(7));
    v("retention_time_ms", retention_time_ms, between(2, 4));
    v("topics", topics);
  }
};

struct OffsetCommitResponse {
  struct Partition {
    std::int32_t partition_index = 0;
    ErrorCode error_code = ErrorCode::kNone;

    friend bool operator==(const Partition&, const Partition&) = default;
    template <class V>
    void fields(V& v) {
      v("partition_index", partition_index);
      v("error_code", error_code);
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

  friend bool operator==(const OffsetCommitResponse&, const OffsetCommitResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms, since(3));
    v("topics", topics);
  }
};

}  // namespace kontiki::kafka
