// MemberChange: brings one group to the replicas that somebody wishes, in steps that each leader can go on
// with: new ones are learners until they have caught up, then one joint configuration takes all new ones in
// and all old ones out. It keeps nothing that would be missed: who has it new begins with what the group's
// configuration says. Why these steps and why they are safe: docs/adr/0007-change-of-members.md.
//
// Owned by whoever drives the group (the broker's Reassigner, a test), used on the group's shard, not from
// within StateMachine::apply.
#pragma once

#include "model/ids.h"
#include "multiraft/group.h"

#include <cstdint>
#include <vector>

namespace kontiki::multiraft {

class MemberChange {
 public:
  enum class State : std::uint8_t {
    kNotLeader,  // nothing to do here
    kUnderWay,
    kDone,  // the members are the ones wished, and the configuration that says so is committed
  };

  // The next step, if its time has come; to be called every tenth of a second or so while it is not kDone.
  // Wishes of one group are numbered by rising `epoch`s, from 1; `replicas` are voters, not empty.
  State drive(Group& group, std::uint64_t epoch, std::vector<NodeId> replicas);

 private:
  // Catching up goes in rounds (Raft dissertation, 4.2.1): a learner has caught up when it has, within one
  // interval of calls, what the leader had at its beginning.
  struct Round {
    NodeId learner;
    Index goal;
    std::uint32_t calls = 0;
  };
  bool caught_up(const Group& group, const std::vector<NodeId>& learners);

  Term term_;  // that the rounds are of
  std::vector<Round> rounds_;
};

}  // namespace kontiki::multiraft
