#include "explore/history.h"

#include <fmt/format.h>

#include <algorithm>

namespace kontiki::explore {

// Stricter than "one leader per term": nobody may be elected twice in one term either, because the second
// time it would write other entries under the same index and term.
std::string History::elected(const raft::Core& leader) {
  const auto term = static_cast<std::size_t>(leader.term().value);
  if (leaders_.size() <= term) leaders_.resize(term + 1, kNoNode);
  if (leaders_[term] != kNoNode) {
    return fmt::format("C1: two elections were won in term {}, by nodes {} and {}", term,
                       leaders_[term].value, leader.self().value);
  }
  leaders_[term] = leader.self();
  return check_leader(leader);
}

std::string History::check_leader(const raft::Core& leader) const {
  for (std::size_t i = 0; i < committed_.size(); ++i) {
    if (committed_[i].in_term >= leader.term()) continue;
    if (leader.term_at(Index{i + 1}) != committed_[i].term) {
      return fmt::format("C3: node {} leads term {} without entry {}, committed in term {}",
                         leader.self().value, leader.term().value, i + 1, committed_[i].in_term.value);
    }
  }
  return {};
}

std::string History::observe_commit(const raft::Core& core) {
  for (Index i{1}; i <= core.commit(); ++i) {
    const Term term = *core.term_at(i);
    if (committed_.size() < i.value) {
      committed_.push_back({.term = term, .in_term = core.term()});
      continue;
    }
    Committed& known = committed_[i.value - 1];
    if (known.term != term) {
      return fmt::format("C4: node {} has an entry of term {} committed at {}, others one of term {}",
                         core.self().value, term.value, i.value, known.term.value);
    }
    known.in_term = std::min(known.in_term, core.term());
  }
  return {};
}

std::string History::read_answered(Index index) const {
  if (index.value >= read_floor_) return {};
  return fmt::format("C7: a read was answered at {}, although {} was committed when it was asked",
                     index.value, read_floor_);
}

void History::fingerprint(const Rename& rename, std::string& out) const {
  for (const NodeId leader : leaders_) {
    out.push_back(leader == kNoNode ? '-' : static_cast<char>('0' + rename(leader).value));
  }
  out.push_back('/');
  for (const Committed& entry : committed_) {
    out.push_back(static_cast<char>('0' + entry.term.value));
    out.push_back(static_cast<char>('0' + entry.in_term.value));
  }
  out.push_back(static_cast<char>('0' + read_floor_));
  for (const std::uint8_t used : used_) out.push_back(static_cast<char>('0' + used));
}

bool logs_match(const raft::Core& a, const raft::Core& b) {
  bool same = true;
  const Index to = std::min(a.last_index(), b.last_index());
  for (Index i{1}; i <= to; ++i) {
    const bool here = a.term_at(i) == b.term_at(i);
    if (here && !same) return false;
    same = here;
  }
  return true;
}

}  // namespace kontiki::explore
