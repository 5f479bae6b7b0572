// Heartbeat (API key 12): a member of a classic group is alive, and hears of a rebalance.
// Plain values; see field.h for how fields() is read, and the protocol's own documentation for what a field
// means.
#pragma once

#include "kafka/api.h"
#include "kafka/error.h"
#include "kafka/field.h"

#include <cstdint>
#include <optional>
#include <string>

namespace kontiki::kafka {

struct HeartbeatRequest {
  std::string group_id;
  std::int32_t generation_id = 0;
  std::string member_id;
  std::optional<std::string> group_instance_id;

  friend bool operator==(const HeartbeatRequest&, const HeartbeatRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("group_id", group_id);
    v("generation_id", generation_id);
    v("member_id", member_id);
    v("group_instance_id", group_instance_id, since(3));
  }
};

struct HeartbeatResponse {
  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;

  friend bool operator==(const HeartbeatResponse&, const HeartbeatResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms, since(1));
    v("error_code", error_code);
  }
};

}  // namespace kontiki::kafka
