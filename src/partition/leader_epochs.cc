#include "partition/leader_epochs.h"

#include "base/check.h"
#include "base/limits.h"

#include <algorithm>

namespace kontiki::partition {

void LeaderEpochs::begin(Term term, Offset start) {
  CHECK(starts_.empty() || (starts_.back().term < term && starts_.back().offset <= start),
        "terms and offsets rise");
  if (!starts_.empty() && starts_.back().offset == start) starts_.pop_back();
  starts_.push_back({term, start});
  if (starts_.size() > limits::kLeaderEpochsMax) starts_.erase(starts_.begin());
}

void LeaderEpochs::cut(Offset log_start) {
  // A term ends where the next one starts.
  std::size_t gone = 0;
  while (gone + 1 < starts_.size() && starts_[gone + 1].offset <= log_start) ++gone;
  starts_.erase(starts_.begin(), starts_.begin() + static_cast<std::ptrdiff_t>(gone));
}

EpochEnd LeaderEpochs::end_of(std::int32_t asked, Offset log_end) const {
  if (asked < 0 || asked > newest()) return {};
  if (asked == newest()) return {asked, log_end};
  const auto above = std::find_if(starts_.begin(), starts_.end(),
                                  [&](const Start& start) { return leader_epoch_of(start.term) > asked; });
  if (above == starts_.begin()) return {asked, above->offset};
  return {leader_epoch_of(std::prev(above)->term), above->offset};
}

std::int32_t LeaderEpochs::at(Offset offset) const {
  const auto after =
      std::upper_bound(starts_.begin(), starts_.end(), offset,
                       [](Offset wanted, const Start& start) { return wanted < start.offset; });
  return after == starts_.begin() ? -1 : leader_epoch_of(std::prev(after)->term);
}

void LeaderEpochs::write(ByteWriter& out) const {
  out.fixed(static_cast<std::uint32_t>(starts_.size()));
  for (const Start& start : starts_) {
    out.fixed(start.term.value);
    out.fixed(start.offset.value);
  }
}

bool LeaderEpochs::read(ByteReader& in) {
  starts_.clear();
  const std::size_t count = in.count(16);
  if (count > limits::kLeaderEpochsMax) return false;
  starts_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) {
    const Term term(in.fixed<std::uint64_t>());
    const Offset offset(in.fixed<std::int64_t>());
    if (offset < Offset(0)) return false;
    if (!starts_.empty() && (term <= starts_.back().term || offset <= starts_.back().offset)) return false;
    starts_.push_back({term, offset});
  }
  return in.ok();
}

}  // namespace kontiki::partition
