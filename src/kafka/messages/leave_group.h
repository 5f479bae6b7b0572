// LeaveGroup (API key 13): members leave a classic group.
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

struct LeaveGroupRequest {
  struct Member {
    std::string member_id;
    std::optional<std::string> group_instance_id;
    std::optional<std::string> reason;

    friend bool operator==(const Member&, const Member&) = default;
    template <class V>
    void fields(V& v) {
      v("member_id", member_id, since(3));
      v("group_instance_id", group_instance_id, since(3));
      v("reason", reason, since(5));
    }
  };

  std::string group_id;
  std::string member_id;
  std::vector<Member> members;

  friend bool operator==(const LeaveGroupRequest&, const LeaveGroupRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("group_id", group_id);
    v("member_id", member_id, until(2));
    v("members", members, since(3));
  }
};

struct LeaveGroupResponse {
  struct Member {
    std::string member_id;
    std::optional<std::string> group_instance_id;
    ErrorCode error_code = ErrorCode::kNone;

    friend bool operator==(const Member&, const Member&) = default;
    template <class V>
    void fields(V& v) {
      v("member_id", member_id, since(3));
      v("group_instance_id", group_instance_id, since(3));
      v("error_code", error_code, since(3));
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<Member> members;

  friend bool operator==(const LeaveGroupResponse&, const LeaveGroupResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms, since(1));
    v("error_code", error_code);
    v("members", members, since(3));
  }
};

}  // namespace kontiki::kafka
