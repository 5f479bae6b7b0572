#include "sim/check/offset_ledger.h"

#include <fmt/format.h>

#include <iterator>

namespace kontiki::sim {

const OffsetLedger::Partition* OffsetLedger::find(const PartitionKey& key) const {
  const auto it = partitions_.find(key);
  return it == partitions_.end() ? nullptr : &it->second;
}

std::string OffsetLedger::observe(const PartitionKey& key, const BatchFacts& facts, const std::string& who) {
  Partition& known = partitions_[key];
  const auto clash = [&](const Known& other) {
    return fmt::format("{}: {} saw {}, but {} saw {}", key.text(), who, facts.text(), other.seen_by,
                       other.facts.text());
  };
  const auto next = known.lower_bound(facts.base);
  if (next != known.end() && next->first == facts.base) {
    if (next->second.facts == facts) return {};
    return clash(next->second);
  }
  if (next != known.end() && facts.end() > next->first) return clash(next->second);
  if (next != known.begin() && std::prev(next)->second.facts.end() > facts.base)
    return clash(std::prev(next)->second);
  known.emplace_hint(next, facts.base, Known{facts, who});
  ++batches_;
  return {};
}

}  // namespace kontiki::sim
