// FindCoordinator (API key 10): which broker coordinates a group or a transactional id.
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

struct FindCoordinatorRequest {
  std::string key;
  std::int8_t key_type = 0;  // 0: group, 1: transaction, 2: share
  std::vector<std::string> coordinator_keys;

  friend bool operator==(const FindCoordinatorRequest&, const FindCoordinatorRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("key", key, until(3));
    v("key_type", key_type, since(1));
    v("coordinator_keys", coordinator_keys, since(4));
  }
};

struct FindCoordinatorResponse {
  struct Coordinator {
    std::string key;
    std::int32_t node_id = 0;
    std::string host;
    std::int32_t port = 0;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message;

    friend bool operator==(const Coordinator&, const Coordinator&) = default;
    template <class V>
    void fields(V& v) {
      v("key", key, since(4));
      v("node_id", node_id, since(4));
      v("host", host, since(4));
      v("port", port, since(4));
      v("error_code", error_code, since(4));
      v("error_message", error_message, since(4));
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message;
  std::int32_t node_id = 0;
  std::string host;
  std::int32_t port = 0;
  std::vector<Coordinator> coordinators;

  friend bool operator==(const FindCoordinatorResponse&, const FindCoordinatorResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms, since(1));
    v("error_code", error_code, until(3));
    v("error_message", error_message, between(1, 3));
    v("node_id", node_id, until(3));
    v("host", host, until(3));
    v("port", port, until(3));
    v("coordinators", coordinators, since(4));
  }
};

}  // namespace kontiki::kafka
