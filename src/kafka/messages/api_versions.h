// ApiVersions (API key 18): which APIs the broker serves, in which versions.
// Plain values; see field.h for how fields() is read, and the protocol's own documentation for what a field
// means.
#pragma once

#include "base/slice.h"
#include "kafka/api.h"
#include "kafka/error.h"
#include "kafka/field.h"

#include <cstdint>
#include <string>
#include <vector>

namespace kontiki::kafka {

struct ApiVersionsRequest {
  std::string client_software_name;
  std::string client_software_version;

  friend bool operator==(const ApiVersionsRequest&, const ApiVersionsRequest&) = default;
  template <class V>
  void fields(V& v) {
    v("client_software_name", client_software_name, since(3));
    v("client_software_version", client_software_version, since(3));
  }
};

struct ApiVersionsResponse {
  struct ApiVersion {
    std::int16_t api_key = 0;
    std::int16_t min_version = 0;
    std::int16_t max_version = 0;

    friend bool operator==(const ApiVersion&, const ApiVersion&) = default;
    template <class V>
    void fields(V& v) {
      v("api_key", api_key);
      v("min_version", min_version);
      v("max_version", max_version);
    }
  };

  struct SupportedFeatureKey {
    std::string name;
    std::int16_t min_version = 0;
    std::int16_t max_version = 0;

    friend bool operator==(const SupportedFeatureKey&, const SupportedFeatureKey&) = default;
    template <class V>
    void fields(V& v) {
      v("name", name, since(3));
      v("min_version", min_version, since(3));
      v("max_version", max_version, since(3));
    }
  };

  struct FinalizedFeatureKey {
    std::string name;
    std::int16_t max_version_level = 0;
    std::int16_t min_version_level = 0;

    friend bool operator==(const FinalizedFeatureKey&, const FinalizedFeatureKey&) = default;
    template <class V>
    void fields(V& v) {
      v("name", name, since(3));
      v("max_version_level", max_version_level, since(3));
      v("min_version_level", min_version_level, since(3));
    }
  };

  ErrorCode error_code = ErrorCode::kNone;
  std::vector<ApiVersion> api_keys;
  std::int32_t throttle_time_ms = 0;
  std::vector<SupportedFeatureKey>
      supported_features;  // before version 4, none with min_version 0 may stand here
  std::int64_t finalized_features_epoch = -1;
  std::vector<FinalizedFeatureKey> finalized_features;
  bool zk_migration_ready = false;

  friend bool operator==(const ApiVersionsResponse&, const ApiVersionsResponse&) = default;
  template <class V>
  void fields(V& v) {
    v("error_code", error_code);
    v("api_keys", api_keys);
    v("throttle_time_ms", throttle_time_ms, since(1));
    v.tagged("supported_features", supported_features, 0, since(3));
    v.tagged("finalized_features_epoch", finalized_features_epoch, 1, since(3), std::int64_t{-1});
    v.tagged("finalized_features", finalized_features, 2, since(3));
    v.tagged("zk_migration_ready", zk_migration_ready, 3, since(3));
  }
};

// The frame that answers an ApiVersions request of a version that is not served: whatever was asked, it has
// the form of version 0, error UNSUPPORTED_VERSION and the one entry of ApiVersions itself, from which the
// client picks its retry.
std::vector<Slice> encode_unsupported_api_versions(std::int32_t correlation_id);

}  // namespace kontiki::kafka
