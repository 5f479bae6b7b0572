// DescribeAcls (API key 29): the access rules that a filter finds.
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

struct DescribeAclsRequest {
  std::int8_t resource_type_filter = 0;
  std::optional<std::string> resource_name_filter = std::string();  // null: any
  std::int8_t pattern_type_filter = 3;                          // 1: any, 2: match, 3: literal, 4: prefixed
  std::optional<std::string> principal_filter = std::string();  // null: any
  std::optional<std::string> host_filter = std::string();       // null: any
  std::int8_t operation = 0;
  std::int8_t permission_type = 0;

  friend bool operator==(const DescribeAclsRequest&, const DescribeAclsRequest&) = default;
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

struct DescribeAclsResponse {
  struct Acl {
    std::string principal;
    std::string host;
    std::int8_t operation = 0;
    std::int8_t permission_type = 0;

    friend bool operator==(const Acl&, const Acl&) = default;
    template <class V>
    void fields(V& v) {
      v("principal", principal);
      v("host", host);
      v("operation", operation);
      v("permission_type", permission_type);
    }
  };

  struct Resource {
    std::int8_t resource_type = 0;
    std::string resource_name;
    std::int8_t pattern_type = 3;
    std::vector<Acl> acls;

    friend bool operator==(const Resource&, const Resource&) = default;
    template <class V>
    void fields(V& v) {
      v("resource_type", resource_type);
      v("resource_name", resource_name);
      v("pattern_type", pattern_type, since(1));
      v("acls", acls);
    }
  };

  std::int32_t throttle_time_ms = 0;
  ErrorCode error_code = ErrorCode::kNone;
  std::optional<std::string> error_message = std::string();  // null: no error
  std::vector<Resource> resources;

  friend bool operator==(const DescribeAclsResponse&, const DescribeAclsResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("throttle_time_ms", throttle_time_ms);
    v("error_code", error_code);
    v("error_message", error_message);
    v("resources", resources);
  }
};

}  // namespace kontiki::kafka
