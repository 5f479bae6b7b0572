// AlterConfigs (API key 33): replaces the whole configuration of topics and brokers.
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

struct AlterConfigsRequest {
  struct Config {
    std::string name;
    std::optional<std::string> value = std::string();

    friend bool operator==(const Config&, const Config&) = default;
    template <class V>
    void fields(V& v) {
      v("name", name);
      v("value", value);
    }
  };

  struct Resource {
    std::int8_t resource_type = 0;  // 2: topic, 4: broker
    std::string resource_name;
    std::vector<Config> configs;

    friend bool operator==(const Resource&, const Resource&) = default;
    template <class V>
    void fields(V& v) {
      v("resource_type", resource_type);
      v("resource_name", resource_name);
      v("configs", configs);
    }
  };

  std::vector<Resource> resources;
  bool validate_only = false;

  friend bool operator==(const AlterConfigsRequest&, const AlterConfigsRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("resources", resources);
    v("validate_only", validate_only);
  }
};

struct AlterConfigsResponse {
  struct Response {
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message;
    std::int8_t resource_type = 0;
    std::string resource_name;

    friend bool operator==(const Response&, const Response&) = default;
    template <class V>
    void fields(V& v) {
      v("error_code", error_code);
      v("error_message", error_message);
      v("resource_type", resource_type);
      v("resource_name", resource_name);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Response> responses;

  friend bool operator==(const AlterConfigsResponse&, const AlterConfigsResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms);
    v("responses", responses);
  }
};

}  // namespace kontiki::kafka
