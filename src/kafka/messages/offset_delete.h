// OffsetDelete (API key 47): forgets how far a group has read in topics that it does not subscribe to.
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

struct OffsetDeleteRequest {
  struct Partition {
    std::int32_t partition_index = 0;

    friend bool operator==(const Partition&, const Partition&) = default;
    template <class V>
    void fields(V& v) {
      v("partition_index", partition_index);
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
  std::vector<Topic> topics;

  friend bool operator==(const OffsetDeleteRequest&, const OffsetDeleteRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("group_id", group_id);
    v("topics", topics);
  }
};

struct OffsetDeleteResponse {
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

  ErrorCode error_code = ErrorCode::kNone;
  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  friend bool operator==(const OffsetDeleteResponse&, const OffsetDeleteResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("error_code", error_code);
    v("throttle_time_ms", throttle_time_ms);
    v("topics", topics);
  }
};

}  // namespace kontiki::kafka
