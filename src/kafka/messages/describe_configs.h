// DescribeConfigs (API key 32): the configuration of topics and brokers.
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

struct DescribeConfigsRequest {
  struct Resource {
    std::int8_t resource_type = 0;  // 2: topic, 4: broker
    std::string resource_name;
    std::optional<std::vector<std::string>> configuration_keys = std::vector<std::string>();  // null: all

    friend bool operator==(const Resource&, const Resource&) = default;
    template <class V>
    void fields(V& v) {
      v("resource_type", resource_type);
      v("resource_name", resource_name);
      v("configuration_keys", configuration_keys);
    }
  };

  std::vector<Resource> resources;
  bool include_synonyms = false;
  bool include_documentation = false;

  friend bool operator==(const DescribeConfigsRequest&, const DescribeConfigsRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("resources", resources);
    v("include_synonyms", include_synonyms, since(1));
    v("include_documentation", include_documentation, since(3));
  }
};

struct DescribeConfigsResponse {
  struct Synonym {
    std::string name;
    std::optional<std::string> value;
    std::int8_t source = 0;

    friend bool operator==(const Synonym&, const Synonym&) = default;
    template <class V>
    void fields(V& v) {
      v("name", name, since(1));
      v("value", value, since(1));
      v("source", source, since(1));
    }
  };

  struct Config {
    std::string name;
    std::optional<std::string> value;
    bool read_only = false;
    std::int8_t config_source = -1;  // 1: topic, 2: dynamic broker, 3: dynamic default, 4: static, 5: default
    bool is_sensitive = false;
    std::vector<Synonym> synonyms;
    std::int8_t config_type = 0;
    std::optional<std::string> documentation;

    friend bool operator==(const Config&, const Config&) = default;
    template <class V>
    void fields(V& v) {
      v("name", name);
      v("value", value);
      v("read_only", read_only);
      v("config_source", config_source, since(1));
      v("is_sensitive", is_sensitive);
      v("synonyms", synonyms, since(1));
      v("config_type", config_type, since(3));
      v("documentation", documentation, since(3));
    }
  };

  struct Result {
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message;
    std::int8_t resource_type = 0;
    std::string resource_name;
    std::vector<Config> configs;

    friend bool operator==(const Result&, const Result&) = default;
    template <class V>
    void fields(V& v) {
      v("error_code", error_code);
      v("error_message", error_message);
      v("resource_type", resource_type);
      v("resource_name", resource_name);
      v("configs", configs);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Result> results;

  friend bool operator==(const DescribeConfigsResponse&, const DescribeConfigsResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms);
    v("results", results);
  }
};

}  // namespace kontiki::kafka
