#include "sim/check/acknowledged.h"

#include <fmt/format.h>

namespace kontiki::sim {

std::string Acknowledged::acknowledged(const PartitionKey& key, Offset base, const Ack& ack,
                                       const OffsetLedger& ledger) {
  if (base < Offset(0))
    return fmt::format("{}: {} was told the offset {}", key.text(), ack.producer, base.value);
  const auto [it, first] = acks_[key].try_emplace(base, ack);
  if (!first && (it->second.records != ack.records || it->second.count != ack.count))
    return fmt::format("{}: offset {} was acknowledged to {} and to {}, for different records", key.text(),
                       base.value, it->second.producer, ack.producer);
  if (first) records_ += static_cast<std::uint64_t>(ack.count);
  const OffsetLedger::Partition* seen = ledger.find(key);
  if (seen == nullptr) return {};
  const auto known = seen->find(base);
  if (known == seen->end() || known->second.facts.records == ack.records) return {};
  return fmt::format("{}: {} was told that its batch has offset {}, but {} saw {} there", key.text(),
                     ack.producer, base.value, known->second.seen_by, known->second.facts.text());
}

Offset Acknowledged::end(const PartitionKey& key) const {
  const auto acks = acks_.find(key);
  if (acks == acks_.end() || acks->second.empty()) return Offset(0);
  const auto& [base, ack] = *acks->second.rbegin();
  return base + ack.count;
}

std::string Acknowledged::check(const PartitionKey& key, Offset start, Offset end,
                                const std::map<Offset, BatchFacts>& log, bool may_forget) const {
  if (start > Offset(0) && !may_forget)
    return fmt::format("{}: the log begins at {}, though nothing lets it forget", key.text(), start.value);
  const auto acks = acks_.find(key);
  if (acks == acks_.end()) return {};
  for (const auto& [base, ack] : acks->second) {
    if (base + ack.count <= start) continue;
    if (base + ack.count > end)
      return fmt::format("{}: offset {} was acknowledged to {}, but the log ends at {}", key.text(),
                         base.value, ack.producer, end.value);
    const auto batch = log.find(base);
    if (batch == log.end())
      return fmt::format("{}: offset {} was acknowledged to {}, but no batch begins there", key.text(),
                         base.value, ack.producer);
    if (batch->second.records != ack.records || batch->second.count != ack.count)
      return fmt::format("{}: offset {} was acknowledged to {}, but there are other records: {}", key.text(),
                         base.value, ack.producer, batch->second.text());
  }
  return {};
}

}  // namespace kontiki::sim
