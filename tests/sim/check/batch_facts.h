// What the checkers keep of a record batch: its place, its producer's stamp and digests of its bytes. And the
// key under which they keep it. Values.
#pragma once

#include "base/slice.h"
#include "base/uuid.h"
#include "model/ids.h"

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kontiki::sim {

// A partition of one life of a topic: a topic made anew under an old name is another one.
struct PartitionKey {
  Uuid topic;
  std::int32_t partition = 0;
  friend auto operator<=>(const PartitionKey&, const PartitionKey&) = default;
  std::string text() const { return topic.text() + "-" + std::to_string(partition); }
};

struct BatchFacts {
  Offset base{0};
  std::int32_t count = 0;
  std::uint64_t bytes = 0;    // digest of the whole batch, as stamped by the leader
  std::uint64_t records = 0;  // digest of what the producer wrote and no broker may change
  ProducerId producer = kNoProducer;
  std::int16_t epoch = -1;
  std::int32_t sequence = -1;

  Offset end() const { return base + count; }
  std::string text() const;
  friend bool operator==(const BatchFacts&, const BatchFacts&) = default;
};

// None if the bytes are not exactly one valid batch (CRC included).
std::optional<BatchFacts> facts_of(Bytes batch);
// Of concatenated batches, as a fetch returns them; none if any of them is not valid.
std::optional<std::vector<BatchFacts>> all_facts_of(Bytes batches);

}  // namespace kontiki::sim
