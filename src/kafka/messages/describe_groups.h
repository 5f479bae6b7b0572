// DescribeGroups (API key 15): the state and members of groups.
// Plain values; see field.h for how fields() is read, and the protocol's own documentation for what a field
// means.
#pragma once

#include "base/slice.h"
#include "kafka/api.h"
#include "kafka/error.h"
#include "kafka/field.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace kontiki::kafka {

struct DescribeGroupsRequest {
  std::vector<std::string> groups;
  bool include_authorized_operations = false;

  friend bool operator==(const DescribeGroupsRequest&, const DescribeGroupsRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("groups", groups);
    v("include_authorized_operations", include_authorized_operations, since(3));
  }
};

struct DescribeGroupsResponse {
  struct Member {
    std::string member_id;
    std::optional<std::string> group_instance_id;
    std::string client_id;
    std::string client_host;
    Slice member_metadata;
    Slice member_assignment;

    friend bool operator==(const Member&, const Member&) = default;
    template <class V>
    void fields(V& v) {
      v("member_id", member_id);
      v("group_instance_id", group_instance_id, since(4));
      v("client_id", client_id);
      v("client_host", client_host);
      v("member_metadata", member_metadata);
      v("member_assignment", member_assignment);
    }
  };

  struct Group {
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message;
    std::string group_id;
    std::string group_state;
    std::string protocol_type;
    std::string protocol_data;  // the name of the chosen protocol
    std::vector<Member> members;
    std::int32_t authorized_operations =
        std::numeric_limits<std::int32_t>::min();  // the minimum: not asked for

    friend bool operator==(const Group&, const Group&) = default;
    template <class V>
    void fields(V& v) {
      v("error_code", error_code);
      v("error_message", error_message, since(6));
      v("group_id", group_id);
      v("group_state", group_state);
      v("protocol_type", protocol_type);
      v("protocol_data", protocol_data);
      v("members", members);
      v("authorized_operations", authorized_operations, since(3));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Group> groups;

  friend bool operator==(const DescribeGroupsResponse&, const DescribeGroupsResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms, since(1));
    v("groups", groups);
  }
};

}  // namespace kontiki::kafka
