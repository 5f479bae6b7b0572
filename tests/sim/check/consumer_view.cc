#include "sim/check/consumer_view.h"

#include <fmt/format.h>

namespace kontiki::sim {

std::string ConsumerView::consumed(int consumer, const PartitionKey& key, const Consumed& answer) {
  const auto broken = [&](std::string_view what) {
    return fmt::format("{}: consumer {} asked for offset {}: {}", key.text(), consumer, answer.asked.value,
                       what);
  };
  Offset at = answer.asked;
  for (const BatchFacts& batch : answer.batches) {
    const bool first = &batch == &answer.batches.front();
    const bool joins = first ? batch.base <= at && at < batch.end() : batch.base == at;
    if (!joins) return broken(fmt::format("got {} where {} was due", batch.text(), at.value));
    if (batch.end() > answer.high_watermark)
      return broken(
          fmt::format("got {}, beyond the high watermark {}", batch.text(), answer.high_watermark.value));
    at = batch.end();
  }
  if (answer.epoch < 0) return {};
  Seen& seen = seen_[{consumer, key}];
  if (answer.epoch < seen.epoch) return {};  // it knows better; told by a broker that does not
  if (answer.epoch == seen.epoch && answer.high_watermark < seen.high_watermark)
    return broken(fmt::format("the high watermark fell from {} to {} in epoch {}", seen.high_watermark.value,
                              answer.high_watermark.value, answer.epoch));
  seen = {answer.epoch, answer.high_watermark};
  return {};
}

}  // namespace kontiki::sim
