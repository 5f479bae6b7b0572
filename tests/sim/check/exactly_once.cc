#include "sim/check/exactly_once.h"

#include <fmt/format.h>

#include <limits>
#include <utility>

namespace kontiki::sim {

std::string ExactlyOnce::check(const PartitionKey& key, const OffsetLedger::Partition& seen,
                               bool whole) const {
  std::map<std::pair<ProducerId, std::int16_t>, std::int32_t> next;  // sequence
  Offset end{0};
  bool hole = !whole;
  for (const auto& [base, known] : seen) {
    const BatchFacts& facts = known.facts;
    if (!was_sent(facts.records))
      return fmt::format("{}: {} saw {}, which nobody has sent", key.text(), known.seen_by, facts.text());
    hole = hole || base != end;  // batches that nobody has seen before retention took them
    end = facts.end();
    if (facts.producer == kNoProducer) continue;
    const auto [it, first] = next.try_emplace({facts.producer, facts.epoch}, 0);
    const bool follows = facts.sequence == it->second;
    if (!follows && !(hole && facts.sequence > it->second))
      return fmt::format("{}: {} where sequence {} was due", key.text(), facts.text(), it->second);
    it->second = facts.sequence + facts.count;
  }
  return {};
}

}  // namespace kontiki::sim
