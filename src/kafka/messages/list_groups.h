// ListGroups (API key 16): the groups that a broker coordinates.
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

struct ListGroupsRequest {
  std::vector<std::string> states_filter;  // empty: all
  std::vector<std::string> types_filter;   // empty: all

  friend bool operator==(const ListGroupsRequest&, const ListGroupsRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("states_filter", states_filter, since(4));
    v("types_filter", types_filter, since(5));
  }
};

struct ListGroupsResponse {
  struct Group {
    std::string group_id;
    std::string protocol_type;
    std::string group_state;
    std::string group_type;

    friend bool operator==(const Group&, const Group&) = default;
    template <class V>
    void fields(V& v) {
      v("group_id", group_id);
      v("protocol_type", protocol_type);
      v("group_state", group_state, since(4));
      v("group_type", group_type, since(5));
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::vector<Group> groups;

  friend bool operator==(const ListGroupsResponse&, const ListGroupsResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms, since(1));
    v("error_code", error_code);
    v("groups", groups);
  }
};

}  // namespace kontiki::kafka
