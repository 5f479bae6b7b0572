#include "sim/check/watch.h"

#include <fmt/format.h>

namespace kontiki::sim {

void Watch::consumed(int consumer, const PartitionKey& key, const Consumed& answer) {
  judge("consumer view", view.consumed(consumer, key, answer));
  for (const BatchFacts& batch : answer.batches) {
    seen(key, batch, fmt::format("consumer {}", consumer));
    records_consumed_ += static_cast<std::uint64_t>(batch.count);
  }
}

void Watch::seen(const PartitionKey& key, const BatchFacts& facts, const std::string& who) {
  judge("offset ledger", ledger.observe(key, facts, who));
  if (!once.was_sent(facts.records))
    judge("exactly once", fmt::format("{}: {} saw {}, which nobody has sent", key.text(), who, facts.text()));
}

}  // namespace kontiki::sim
