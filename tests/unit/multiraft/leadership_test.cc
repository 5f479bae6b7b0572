// Who leads, who knows of it, and how sure that is.
#include "world.h"

#include <gtest/gtest.h>

#include <optional>

namespace kontiki::multiraft::test {
namespace {

constexpr GroupId kGroup{5};

// Nobody follows a replica for ever that has stopped because its data is damaged.
TEST(Leadership, ALeaderThatFindsDamageIsReplaced) {
  World world(21);
  world.base_options.storage.wal_file_bytes = 16 << 10;
  world.base_options.storage.wal_bytes_max = 32 << 10;
  world.start_all({kGroup});
  const int leader = world.wait_for_leader(kGroup);
  const int away = leader == 7 ? 11 : 7;
  world.crash(away);
  std::uint64_t sent = 0;
  for (int round = 0; round < 50; ++round) {
    for (int i = 0; i < 5; ++i) sent += world.propose(leader, kGroup, std::string(1000, 'x')) ? 1 : 0;
    ASSERT_TRUE(world.wait_for_count(kGroup, sent));
    world.simulation.run_for(50'000);
  }
  ASSERT_EQ(world.leader(kGroup), leader);
  // The follower that was away will ask for an entry that the leader's disk has lost.
  std::string segment;
  for (const std::string& file : world.machine_of(leader).disk().files())
    if (file.ends_with(".seg")) segment = file;
  ASSERT_FALSE(segment.empty()) << "nothing was moved to a segment";
  for (std::uint64_t at = 200; at < 5000; at += 500)
    ASSERT_TRUE(world.machine_of(leader).disk().flip_bit(segment, at, 3));
  world.restart(away);
  ASSERT_TRUE(world.simulation.run_until(
      [&] {
        const int now = world.leader(kGroup);
        return now != 0 && now != leader;
      },
      10'000'000));
  const int next = world.leader(kGroup);
  ASSERT_TRUE(world.propose(next, kGroup, "after"));
  EXPECT_TRUE(world.simulation.run_until(
      [&] { return world.host(next).machines.at(kGroup)->count == sent + 1; }, 10'000'000));
}

// A node that was slow for a moment has not forgotten what it leads, and will not announce it again.
TEST(Leadership, AStallLeavesTheLeaderTablesIntact) {
  World world(22);
  world.start_all({GroupId(1), GroupId(2), GroupId(3), GroupId(4)});
  for (std::uint64_t g = 1; g <= 4; ++g) world.wait_for_leader(GroupId(g));
  world.simulation.run_for(500'000);
  world.machine_of(7).pause();
  world.simulation.run_for(900'000);
  world.machine_of(7).resume();
  world.simulation.run_for(5'000'000);
  for (auto& [id, host] : world.hosts)
    for (std::size_t shard = 0; shard < 2; ++shard)
      for (std::uint64_t g = 1; g <= 4; ++g) {
        const Leadership* known = host->node->shard(shard).leaders().find(GroupId(g));
        ASSERT_NE(known, nullptr);
        EXPECT_EQ(known->leader.value, world.leader(GroupId(g))) << "node " << id << " group " << g;
      }
}

// A peer that was never heard of since the start is not a live one.
TEST(Leadership, ALeaderAloneStepsDownAlsoWhenAPeerWasNeverThere) {
  World world(23);
  world.group_ids = {kGroup};
  world.start(7);
  world.start(11);
  const int leader = world.wait_for_leader(kGroup);
  world.crash(leader == 7 ? 11 : 7);
  EXPECT_TRUE(world.simulation.run_until([&] { return !world.host(leader).groups.at(kGroup)->is_leader(); },
                                         5'000'000));
}

TEST(Leadership, EveryShardOfEveryNodeHearsWhoLeads) {
  World world(9);
  world.start_all({GroupId(1), GroupId(2), GroupId(3)});
  for (std::uint64_t i = 1; i <= 3; ++i) world.wait_for_leader(GroupId(i));
  world.simulation.run_for(500'000);
  for (auto& [id, host] : world.hosts)
    for (std::size_t shard = 0; shard < 2; ++shard)
      for (std::uint64_t i = 1; i <= 3; ++i) {
        const Leadership* known = host->node->shard(shard).leaders().find(GroupId(i));
        ASSERT_NE(known, nullptr) << "node " << id << " shard " << shard << " group " << i;
        EXPECT_EQ(known->leader.value, world.leader(GroupId(i)));
        EXPECT_EQ(known->in_sync, (std::vector<NodeId>{NodeId(7), NodeId(11), NodeId(42)}));
      }
}

// Clients may still reach it, and would come back to it again and again.
TEST(Leadership, ALeaderThatIsCutOffSaysToNobodyThatItLeads) {
  World world(12);
  const GroupId group(4);
  world.start_all({group});
  const int cut_off = world.wait_for_leader(group);
  for (const auto& [id, host] : world.hosts) {
    if (id == cut_off) continue;
    world.simulation.network().cut(World::name(cut_off), World::name(id));
    world.simulation.network().cut(World::name(id), World::name(cut_off));
  }
  world.simulation.run_for(3'000'000);
  ASSERT_FALSE(world.host(cut_off).groups.at(group)->is_leader());
  for (std::size_t shard = 0; shard < 2; ++shard) {
    const Leadership* known = world.host(cut_off).node->shard(shard).leaders().find(group);
    ASSERT_NE(known, nullptr);
    EXPECT_EQ(known->leader, kNoNode) << "on shard " << shard;
  }
  world.simulation.network().heal_all();
  ASSERT_TRUE(world.simulation.run_until(
      [&] { return world.host(cut_off).leaders[group.value % 2][group].leader != kNoNode; }, 10'000'000));
}

TEST(Leadership, ALeadIsConfirmedByAMajorityAndOnlyWhenAllThatWasCommittedIsApplied) {
  World world(13);
  world.start_all({kGroup});
  const int leader = world.wait_for_leader(kGroup);
  ASSERT_TRUE(world.propose(leader, kGroup, "before"));
  ASSERT_TRUE(world.wait_for_count(kGroup, 1));
  ASSERT_TRUE(world.propose(leader, kGroup, "not committed yet"));
  Group& group = *world.host(leader).groups.at(kGroup);
  std::optional<bool> confirmed;
  std::uint64_t seen = 0;
  group.confirm_lead([&](bool leads) {
    confirmed = leads;
    seen = world.host(leader).machines.at(kGroup)->count;
  });
  EXPECT_FALSE(confirmed.has_value()) << "nobody was asked";
  ASSERT_TRUE(world.simulation.run_until([&] { return confirmed.has_value(); }, 1'000'000));
  EXPECT_TRUE(*confirmed);
  EXPECT_GE(seen, 1u);

  // A leader that nobody hears may not be one any more: it never says yes.
  for (const auto& [id, host] : world.hosts) {
    if (id == leader) continue;
    world.simulation.network().cut(World::name(leader), World::name(id));
    world.simulation.network().cut(World::name(id), World::name(leader));
  }
  confirmed.reset();
  group.confirm_lead([&](bool leads) { confirmed = leads; });
  ASSERT_TRUE(world.simulation.run_until([&] { return confirmed.has_value(); }, 10'000'000));
  EXPECT_FALSE(*confirmed);
  confirmed.reset();
  group.confirm_lead([&](bool leads) { confirmed = leads; });
  EXPECT_EQ(confirmed, std::optional(false)) << "a follower is no leader";
}

// A group that is made here only after its leader has spoken and died, and came back without its data.
TEST(Leadership, WhatADeadLeaderSaidBeforeTheGroupWasMadeIsForgotten) {
  World world(14);
  world.seats[kGroup] = {{7, {}}, {11, {}}};
  world.start_all({kGroup});
  const int old_leader = world.wait_for_leader(kGroup);
  ASSERT_TRUE(world.propose(old_leader, kGroup, "to one that has no such group yet"));
  world.simulation.run_for(200'000);
  world.crash(old_leader);
  world.machine_of(old_leader).disk().wipe();
  world.simulation.run_for(5'000);
  world.restart(old_leader, Origin::kLost);
  world.simulation.run_for(50'000);
  world.seats[kGroup][42] = {};
  world.create(42, kGroup);
  EXPECT_NE(world.wait_for_leader(kGroup), old_leader);
}

}  // namespace
}  // namespace kontiki::multiraft::test
