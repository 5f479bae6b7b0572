// The APIs of the Kafka protocol that this broker knows: the one list from which request dispatch, the
// ApiVersions response, the header versions and docs/kafka-support.md follow. Constant data.
//
// To add an API: one line here, one header in messages/ with its two structs, one .cc beside it. That makes
// it known, not served: ApiVersions lists only what has a handler too (broker/dispatch.cc).
#pragma once

#include <cstdint>
#include <limits>
#include <span>
#include <string>

// One line per API, by key:
//   API(key, name, versions advertised, versions of the codec, first flexible version)
// Advertised are these versions once there is a handler. Advertised and codec ranges differ where a client
// decides its features by an old version lying inside the advertised range although the request itself is
// refused (Produce 0-2: older librdkafka would not compress otherwise), and where the codec is ahead of the
// broker (Fetch by topic id).
#define KONTIKI_KAFKA_APIS(API)                        \
  API(0, Produce, 0, 11, 3, 11, 9)                     \
  API(1, Fetch, 4, 12, 4, 16, 12)                      \
  API(2, ListOffsets, 1, 11, 1, 11, 6)                 \
  API(3, Metadata, 0, 12, 0, 12, 9)                    \
  API(8, OffsetCommit, 2, 9, 2, 9, 8)                  \
  API(9, OffsetFetch, 1, 9, 1, 9, 6)                   \
  API(10, FindCoordinator, 0, 5, 0, 5, 3)              \
  API(11, JoinGroup, 0, 9, 0, 9, 6)                    \
  API(12, Heartbeat, 0, 4, 0, 4, 4)                    \
  API(13, LeaveGroup, 0, 5, 0, 5, 4)                   \
  API(14, SyncGroup, 0, 5, 0, 5, 4)                    \
  API(15, DescribeGroups, 0, 6, 0, 6, 5)               \
  API(16, ListGroups, 0, 5, 0, 5, 3)                   \
  API(18, ApiVersions, 0, 4, 0, 4, 3)                  \
  API(19, CreateTopics, 2, 7, 2, 7, 5)                 \
  API(20, DeleteTopics, 1, 6, 1, 6, 4)                 \
  API(21, DeleteRecords, 0, 2, 0, 2, 2)                \
  API(22, InitProducerId, 0, 5, 0, 5, 2)               \
  API(23, OffsetForLeaderEpoch, 2, 4, 2, 4, 4)         \
  API(29, DescribeAcls, 1, 3, 1, 3, 2)                 \
  API(30, CreateAcls, 1, 3, 1, 3, 2)                   \
  API(31, DeleteAcls, 1, 3, 1, 3, 2)                   \
  API(32, DescribeConfigs, 1, 4, 1, 4, 4)              \
  API(33, AlterConfigs, 0, 2, 0, 2, 2)                 \
  API(35, DescribeLogDirs, 1, 4, 1, 4, 2)              \
  API(37, CreatePartitions, 0, 3, 0, 3, 2)             \
  API(42, DeleteGroups, 0, 2, 0, 2, 2)                 \
  API(43, ElectLeaders, 0, 2, 0, 2, 2)                 \
  API(44, IncrementalAlterConfigs, 0, 1, 0, 1, 1)      \
  API(45, AlterPartitionReassignments, 0, 0, 0, 0, 0)  \
  API(46, ListPartitionReassignments, 0, 0, 0, 0, 0)   \
  API(47, OffsetDelete, 0, 0, 0, 0, kNeverFlexible)    \
  API(48, DescribeClientQuotas, 0, 1, 0, 1, 1)         \
  API(49, AlterClientQuotas, 0, 1, 0, 1, 1)            \
  API(50, DescribeUserScramCredentials, 0, 0, 0, 0, 0) \
  API(55, DescribeQuorum, 0, 2, 0, 2, 0)               \
  API(60, DescribeCluster, 0, 2, 0, 2, 0)              \
  API(61, DescribeProducers, 0, 0, 0, 0, 0)            \
  API(75, DescribeTopicPartitions, 0, 0, 0, 0, 0)

// One line per message that travels as bytes inside others, with a version of its own:
//   MESSAGE(name, versions of the codec); none is flexible
#define KONTIKI_KAFKA_EMBEDDED(MESSAGE)     \
  MESSAGE(ConsumerProtocolAssignment, 0, 3) \
  MESSAGE(ConsumerProtocolSubscription, 0, 3)

namespace kontiki::kafka {

// Any int16 may stand in a request header, so an ApiKey need not be one of these.
enum class ApiKey : std::int16_t {
#define KONTIKI_KAFKA_API(key, name, ...) k##name = key,
  KONTIKI_KAFKA_APIS(KONTIKI_KAFKA_API)
#undef KONTIKI_KAFKA_API
};

constexpr std::int16_t kNeverFlexible = std::numeric_limits<std::int16_t>::max();

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

// The codec of a message struct; for a request or response also its API and its other half.
template <class M>
struct MessageOf;

#define KONTIKI_KAFKA_API(number, name, advertised_min, advertised_max, codec_min, codec_max, flexible) \
  struct name##Request;                                                                                 \
  struct name##Response;                                                                                \
  template <>                                                                                           \
  struct MessageOf<name##Request> {                                                                     \
    static constexpr ApiKey kKey = ApiKey::k##name;                                                     \
    static constexpr VersionRange kCodec{codec_min, codec_max};                                         \
    static constexpr std::int16_t kFlexibleSince = flexible;                                            \
    using Response = name##Response;                                                                    \
  };                                                                                                    \
  template <>                                                                                           \
  struct MessageOf<name##Response> {                                                                    \
    static constexpr ApiKey kKey = ApiKey::k##name;                                                     \
    static constexpr VersionRange kCodec{codec_min, codec_max};                                         \
    static constexpr std::int16_t kFlexibleSince = flexible;                                            \
    using Request = name##Request;                                                                      \
  };
KONTIKI_KAFKA_APIS(KONTIKI_KAFKA_API)
#undef KONTIKI_KAFKA_API

#define KONTIKI_KAFKA_MESSAGE(name, codec_min, codec_max)          \
  struct name;                                                     \
  template <>                                                      \
  struct MessageOf<name> {                                         \
    static constexpr VersionRange kCodec{codec_min, codec_max};    \
    static constexpr std::int16_t kFlexibleSince = kNeverFlexible; \
  };
KONTIKI_KAFKA_EMBEDDED(KONTIKI_KAFKA_MESSAGE)
#undef KONTIKI_KAFKA_MESSAGE

}  // namespace kontiki::kafka
