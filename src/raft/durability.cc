#include "raft/durability.h"

#include <algorithm>

namespace kontiki::raft {

bool Durability::hard_state_pending() const {
  return std::any_of(writes_.begin(), writes_.end(), [](const Write& w) { return w.hard_state; });
}

void Durability::wrote(std::uint64_t number, bool hard_state, Index last) {
  writes_.push_back({.number = number, .hard_state = hard_state, .done = false, .last = last});
}

void Durability::truncated_after(Index index) {
  persisted_ = std::min(persisted_, index);
  for (Write& write : writes_) write.last = std::min(write.last, index);
}

void Durability::covers(Index index) {
  persisted_ = std::max(persisted_, index);
}

bool Durability::done(std::uint64_t number) {
  const auto write = std::lower_bound(writes_.begin(), writes_.end(), number,
                                      [](const Write& w, std::uint64_t n) { return w.number < n; });
  if (write == writes_.end() || write->number != number || write->done) return false;
  write->done = true;
  const auto first_open =
      std::find_if(writes_.begin(), writes_.end(), [](const Write& w) { return !w.done; });
  for (auto w = writes_.begin(); w != first_open; ++w) persisted_ = std::max(persisted_, w->last);
  writes_.erase(writes_.begin(), first_open);
  return true;
}

void Durability::fingerprint(const std::function<void(std::uint64_t)>& out) const {
  out(persisted_.value);
  out(writes_.size());
  for (const Write& write : writes_) {
    out(write.hard_state ? 1 : 0);
    out(write.done ? 1 : 0);
    out(write.last.value);
  }
}

}  // namespace kontiki::raft
