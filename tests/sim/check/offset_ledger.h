// OffsetLedger: what was ever seen at which offset, by anyone: in a broker's committed log, by a consumer, in
// an acknowledgement. An offset holds one and the same content for ever, on every broker: it is never given
// anew, and what was seen does not change. Also the memory from which other checkers draw.
#pragma once

#include "sim/check/batch_facts.h"

#include <map>
#include <string>

namespace kontiki::sim {

class OffsetLedger {
 public:
  struct Known {
    BatchFacts facts;
    std::string seen_by;  // the first
  };
  using Partition = std::map<Offset, Known>;  // by base offset

  // Empty, or what is wrong.
  std::string observe(const PartitionKey& key, const BatchFacts& facts, const std::string& who);

  const std::map<PartitionKey, Partition>& partitions() const { return partitions_; }
  const Partition* find(const PartitionKey& key) const;
  std::uint64_t batches() const { return batches_; }

 private:
  std::map<PartitionKey, Partition> partitions_;
  std::uint64_t batches_ = 0;
};

}  // namespace kontiki::sim
