// DeleteGroups (API key 42): deletes groups without members.
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

struct DeleteGroupsRequest {
  std::vector<std::string> groups_names;

  friend bool operator==(const DeleteGroupsRequest&, const DeleteGroupsRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("groups_names", groups_names);
  }
};

struct DeleteGroupsResponse {
  struct Result {
    std::string group_id;
    ErrorCode error_code = ErrorCode::kNone;

    friend bool operator==(const Result&, const Result&) = default;
    template <class V>
    void fields(V& v) {
      v("group_id", group_id);
      v("error_code", error_code);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Result> results;

  friend bool operator==(const DeleteGroupsResponse&, const DeleteGroupsResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms);
    v("results", results);
  }
};

}  // namespace kontiki::kafka
