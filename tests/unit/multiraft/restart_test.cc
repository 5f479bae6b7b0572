// What a member said before it was switched off binds it afterwards.
#include "world.h"

namespace kontiki::multiraft::test {
namespace {

constexpr GroupId kGroup{1};

TEST(Restart, TermAndVoteAreKnownAgain) {
  World world(21);
  world.start_all({kGroup});
  const int leader = world.wait_for_leader(kGroup);
  ASSERT_TRUE(world.propose(leader, kGroup, "x"));
  ASSERT_TRUE(world.wait_for_count(kGroup, 1));
  int votes = 0;
  for (const int id : {7, 11, 42}) {
    const HardState before = world.host(id).groups.at(kGroup)->core().hard_state();
    votes += before.voted_for == NodeId(leader) ? 1 : 0;
    world.power_off(id);
    world.restart(id);
    EXPECT_EQ(world.host(id).groups.at(kGroup)->core().hard_state(), before) << "node " << id;
  }
  EXPECT_GE(votes, 2) << "or there was nothing to forget";
}

}  // namespace
}  // namespace kontiki::multiraft::test
