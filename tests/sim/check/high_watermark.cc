#include "sim/check/high_watermark.h"

#include <fmt/format.h>

namespace kontiki::sim {

std::string HighWatermark::observe(const Sample& sample) {
  const auto text = [&](std::string_view what, Offset was) {
    return fmt::format("group {} on node {} in term {}: {} is {}, was {}", sample.group.value, sample.node,
                       sample.term.value, what, sample.high_watermark.value, was.value);
  };
  if (sample.high_watermark < sample.log_start)
    return text("the high watermark lies below the log's start: it", sample.log_start);
  const auto [last, first] = last_.try_emplace({sample.group, sample.node, sample.life}, sample);
  if (!first) {
    if (sample.high_watermark < last->second.high_watermark)
      return text("the high watermark fell: it", last->second.high_watermark);
    if (sample.term < last->second.term) return text("the term fell; the high watermark", Offset(0));
    last->second = sample;
  }
  if (!sample.serves) return {};
  Shown& shown = shown_[sample.group];
  if (sample.term < shown.term) return {};  // deposed, and has not heard of it
  if (sample.high_watermark < shown.high_watermark)
    return text("a leader shows less than was shown before: its high watermark", shown.high_watermark);
  shown = {sample.term, sample.high_watermark};
  return {};
}

}  // namespace kontiki::sim
