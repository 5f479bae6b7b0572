// AlterClientQuotas (API key 49): sets and removes quotas of users and clients.
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

struct AlterClientQuotasRequest {
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

  struct Operation {
    std::string key;
    double value = 0;
    bool remove = false;

    friend bool operator==(const Operation&, const Operation&) = default;
    template <class V>
    void fields(V& v) {
      v("key", key);
      v("value", value);
      v("remove", remove);
    }
  };

  struct Entry {
    std::vector<Entity> entity;
    std::vector<Operation> ops;

    friend bool operator==(const Entry&, const Entry&) = default;
    template <class V>
    void fields(V& v) {
      v("entity", entity);
      v("ops", ops);
    }
  };

  std::vector<Entry> entries;
  bool validate_only = false;

  friend bool operator==(const AlterClientQuotasRequest&, const AlterClientQuotasRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("entries", entries);
    v("validate_only", validate_only);
  }
};

struct AlterClientQuotasResponse {
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

  struct Entry {
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message;
    std::vector<Entity> entity;

    friend bool operator==(const Entry&, const Entry&) = default;
    template <class V>
    void fields(V& v) {
      v("error_code", error_code);
      v("error_message", error_message);
      v("entity", entity);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<Entry> entries;

  friend bool operator==(const AlterClientQuotasResponse&, const AlterClientQuotasResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms);
    v("entries", entries);
  }
};

}  // namespace kontiki::kafka
