// The APIs of the Kafka protocol that this broker knows: the one list from which request dispatch, the
// ApiVersions response, the header versions and docs/kafka-support.md follow. Constant data.
//
// To add an API: one line here, one header in messages/ with its two structs, one .cc beside it.
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>

// One line per API, by key:
//   API(key, name, versions advertised, versions of the codec, first flexible version)
// Advertised and codec ranges differ where a client decides its features by an old version lying inside the
// advertised range although the request itself is refused (Produce 0-2: older librdkafka would not compress
// otherwise), and where the codec is ahead of the broker (Fetch by topic id).
#define KONTIKI_KAFKA_APIS(API)                       \
  API(0, Produce, 0, 11, 3, 11, 9)                    \
  API(1, Fetch, 4, 12, 4, 16, 12)                     \
  API(2, ListOffsets, 1, 7, 1, 7, 6)                  \
  API(3, Metadata, 0, 12, 0, 12, 9)                   \
  API(10, FindCoordinator, 0, 5, 0, 5, 3)             \
  API(18, ApiVersions, 0, 4, 0, 4, 3)                 \
  API(19, CreateTopics, 2, 7, 2, 7, 5)                \
  API(20, DeleteTopics, 1, 6, 1, 6, 4)                \
  API(22, InitProducerId, 0, 5, 0, 5, 2)              \
  API(23, OffsetForLeaderEpoch, 2, 4, 2, 4, 4)        \
  API(32, DescribeConfigs, 1, 4, 1, 4, 4)             \
  API(37, CreatePartitions, 0, 3, 0, 3, 2)            \
  API(45, AlterPartitionReassignments, 0, 0, 0, 0, 0) \
  API(46, ListPartitionReassignments, 0, 0, 0, 0, 0)  \
  API(60, DescribeCluster, 0, 2, 0, 2, 0)

namespace kontiki::kafka {

// Any int16 may stand in a request header, so an ApiKey need not be one of these.
enum class ApiKey : std::int16_t {
#define KONTIKI_KAFKA_API(key, name, ...) k##name = key,
  KONTIKI_KAFKA_APIS(KONTIKI_KAFKA_API)
#undef KONTIKI_KAFKA_API
};

struct VersionRange {
  std::int16_t min = 0;
  std::int16_t max = 0;
  constexpr bool has(std::int16_t version) const { return min <= version && version <= max; }
  friend constexpr bool operator==(VersionRange, VersionRange) = default;
};

struct ApiInfo {
  ApiKey key;
  const char* name;
  VersionRange advertised;  // stands in ApiVersions
  VersionRange codec;       // can be encoded and decoded
  std::int16_t flexible_since;

  bool is_flexible(std::int16_t version) const { return version >= flexible_since; }
  // Whether a request of this version may be served; if not, the connection is closed (ApiVersions answers
  // instead).
  bool serves(std::int16_t version) const { return advertised.has(version) && codec.has(version); }
};

std::span<const ApiInfo> apis();      // by key
const ApiInfo* find_api(ApiKey key);  // null if unknown
std::string to_string(ApiKey key);    // the name, or the number where there is none

// The API of a message struct, and its other half.
template <class M>
struct MessageOf;

#define KONTIKI_KAFKA_API(number, name, ...)        \
  struct name##Request;                             \
  struct name##Response;                            \
  template <>                                       \
  struct MessageOf<name##Request> {                 \
    static constexpr ApiKey kKey = ApiKey::k##name; \
    using Response = name##Response;                \
  };                                                \
  template <>                                       \
  struct MessageOf<name##Response> {                \
    static constexpr ApiKey kKey = ApiKey::k##name; \
    using Request = name##Request;                  \
  };
KONTIKI_KAFKA_APIS(KONTIKI_KAFKA_API)
#undef KONTIKI_KAFKA_API

}  // namespace kontiki::kafka
