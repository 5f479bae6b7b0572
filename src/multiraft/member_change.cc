#include "multiraft/member_change.h"

#include <algorithm>
#include <utility>

namespace kontiki::multiraft {

MemberChange::State MemberChange::drive(Group& group, std::uint64_t epoch, std::vector<NodeId> replicas) {
  if (!group.is_leader()) return State::kNotLeader;
  if (term_ != group.term()) {
    term_ = group.term();
    rounds_.clear();
  }
  std::sort(replicas.begin(), replicas.end());
  const Configuration now = group.core().configuration();
  if (!group.core().is_settled()) return State::kUnderWay;
  if (now.epoch == epoch && now.voters == replicas && now.learners.empty()) return State::kDone;

  Configuration next;
  next.epoch = epoch;
  std::set_difference(replicas.begin(), replicas.end(), now.voters.begin(), now.voters.end(),
                      std::back_inserter(next.learners));
  next.voters = now.voters;
  const bool are_learning = now.epoch == epoch && now.learners == next.learners;
  if (next.learners.empty() || (are_learning && caught_up(group, next.learners))) {
    next.voters = std::move(replicas);
    next.learners.clear();
  } else if (are_learning) {
    return State::kUnderWay;
  } else {
    rounds_.clear();
  }
  // Refused: the term is not open yet, or the lead is being handed over. The next call tries again.
  (void)group.change_configuration(next);
  return State::kUnderWay;
}

bool MemberChange::caught_up(const Group& group, const std::vector<NodeId>& learners) {
  const std::vector<raft::PeerStatus> peers = group.core().peers();
  bool all = true;
  for (const NodeId learner : learners) {
    const auto peer =
        std::find_if(peers.begin(), peers.end(), [&](const auto& p) { return p.peer == learner; });
    auto round = std::find_if(rounds_.begin(), rounds_.end(),
                              [&](const Round& one) { return one.learner == learner; });
    if (round == rounds_.end())
      round = rounds_.insert(rounds_.end(), {learner, group.core().last_index(), 0});
    ++round->calls;
    const bool reached = peer != peers.end() && peer->alive && !peer->in_doubt && peer->match >= round->goal;
    all = all && reached && round->calls <= 2;
    if (reached) *round = {learner, group.core().last_index(), 0};
  }
  return all;
}

}  // namespace kontiki::multiraft
