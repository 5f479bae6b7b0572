// DescribeClientQuotas (API key 48): the quotas of users and clients.
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

struct DescribeClientQuotasRequest {
  struct Component {
    std::string entity_type;
    std::int8_t match_type = 0;  // 0: exactly, 1: the default, 2: any name given
    std::optional<std::string> match = std::string();

    friend bool operator==(const Component&, const Component&) = default;
    template <class V>
    void fields(V& v) {
      v("entity_type", entity_type);
      v("match_type", match_type);
      v("match", match);
    }
  };

  std::vector<Component> components;
  bool strict = false;

  friend bool operator==(const DescribeClientQuotasRequest&, const DescribeClientQuotasRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("components", components);
    v("strict", strict);
  }
};

struct DescribeClientQuotasResponse {
  struct Entity {
    std::string entity_type;
    std::optional<std::string> entity_name = std::string();  // null: the default

    friend bool operator==(const Entity&, const Entity&) = default;
    template <class V>
    void fields(V& v) {
      v("entity_type", entity_type);
      v("entity_name", entity_name);
    }
  };

  struct Value {
    std::string key;
    double value = 0;

    friend bool operator==(const Value&, const Value&) = default;
    template <class V>
    void fields(V& v) {
      v("key", key);
      v("value", value);
    }
  };

  struct Entry {
    std::vector<Entity> entity;
    std::vector<Value> values;

    friend bool operator==(const Entry&, const Entry&) = default;
    template <class V>
    void fields(V& v) {
      v("entity", entity);
      v("values", values);
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message = std::string();          // null: no error
  std::optional<std::vector<Entry>> entries = std::vector<Entry>();  // null: an error

  friend bool operator==(const DescribeClientQuotasResponse&, const DescribeClientQuotasResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms);
    v("error_code", error_code);
    v("error_message", error_message);
    v("entries", entries);
  }
};

}  // namespace kontiki::kafka
