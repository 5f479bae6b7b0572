// Change of members by joint consensus (Raft paper, section 6). A configuration counts from the moment it is
// in the log and is rolled back with it; the second half of a change is proposed by whoever leads when the
// first is committed.
//
// A member that comes back after its removal, with nothing of what it had promised, must not be taken for its
// former self (golden script member_comes_back.txt):
//   1. {1,2,3} becomes {2,3,4} while 1 sleeps as the leader of term 1, and 2 is removed and added again,
//   empty;
//   2. 1 wakes, still with {1,2,3}: with the acknowledgements or the vote of 2 it would decide alone with it.
// So the driver starts the new 2 in the term in which its removal was known to be committed, which refuses
// the entries of older leaders, and it does not vote until its log holds the configuration that added it,
// which stands after its removal (Options::member_since).
#include "base/check.h"
#include "raft/core.h"
#include "raft/quorum.h"

#include <algorithm>
#include <iterator>

namespace kontiki::raft {

void Core::on(const ProposeConfiguration& event, Effects& effects) {
  const Configuration& now = configuration();
  Configuration next = event.next;
  // The entry of the own term: without it, two leaders could each change one configuration of the past.
  if (role_ != Role::kLeader || transfer_to_ != kNoNode || !is_settled() || !has_committed_in_term() ||
      next.epoch < now.epoch || !next.outgoing.empty() || !is_valid(next) || next == now) {
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
    hand_over(effects);  // the group goes on without us
  }
}

// The member that holds most of the log is asked to campaign at once, so that nobody waits for a timeout.
void Core::hand_over(Effects& effects) {
  const Progress* best = nullptr;
  for (const Progress& peer : peers_) {
    if (!configuration().is_voter(peer.peer) || !is_alive(peer.peer)) continue;
    if (best == nullptr || peer.match > best->match) best = &peer;
  }
  if (best != nullptr) send(effects.send_now, best->peer, hard_.term, TimeoutNow{});
  step_down(effects);
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

// A voter, or one that leaves with a configuration which is not committed as far as we know. It may be the
// only one that has that configuration, and the others need its vote by theirs, which they do not get with a
// shorter log (dissertation 4.2.2): so it must lead until the others have it, too.
bool Core::is_needed() const {
  for (auto c = configurations_.rbegin(); c != configurations_.rend(); ++c) {
    if (c->second.is_voter(options_.self)) return true;
    if (c->first <= commit_) return false;
  }
  return false;
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
