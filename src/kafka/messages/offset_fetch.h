// OffsetFetch (API key 9): how far a group has read; from version 8, several groups at once.
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

struct OffsetFetchRequest {
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

  struct Group {
    std::string group_id;
    std::optional<std::string> member_id;
    std::int32_t member_epoch = -1;
    std::optional<std::vector<Topic>> topics =
        std::vector<Topic>();  // null: all that the group has committed

    friend bool operator==(const Group&, const Group&) = default;
    template <class V>
    void fields(V& v) {
      v("group_id", group_id, since(8));
      v("member_id", member_id, since(9));
      v("member_epoch", member_epoch, since(9));
      v("topics", topics, since(8));
    }
  };

  std::string group_id;  // this and `topics`: until version 7, the only group
  std::optional<std::vector<Topic>> topics = std::vector<Topic>();  // null: all that the group has committed
  std::vector<Group> groups;
  bool require_stable = false;

  friend bool operator==(const OffsetFetchRequest&, const OffsetFetchRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("group_id", group_id, until(7));
    v("topics", topics, until(7).nullable(2));
    v("groups", groups, since(8));
    v("require_stable", require_stable, since(7));
  }
};

struct OffsetFetchResponse {
  struct Partition {
    std::int32_t partition_index = 0;
    std::int64_t committed_offset = 0;  // -1: none
    std::int32_t committed_leader_epoch = -1;
    std::optional<std::string> metadata = std::string();
    ErrorCode error_code = ErrorCode::kNone;

    friend bool operator==(const Partition&, const Partition&) = default;
    template <class V>
    void fields(V& v) {
      v("partition_index", partition_index);
      v("committed_offset", committed_offset);
      v("committed_leader_epoch", committed_leader_epoch, since(5));
      v("metadata", metadata);
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

  struct Group {
    std::string group_id;
    std::vector<Topic> topics;
    ErrorCode error_code = ErrorCode::kNone;

    friend bool operator==(const Group&, const Group&) = default;
    template <class V>
    void fields(V& v) {
      v("group_id", group_id, since(8));
      v("topics", topics, since(8));
      v("error_code", error_code, since(8));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<Group> groups;

  friend bool operator==(const OffsetFetchResponse&, const OffsetFetchResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms, since(3));
    v("topics", topics, until(7));
    v("error_code", error_code, between(2, 7));
    v("groups", groups, since(8));
  }
};

}  // namespace kontiki::kafka
