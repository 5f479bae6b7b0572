// ExactlyOnce: the records of an idempotent producer stand in a partition once, in the order of their
// sequence numbers and without a hole; and nothing stands there that no client has sent.
#pragma once

#include "sim/check/batch_facts.h"
#include "sim/check/offset_ledger.h"

#include <cstdint>
#include <map>
#include <string>
#include <unordered_set>

namespace kontiki::sim {

class ExactlyOnce {
 public:
  // Before a batch leaves its producer for the first time.
  void sent(std::uint64_t records_digest) { sent_.insert(records_digest); }
  bool was_sent(std::uint64_t records_digest) const { return sent_.contains(records_digest); }

  // All that was ever seen of a partition. `whole`: nothing below its first batch is missing.
  std::string check(const PartitionKey& key, const OffsetLedger::Partition& seen, bool whole) const;

 private:
  std::unordered_set<std::uint64_t> sent_;
};

}  // namespace kontiki::sim
