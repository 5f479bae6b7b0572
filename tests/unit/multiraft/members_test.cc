// A group's replicas can be replaced, any number of them, while it is written to; whoever dies meanwhile.
#include "base/prng.h"
#include "moves.h"

#include <cstdlib>

namespace kontiki::multiraft::test {
namespace {

std::uint64_t seeds() {
  const char* text = std::getenv("KONTIKI_TEST_SEEDS");
  return text == nullptr ? 20 : std::strtoull(text, nullptr, 10);
}

TEST(Members, OneTwoAndAllReplicasAreReplacedUnderLoad) {
  for (const auto& target :
       std::vector<std::vector<int>>{{2, 3, 4}, {3, 4, 5}, {4, 5, 6}, {1}, {1, 2, 3, 4, 5}}) {
    Moves moves(7);
    moves.world.wait_for_leader(kMoved);
    for (int i = 0; i < 20; ++i) moves.turn();
    moves.wish(target);
    EXPECT_TRUE(moves.run(500));
    for (int i = 0; i < 20; ++i) moves.turn();
    moves.expect_moved();
    EXPECT_GT(moves.acknowledged.size(), 100u);
  }
}

TEST(Members, AMoveThereAndBackFindsEmptyMembersAgain) {
  Moves moves(8);
  moves.world.wait_for_leader(kMoved);
  for (int round = 0; round < 4; ++round) {
    moves.wish(round % 2 == 0 ? std::vector<int>{4, 5, 6} : std::vector<int>{1, 2, 3});
    EXPECT_TRUE(moves.run(500)) << "round " << round;
  }
  moves.expect_moved();
}

// Nobody waits for an election timeout: the leader that removes itself asks another to campaign.
TEST(Members, ALeaderThatRemovesItselfHandsItsLeadOver) {
  Moves moves(9);
  const int old_leader = moves.world.wait_for_leader(kMoved);
  std::vector<int> rest;
  for (int id : {1, 2, 3, 4})
    if (id != old_leader) rest.push_back(id);
  moves.wish(rest);
  ASSERT_TRUE(moves.world.simulation.run_until(
      [&] {
        moves.turn();
        return !moves.member(old_leader)->is_leader();
      },
      10'000'000));
  const std::int64_t gone_us = moves.world.simulation.now_us();
  const int leader = moves.world.wait_for_leader(kMoved);
  EXPECT_NE(leader, old_leader);
  EXPECT_LT(moves.world.simulation.now_us() - gone_us, 50'000);
  EXPECT_TRUE(moves.run(200));
  moves.expect_moved();
}

// It has not heard that it was removed, finds no leader, and asks for votes for as long as it lives.
TEST(Members, ARemovedMemberDisturbsNobody) {
  Moves moves(10);
  moves.keep_data = true;
  moves.world.wait_for_leader(kMoved);
  moves.wish({4, 5, 6});
  ASSERT_TRUE(moves.run(500));
  const int leader = moves.world.wait_for_leader(kMoved);
  const Term term = moves.member(leader)->term();
  for (int id : {1, 2, 3}) {
    moves.world.crash(id);
    moves.world.simulation.run_for(200'000);
    moves.world.restart(id);
  }
  for (int i = 0; i < 300; ++i) moves.turn();
  EXPECT_EQ(moves.leader(), leader);
  EXPECT_EQ(moves.member(leader)->term(), term);
  for (int id : {1, 2, 3}) EXPECT_FALSE(moves.member(id)->is_leader()) << "node " << id;
}

// Also one that was down when it became a member, which no broken connection tells of.
TEST(Members, ADeadNewReplicaIsWaitedForAndHoldsNothingUp) {
  Moves moves(11);
  moves.world.wait_for_leader(kMoved);
  moves.world.crash(4);
  moves.wish({2, 3, 4});
  EXPECT_FALSE(moves.run(200));
  EXPECT_EQ(moves.configuration()->voters.size(), 3u) << "promoted before it had caught up";
  EXPECT_TRUE(moves.configuration()->outgoing.empty());
  const std::size_t acknowledged = moves.acknowledged.size();
  for (int i = 0; i < 20; ++i) moves.turn();
  EXPECT_GT(moves.acknowledged.size(), acknowledged + 30);
  moves.world.restart(4);
  EXPECT_TRUE(moves.run(500));
  moves.expect_moved();
}

// The core remembers who was down when it left, and nobody tells it of nodes that are no members.
TEST(Members, AReplicaThatWasDownWhenItLeftIsFilledWhenItComesBack) {
  Moves moves(16);
  moves.world.wait_for_leader(kMoved);
  moves.world.crash(5);
  moves.wish({3, 4, 5});
  EXPECT_FALSE(moves.run(50));
  ASSERT_TRUE(moves.configuration()->is_member(NodeId(4)));
  moves.world.crash(4);
  for (int i = 0; i < 20; ++i) moves.turn();
  moves.wish({1, 2, 3});
  ASSERT_TRUE(moves.run(200));
  moves.world.restart(4);
  moves.world.restart(5);
  for (int i = 0; i < 50; ++i) moves.turn();
  moves.wish({3, 4, 5});
  EXPECT_TRUE(moves.run(500));
  moves.expect_moved();
}

// Leaders that did not know of its removal are refused, after a crash too.
TEST(Members, AnEmptyMemberStartsInTheTermOfItsSeat) {
  Moves moves(17);
  moves.world.wait_for_leader(kMoved);
  moves.world.join(4, kMoved, Seat{3, Term(9)});
  EXPECT_EQ(moves.member(4)->term(), Term(9));
  moves.world.simulation.run_for(100'000);
  moves.world.power_off(4);
  moves.world.restart(4);
  EXPECT_EQ(moves.member(4)->term(), Term(9));
  EXPECT_TRUE(moves.member(4)->core().last_index() == Index(0));
}

TEST(Members, AWithdrawnWishLeavesTheOldReplicas) {
  Moves moves(12);
  moves.world.wait_for_leader(kMoved);
  moves.world.crash(6);
  moves.wish({4, 5, 6});
  EXPECT_FALSE(moves.run(100));
  moves.wish({1, 2, 3});
  EXPECT_TRUE(moves.run(200));
  const Configuration* now = moves.configuration();
  ASSERT_NE(now, nullptr);
  EXPECT_EQ(now->voters, (std::vector<NodeId>{NodeId(1), NodeId(2), NodeId(3)}));
  EXPECT_TRUE(now->learners.empty());
  moves.world.restart(6);
  moves.expect_moved();
}

TEST(Members, AllNodesLosePowerBetweenTheTwoHalvesOfAChange) {
  int in_joint = 0;
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    Moves moves(seed);
    moves.world.wait_for_leader(kMoved);
    for (int i = 0; i < 5; ++i) moves.turn();
    moves.wish({4, 5, 6});
    // Somebody has the first half; where exactly everybody is, the seed says.
    moves.world.simulation.run_until(
        [&] {
          moves.turn();
          for (int id : moves.world.ids())
            if (Group* group = moves.member(id); group && !group->core().configuration().outgoing.empty())
              return true;
          return moves.done;
        },
        5'000'000);
    if (!moves.done) ++in_joint;
    moves.world.simulation.run_for(static_cast<std::int64_t>(seed * 37 % 1500));
    for (int id : moves.world.ids()) moves.world.power_off(id);
    for (int id : moves.world.ids()) moves.world.restart(id);
    EXPECT_TRUE(moves.run(1000)) << "seed " << seed;
    moves.expect_moved();
    if (testing::Test::HasFailure()) FAIL() << "seed " << seed;
  }
  EXPECT_GT(in_joint, 0) << "the test never met the joint configuration";
}

TEST(Members, ChangesComeTrueWhoeverDiesAndWhenever) {
  for (std::uint64_t seed = 1; seed <= seeds(); ++seed) {
    Moves moves(1000 + seed);
    Prng prng(seed);
    moves.world.wait_for_leader(kMoved);
    for (int wish = 0; wish < 4; ++wish) {
      std::vector<int> ids = moves.world.ids();
      for (std::size_t i = ids.size() - 1; i > 0; --i) std::swap(ids[i], ids[prng.below(i + 1)]);
      ids.resize(3);
      std::sort(ids.begin(), ids.end());
      moves.wish(ids);
      for (int crash = 0; crash < 3; ++crash) {
        moves.run(static_cast<int>(prng.below(25)));
        moves.world.simulation.run_for(static_cast<std::int64_t>(prng.below(30'000)));
        const int leader = moves.leader();
        const int victim = prng.chance(1, 2) && leader != 0 ? leader : moves.world.ids()[prng.below(6)];
        if (!moves.world.is_running(victim)) continue;
        prng.chance(1, 2) ? moves.world.crash(victim) : moves.world.power_off(victim);
        for (int i = 0; i < static_cast<int>(prng.below(20)); ++i) moves.turn();
        moves.world.restart(victim);
      }
      if (prng.chance(1, 3)) continue;  // the next wish comes while this one is under way
      EXPECT_TRUE(moves.run(1000)) << "seed " << seed;
    }
    EXPECT_TRUE(moves.run(1000)) << "seed " << seed;
    moves.expect_moved();
    if (testing::Test::HasFailure()) FAIL() << "seed " << seed;
  }
}

// The configuration of a log that was cut stands beside the state in the snapshot, on those that had it from
// the leader too.
TEST(Members, TheMembersAreKnownWhenTheirEntriesWereCutAway) {
  NodeOptions options;
  options.storage.wal_file_bytes = 16 << 10;
  options.storage.wal_bytes_max = 64 << 10;
  options.storage.segment_bytes = 16 << 10;
  options.snapshot_bytes = 32 << 10;
  Moves moves(14, {1, 2, 3, 4, 5, 6}, options);
  moves.payload_bytes = 1000;
  const auto cut = [&] {
    for (int id : moves.world.ids())
      if (Group* group = moves.member(id)) {
        group->set_segment_bytes(16 << 10);
        group->set_retention({.bytes = 64 << 10, .time_ms = -1});
      }
  };
  moves.world.wait_for_leader(kMoved);
  for (const auto& target : std::vector<std::vector<int>>{{2, 3, 4}, {4, 5, 6}, {1, 5, 6}}) {
    cut();
    for (int i = 0; i < 200; ++i) moves.turn();
    moves.wish(target);
    ASSERT_TRUE(moves.run(500));
    cut();
    const Index changed = moves.member(moves.world.wait_for_leader(kMoved))->core().configuration_index();
    for (int i = 0; i < 300; ++i) moves.turn();
    for (int id : target) ASSERT_GT(moves.member(id)->core().start_index(), changed) << "the log was not cut";
    for (int id : moves.world.ids()) moves.world.power_off(id);
    for (int id : moves.world.ids()) moves.world.restart(id);
    for (int id : target) {
      const Configuration& found = moves.member(id)->core().configuration();
      EXPECT_EQ(found.voters, std::vector<NodeId>(target.begin(), target.end())) << "node " << id;
      EXPECT_EQ(found.epoch, moves.epoch);
    }
    moves.world.wait_for_leader(kMoved);
  }
}

TEST(Members, ANewReplicaIsFilledNoFasterThanAllowed) {
  NodeOptions options;
  options.learner_bytes_per_second = 1 << 20;
  Moves moves(15, {1, 2, 3, 4}, options);
  moves.world.wait_for_leader(kMoved);
  moves.payload_bytes = 100'000;
  for (int i = 0; i < 15; ++i) moves.turn();  // 4.5 MB
  moves.payload_bytes = 0;
  const std::int64_t began_us = moves.world.simulation.now_us();
  moves.wish({2, 3, 4});
  const std::size_t acknowledged = moves.acknowledged.size();
  EXPECT_FALSE(moves.run(100)) << "within two seconds";
  EXPECT_GT(moves.acknowledged.size(), acknowledged + 200) << "the load waited for the new replica";
  EXPECT_TRUE(moves.run(500));
  EXPECT_LT(moves.world.simulation.now_us() - began_us, 8'000'000);
  moves.expect_moved();
}

}  // namespace
}  // namespace kontiki::multiraft::test
