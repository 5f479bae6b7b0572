// The strong ids of the vocabulary. Raft's terms and indexes are 64-bit; Kafka's widths are those of the
// protocol.
#pragma once

#include "base/strong_id.h"
#include "base/uuid.h"

#include <cstdint>
#include <limits>
#include <string>
#include <utility>

namespace kontiki {

// A broker (Kafka's node id, >= 0). Ids below -1 name the seed slots that vote in the metadata group:
// see metadata/seeds.h. kNoNode means none.
using NodeId = StrongId<struct NodeIdTag, std::int32_t>;
// A raft group. 0 is the cluster metadata; ids are given by it, rising, never reused.
using GroupId = StrongId<struct GroupIdTag, std::uint64_t>;
using Term = StrongId<struct TermTag, std::uint64_t>;
// Position in a raft log, from 1. 0 = before the first entry.
using Index = StrongId<struct IndexTag, std::uint64_t>;
// Position of a record in a partition, from 0, without holes of our making.
using Offset = StrongId<struct OffsetTag, std::int64_t>;
using ProducerId = StrongId<struct ProducerIdTag, std::int64_t>;
using TopicId = Uuid;

inline constexpr NodeId kNoNode{-1};
inline constexpr GroupId kMetadataGroup{0};
inline constexpr ProducerId kNoProducer{-1};
inline constexpr Offset kNoOffset{-1};

struct TopicPartition {
  std::string topic;
  std::int32_t partition = 0;
  friend auto operator<=>(const TopicPartition&, const TopicPartition&) = default;
};

// Kafka's leader epoch is the raft term, saturated to the protocol's 32 bits.
inline std::int32_t leader_epoch_of(Term term) {
  constexpr auto kMax = static_cast<std::uint64_t>(std::numeric_limits<std::int32_t>::max());
  return static_cast<std::int32_t>(term.value < kMax ? term.value : kMax);
}

}  // namespace kontiki
