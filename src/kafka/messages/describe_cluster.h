// DescribeCluster (API key 60): the cluster id, the brokers and the controller.
// Plain values; see field.h for how fields() is read, and the protocol's own documentation for what a field
// means.
#pragma once

#include "kafka/api.h"
#include "kafka/error.h"
#include "kafka/field.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <vector>

namespace kontiki::kafka {

struct DescribeClusterRequest {
  bool include_cluster_authorized_operations = false;
  std::int8_t endpoint_type = 1;  // 1: brokers, 2: controllers
  bool include_fenced_brokers = false;

  friend bool operator==(const DescribeClusterRequest&, const DescribeClusterRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("include_cluster_authorized_operations", include_cluster_authorized_operations);
    v("endpoint_type", endpoint_type, since(1));
    v("include_fenced_brokers", include_fenced_brokers, since(2));
  }
};

struct DescribeClusterResponse {
  struct Broker {
    std::int32_t broker_id = 0;
    std::string host;
    std::int32_t port = 0;
    std::optional<std::string> rack;
    bool is_fenced = false;

    friend bool operator==(const Broker&, const Broker&) = default;
    template <class V>
    void fields(V& v) {
      v("broker_id", broker_id);
      v("host", host);
      v("port", port);
      v("rack", rack);
      v("is_fenced", is_fenced, since(2));
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message;
  std::int8_t endpoint_type = 1;
  std::string cluster_id;
  std::int32_t controller_id = -1;
  std::vector<Broker> brokers;
  std::int32_t cluster_authorized_operations =
      std::numeric_limits<std::int32_t>::min();  // the minimum: not asked for

  friend bool operator==(const DescribeClusterResponse&, const DescribeClusterResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms);
    v("error_code", error_code);
    v("error_message", error_message);
    v("endpoint_type", endpoint_type, since(1));
    v("cluster_id", cluster_id);
    v("controller_id", controller_id);
    v("brokers", brokers);
    v("cluster_authorized_operations", cluster_authorized_operations);
  }
};

}  // namespace kontiki::kafka
