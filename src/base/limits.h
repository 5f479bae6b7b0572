// Every bound of the broker in one place, with the reason for its size. Configurable ones are the defaults.
#pragma once

#include <cstddef>
#include <cstdint>

namespace kontiki::limits {

inline constexpr std::size_t kRequestBytesMax = 100u << 20;      // Kafka's socket.request.max.bytes
inline constexpr std::size_t kPlainRequestBytesMax = 32u << 20;  // of any request but Produce
inline constexpr std::size_t kMessageBytesMax = 1048588;  // Kafka's max.message.bytes: 1 MiB + batch header
inline constexpr std::size_t kPeerFrameBytesMax = 128u
                                                  << 20;  // a frame of a peer; larger is a protocol error
inline constexpr std::size_t kSegmentBytes = 1u << 30;    // Kafka's segment.bytes
inline constexpr std::size_t kTopicNameBytesMax = 249;    // Kafka's
inline constexpr std::int32_t kPartitionsPerTopicMax = 100'000;
inline constexpr std::size_t kFetchSessionsMax = 1000;  // Kafka's max.incremental.fetch.session.cache.slots
inline constexpr std::size_t kFetchSessionPartitionsMax = 200'000;  // of all sessions of a shard
inline constexpr std::size_t kProducerBatchesRemembered = 5;  // Kafka's: clients keep at most five in flight
inline constexpr std::size_t kProducersPerPartitionMax =
    10'000;  // about 250 bytes each; the longest silent is forgotten
inline constexpr std::size_t kLeaderEpochsMax = 1024;       // leader changes that a partition remembers
inline constexpr std::int32_t kProducerIdBlock = 1000;      // ids that a broker takes from metadata at once
inline constexpr std::size_t kSeedsMax = 9;                 // voters of the metadata group
inline constexpr std::size_t kNodesMax = 1000;              // brokers of a cluster
inline constexpr std::size_t kReplicasMax = 15;             // of one partition
inline constexpr std::size_t kPartitionsMax = 1'000'000;    // of a cluster
inline constexpr std::size_t kTopicConfigsMax = 64;         // settings of one topic
inline constexpr std::size_t kMetadataTextBytesMax = 4096;  // a host, rack, setting's name or value
inline constexpr std::size_t kMetadataTokensRemembered =
    4096;                                                 // metadata commands whose repeats are recognised
inline constexpr std::size_t kGroupsMax = 100'000;        // consumer groups of one coordinator
inline constexpr std::size_t kGroupMembersMax = 1000;     // of one group; each rebalance writes them all
inline constexpr std::size_t kGroupBytesMax = 16u << 20;  // of one group's subscriptions, or its assignment
inline constexpr std::size_t kGroupOffsetsMax = 100'000;  // partitions that one group has committed
inline constexpr std::size_t kGroupOffsetMetadataBytesMax = 4096;  // Kafka's offset.metadata.max.bytes
inline constexpr std::size_t kGroupExpiriesAtOnce = 1000;          // groups whose offsets expire in one round
inline constexpr std::size_t kGroupCommandsMax = 10'000;           // of a coordinator, not applied yet
inline constexpr std::size_t kConnectionInflightMax = 64;  // requests of one connection being served at once

}  // namespace kontiki::limits
