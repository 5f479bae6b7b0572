#include "sim/check/deletions.h"

#include <fmt/format.h>

#include <algorithm>

namespace kontiki::sim {

std::string Deletions::answered(const PartitionKey& key, Offset asked, Offset start) {
  ++count_;
  if (start < asked)
    return fmt::format("{}: deleted up to {}, but told that the log begins at {}", key.text(), asked.value,
                       start.value);
  // Only what was deleted lasts: a start may also be the answering replica's own, by its retention.
  Offset& told = told_[key];
  told = std::max(told, asked);
  return {};
}

std::string Deletions::check(const PartitionKey& key, int round, Offset start, Offset deleted_below) {
  const auto [agreed, first] = agreed_.try_emplace({key, round}, deleted_below);
  if (!first && agreed->second != deleted_below)
    return fmt::format("{}: one replica has deleted up to {}, another up to {}", key.text(),
                       agreed->second.value, deleted_below.value);
  const auto told = told_.find(key);
  if (told == told_.end()) return {};
  if (deleted_below < told->second || start < told->second)
    return fmt::format("{}: begins at {} and has deleted up to {}, but {} was said to be deleted", key.text(),
                       start.value, deleted_below.value, told->second.value);
  return {};
}

}  // namespace kontiki::sim
