// A change of members is refused until an entry of the leader's own term is committed.
#include "raft/core.h"

#include <gtest/gtest.h>

namespace kontiki::raft::test {
namespace {

TEST(Membership, IsNotChangedBeforeAnEntryOfTheOwnTermIsCommitted) {
  Options options;
  options.self = NodeId{1};
  Restored restored;
  restored.configuration.voters = {NodeId{1}, NodeId{2}};
  Core core(options, restored, Prng(1));
  const auto step = [&](const Event& event) {
    Effects effects;
    core.step(event, effects);
    Effects after;
    if (effects.needs_persist()) core.step(Persisted{effects.number}, after);
    return !effects.refused;
  };
  const auto from_peer = [&](Term term, decltype(Message::body) body) {
    step(Receive{{.from = NodeId{2}, .to = NodeId{1}, .term = term, .body = std::move(body)}});
  };
  step(Campaign{});
  from_peer(Term{1}, VoteReply{.pre_vote = true, .granted = true});
  from_peer(Term{1}, VoteReply{.pre_vote = false, .granted = true});
  ASSERT_EQ(core.role(), Role::kLeader);
  Configuration next;
  next.voters = {NodeId{1}, NodeId{2}, NodeId{3}};
  EXPECT_FALSE(step(ProposeConfiguration{next}));
  from_peer(Term{1}, AppendReply{.accepted = true, .match = Index{1}, .match_term = Term{1}, .commit = {}});
  ASSERT_EQ(core.commit(), Index{1});
  EXPECT_TRUE(step(ProposeConfiguration{next}));
  EXPECT_EQ(core.configuration().outgoing, restored.configuration.voters);
}

}  // namespace
}  // namespace kontiki::raft::test
