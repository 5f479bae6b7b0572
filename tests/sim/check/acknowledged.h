// Acknowledged: what a broker said it has taken, with an offset (acks=1 and acks=all alike), is in the log at
// that offset with the same records for ever. Below the log's start it may be gone, if the topic's retention
// allows that; nothing else takes it away.
#pragma once

#include "sim/check/batch_facts.h"
#include "sim/check/offset_ledger.h"

#include <cstdint>
#include <map>
#include <string>

namespace kontiki::sim {

class Acknowledged {
 public:
  struct Ack {
    std::uint64_t records = 0;  // digest, as in BatchFacts
    std::int32_t count = 0;
    std::string producer;
  };
  // Empty, or what is wrong with this alone and what is known already.
  std::string acknowledged(const PartitionKey& key, Offset base, const Ack& ack, const OffsetLedger& ledger);

  // A partition's log at the end: `log` holds every batch of [start, end), without holes.
  std::string check(const PartitionKey& key, Offset start, Offset end,
                    const std::map<Offset, BatchFacts>& log, bool may_forget) const;

  std::uint64_t records() const { return records_; }
  // The end of what was acknowledged of a partition; 0 if nothing was.
  Offset end(const PartitionKey& key) const;

 private:
  std::map<PartitionKey, std::map<Offset, Ack>> acks_;
  std::uint64_t records_ = 0;
};

}  // namespace kontiki::sim
