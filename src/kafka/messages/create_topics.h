// CreateTopics (API key 19): creates topics.
// Plain values; see field.h for how fields() is read, and the protocol's own documentation for what a field
// means.
#pragma once

#include "base/uuid.h"
#include "kafka/api.h"
#include "kafka/error.h"
#include "kafka/field.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kontiki::kafka {

struct CreateTopicsRequest {
  struct Assignment {
    std::int32_t partition_index = 0;
    std::vector<std::int32_t> broker_ids;

    friend bool operator==(const Assignment&, const Assignment&) = default;
    template <class V>
    void fields(V& v) {
      v("partition_index", partition_index);
      v("broker_ids", broker_ids);
    }
  };

  struct Config {
    std::string name;
    std::optional<std::string> value;

    friend bool operator==(const Config&, const Config&) = default;
    template <class V>
    void fields(V& v) {
      v("name", name);
      v("value", value);
    }
  };

  struct Topic {
    std::string name;
    std::int32_t num_partitions = 0;      // -1: the default, or as many as assignments
    std::int16_t replication_factor = 0;  // -1: the default, or as assignments have it
    std::vector<Assignment> assignments;
    std::vector<Config> configs;

    friend bool operator==(const Topic&, const Topic&) = default;
    template <class V>
    void fields(V& v) {
      v("name", name);
      v("num_partitions", num_partitions);
      v("replication_factor", replication_factor);
      v("assignments", assignments);
      v("configs", configs);
    }
  };

  std::vector<Topic> topics;
  std::int32_t timeout_ms = 60'000;
  bool validate_only = false;

  friend bool operator==(const CreateTopicsRequest&, const CreateTopicsRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("topics", topics);
    v("timeout_ms", timeout_ms);
    v("validate_only", validate_only, since(1));
  }
};

struct CreateTopicsResponse {
  struct Config {
    std::string name;
    std::optional<std::string> value;
    bool read_only = false;
    std::int8_t config_source = -1;
    bool is_sensitive = false;

    friend bool operator==(const Config&, const Config&) = default;
    template <class V>
    void fields(V& v) {
      v("name", name, since(5));
      v("value", value, since(5));
      v("read_only", read_only, since(5));
      v("config_source", config_source, since(5));
      v("is_sensitive", is_sensitive, since(5));
    }
  };

  struct Topic {
    std::string name;
    Uuid topic_id;
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message;
    ErrorCode topic_config_error_code = ErrorCode::kNone;
    std::int32_t num_partitions = -1;
    std::int16_t replication_factor = -1;
    std::optional<std::vector<Config>> configs = std::vector<Config>();

    friend bool operator==(const Topic&, const Topic&) = default;
    template <class V>
    void fields(V& v) {
      v("name", name);
      v("topic_id", topic_id, since(7));
      v("error_code", error_code);
      v("error_message", error_message, since(1));
      v("num_partitions", num_partitions, since(5));
      v("replication_factor", replication_factor, since(5));
      v("configs", configs, since(5));
      v.tagged("topic_config_error_code", topic_config_error_code, 0, since(5));
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Topic> topics;

  friend bool operator==(const CreateTopicsResponse&, const CreateTopicsResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms, since(2));
    v("topics", topics);
  }
};

}  // namespace kontiki::kafka
