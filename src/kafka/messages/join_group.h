// JoinGroup (API key 11): a member enters a classic group, or comes back for its next generation.
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

struct JoinGroupRequest {
  struct Protocol {
    std::string name;
    Slice metadata;  // of the request's frame, not copied; see messages/consumer_protocol.h

    friend bool operator==(const Protocol&, const Protocol&) = default;
    template <class V>
    void fields(V& v) {
      v("name", name);
      v("metadata", metadata);
    }
  };

  std::string group_id;
  std::int32_t session_timeout_ms = 0;
  std::int32_t rebalance_timeout_ms = -1;        // -1 (version 0): as the session's
  std::string member_id;                         // empty: not known yet
  std::optional<std::string> group_instance_id;  // null: a dynamic member
  std::string protocol_type;
  std::vector<Protocol> protocols;  // the most preferred first
  std::optional<std::string> reason;

  friend bool operator==(const JoinGroupRequest&, const JoinGroupRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("group_id", group_id);
    v("session_timeout_ms", session_timeout_ms);
    v("rebalance_timeout_ms", rebalance_timeout_ms, since(1));
    v("member_id", member_id);
    v("group_instance_id", group_instance_id, since(5));
    v("protocol_type", protocol_type);
    v("protocols", protocols);
    v("reason", reason, since(8));
  }
};

struct JoinGroupResponse {
  struct Member {
    std::string member_id;
    std::optional<std::string> group_instance_id;
    Slice metadata;

    friend bool operator==(const Member&, const Member&) = default;
    template <class V>
    void fields(V& v) {
      v("member_id", member_id);
      v("group_instance_id", group_instance_id, since(5));
      v("metadata", metadata);
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::int32_t generation_id = -1;
  std::optional<std::string> protocol_type;
  std::optional<std::string> protocol_name = std::string();
  std::string leader;  // its member id
  bool skip_assignment = false;
  std::string member_id;
  std::vector<Member> members;  // empty but for the leader

  friend bool operator==(const JoinGroupResponse&, const JoinGroupResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms, since(2));
    v("error_code", error_code);
    v("generation_id", generation_id);
    v("protocol_type", protocol_type, since(7));
    v("protocol_name", protocol_name, Field{}.nullable(7));
    v("leader", leader);
    v("skip_assignment", skip_assignment, since(9));
    v("member_id", member_id);
    v("members", members);
  }
};

}  // namespace kontiki::kafka
