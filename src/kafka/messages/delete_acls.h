// DeleteAcls (API key 31): deletes the access rules that filters find.
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

struct DeleteAclsRequest {
  struct Filter {
    std::int8_t resource_type_filter = 0;
    std::optional<std::string> resource_name_filter;  // null: any
    std::int8_t pattern_type_filter = 3;              // 1: any, 2: match, 3: literal, 4: prefixed
    std::optional<std::string> principal_filter;      // null: any
    std::optional<std::string> host_filter;           // null: any
    std::int8_t operation = 0;
    std::int8_t permission_type = 0;

    friend bool operator==(const Filter&, const Filter&) = default;
    template <class V>
    void fields(V& v) {
      v("resource_type_filter", resource_type_filter);
      v("resource_name_filter", resource_name_filter);
      v("pattern_type_filter", pattern_type_filter, since(1));
      v("principal_filter", principal_filter);
      v("host_filter", host_filter);
      v("operation", operation);
      v("permission_type", permission_type);
    }
  };

  std::vector<Filter> filters;

  friend bool operator==(const DeleteAclsRequest&, const DeleteAclsRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("filters", filters);
  }
};

struct DeleteAclsResponse {
  struct MatchingAcl {
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message;
    std::int8_t resource_type = 0;
    std::string resource_name;
    std::int8_t pattern_type = 3;
    std::string principal;
    std::string host;
    std::int8_t operation = 0;
    std::int8_t permission_type = 0;

    friend bool operator==(const MatchingAcl&, const MatchingAcl&) = default;
    template <class V>
    void fields(V& v) {
      v("error_code", error_code);
      v("error_message", error_message);
      v("resource_type", resource_type);
      v("resource_name", resource_name);
      v("pattern_type", pattern_type, since(1));
      v("principal", principal);
      v("host", host);
      v("operation", operation);
      v("permission_type", permission_type);
    }
  };

  struct FilterResult {
    ErrorCode error_code = ErrorCode::kNone;
    std::optional<std::string> error_message;
    std::vector<MatchingAcl> matching_acls;

    friend bool operator==(const FilterResult&, const FilterResult&) = default;
    template <class V>
    void fields(V& v) {
      v("error_code", error_code);
      v("error_message", error_message);
      v("matching_acls", matching_acls);
    }
  };

  std::int32_t throttle_time_ms = 0;
  std::vector<FilterResult> filter_results;

  friend bool operator==(const DeleteAclsResponse&, const DeleteAclsResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms);
    v("filter_results", filter_results);
  }
};

}  // namespace kontiki::kafka
