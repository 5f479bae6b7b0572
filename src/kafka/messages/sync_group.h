// SyncGroup (API key 14): the leader of a group hands out the assignment, and every member gets its part.
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

struct SyncGroupRequest {
  struct Assignment {
    std::string member_id;
    Slice assignment;  // of the request's frame, not copied; see messages/consumer_protocol.h

    friend bool operator==(const Assignment&, const Assignment&) = default;
    template <class V>
    void fields(V& v) {
      v("member_id", member_id);
      v("assignment", assignment);
    }
  };

  std::string group_id;
  std::int32_t generation_id = 0;
  std::string member_id;
  std::optional<std::string> group_instance_id;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  std::vector<Assignment> assignments;  // empty but from the leader

  friend bool operator==(const SyncGroupRequest&, const SyncGroupRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("group_id", group_id);
    v("generation_id", generation_id);
    v("member_id", member_id);
    v("group_instance_id", group_instance_id, since(3));
    v("protocol_type", protocol_type, since(5));
    v("protocol_name", protocol_name, since(5));
    v("assignments", assignments);
  }
};

struct SyncGroupResponse {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name;
  Slice assignment;

  friend bool operator==(const SyncGroupResponse&, const SyncGroupResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms, since(1));
    v("error_code", error_code);
    v("protocol_type", protocol_type, since(5));
    v("protocol_name", protocol_name, since(5));
    v("assignment", assignment);
  }
};

}  // namespace kontiki::kafka
