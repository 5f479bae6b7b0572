// Change of members by joint consensus (Raft paper, section 6). A configuration counts from the moment it is
// in the log and is rolled back with it; the second half of a change is proposed by whoever leads when the
// first is committed.
#include "base/check.h"
#include "raft/core.h"
#include "raft/quorum.h"

#include <algorithm>
#include <iterator>

namespace kontiki::raft {

void Core::on(const ProposeConfiguration& event, Effects& effects) {
  const Configuration& now = configuration();
  Configuration next = event.next;
  const bool settled = now.outgoing.empty() && configurations_.back().first <= commit_;
  // The entry of the own term: without it, two leaders could each change one configuration of the past.
  if (role_ != Role::kLeader || transfer_to_ != kNoNode || !settled || !has_committed_in_term() ||
      !next.outgoing.empty() || !is_valid(next) || next == now) {
    effects.refused = true;
    return;
  }
  if (next.voters != now.voters) next.outgoing = now.voters;
  append_own(1, AppendRange::Source::kConfiguration, effects);
  adopt(log_.last(), next);
  replicate_to_all(effects);
}

void Core::finish_configuration_change(Effects& effects) {
  if (configurations_.back().first > commit_) return;
  if (!configuration().outgoing.empty()) {
    Configuration next = configuration();
    next.outgoing.clear();
    append_own(1, AppendRange::Source::kConfiguration, effects);
    adopt(log_.last(), next);
    replicate_to_all(effects);
  } else if (!is_self_voter()) {
    step_down(effects);  // the group goes on without us
  }
}

void Core::adopt(Index index, const Configuration& next) {
  CHECK(index > configurations_.back().first, "configurations stand in the log, in order");
  configurations_.emplace_back(index, next);
  if (role_ == Role::kLeader) sync_peers();
}

void Core::roll_back_configurations(Index last) {
  while (configurations_.size() > 1 && configurations_.back().first > last) configurations_.pop_back();
}

void Core::fold_configurations(Index start) {
  const auto after = std::find_if(std::next(configurations_.begin()), configurations_.end(),
                                  [&](const auto& entry) { return entry.first > start; });
  configurations_.erase(configurations_.begin(), std::prev(after));
  configurations_.front().first = start;
}

const Configuration& Core::configuration_at(Index index) const {
  CHECK(index >= log_.start(), "the configurations before the log's start are gone");
  const auto after = std::find_if(std::next(configurations_.begin()), configurations_.end(),
                                  [&](const auto& entry) { return entry.first > index; });
  return std::prev(after)->second;
}

void Core::sync_peers() {
  const Configuration& members = configuration();
  std::erase_if(peers_, [&](const Progress& peer) { return !members.is_member(peer.peer); });
  for (const auto* set : {&members.voters, &members.outgoing, &members.learners}) {
    for (const NodeId node : *set) {
      if (node == options_.self || find(node) != nullptr) continue;
      Progress peer;
      peer.peer = node;
      peer.next = log_.last() + 1;
      peers_.push_back(std::move(peer));
    }
  }
  if (transfer_to_ != kNoNode && !members.is_voter(transfer_to_)) transfer_to_ = kNoNode;
}

}  // namespace kontiki::raft
