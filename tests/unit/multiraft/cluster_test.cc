#include "world.h"

#include <gtest/gtest.h>

#include <functional>

namespace kontiki::multiraft::test {
namespace {

constexpr GroupId kGroup{5};

TEST(Cluster, ElectsALeaderAndAppliesProposalsInOrderOnEveryNode) {
  World world(1);
  world.start_all({kGroup});
  const int leader = world.wait_for_leader(kGroup);
  std::vector<std::string> sent;
  for (int i = 0; i < 300; ++i) {  // past 127 and 255
    sent.push_back(fmt::format("message {}", i));
    ASSERT_TRUE(world.propose(leader, kGroup, sent.back()));
    if (i % 7 == 0) world.simulation.run_for(100);
  }
  ASSERT_TRUE(world.wait_for_count(kGroup, sent.size()));
  for (auto& [id, host] : world.hosts) {
    EXPECT_EQ(host->machines.at(kGroup)->applied_texts, sent) << "node " << id;
    EXPECT_EQ(host->groups.at(kGroup)->next_offset(), Offset(300));
  }
}

TEST(Cluster, NothingIsCommittedBeforeAMajorityHasSynced) {
  World world(2);
  world.start_all({kGroup});
  const int leader = world.wait_for_leader(kGroup);
  for (int id : {7, 11, 42})
    if (id != leader) world.machine_of(id).disk().hold_syncs();
  ASSERT_TRUE(world.propose(leader, kGroup, "held"));
  world.simulation.run_for(100'000);
  for (auto& [id, host] : world.hosts) EXPECT_EQ(host->machines.at(kGroup)->count, 0u) << "node " << id;
  for (int id : {7, 11, 42}) world.machine_of(id).disk().release_syncs();
  EXPECT_TRUE(world.wait_for_count(kGroup, 1));
}

TEST(Cluster, CommitNeedsNoSyncOfTheLeaderItself) {
  World world(3);
  world.start_all({kGroup});
  const int leader = world.wait_for_leader(kGroup);
  world.machine_of(leader).disk().hold_syncs();
  ASSERT_TRUE(world.propose(leader, kGroup, "followers are enough"));
  EXPECT_TRUE(world.wait_for_count(kGroup, 1, 1'000'000));
}

TEST(Cluster, AKilledLeaderIsReplacedAtOnceAndCatchesUpAfterItsRestart) {
  World world(4);
  world.start_all({kGroup});
  const int old_leader = world.wait_for_leader(kGroup);
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(world.propose(old_leader, kGroup, fmt::format("a{}", i)));
  ASSERT_TRUE(world.wait_for_count(kGroup, 50));
  world.crash(old_leader);
  const std::int64_t died_us = world.simulation.now_us();
  const int new_leader = world.wait_for_leader(kGroup);
  EXPECT_NE(new_leader, old_leader);
  EXPECT_LT(world.simulation.now_us() - died_us, 300'000) << "a broken connection should be enough to notice";
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(world.propose(new_leader, kGroup, fmt::format("b{}", i)));
  world.restart(old_leader);
  EXPECT_TRUE(world.wait_for_count(kGroup, 100));
  world.expect_same_everywhere(kGroup);
}

// What a dead leader had sent before must not make anybody follow it again.
TEST(Cluster, ALeaderKilledUnderLoadIsReplacedWhateverWasOnItsWay) {
  for (std::uint64_t seed = 100; seed < 160; ++seed) {
    World world(seed);
    // Connections of one pair of nodes break at different times, so that one still delivers when another is
    // gone.
    sim::LinkOptions uneven;
    uneven.slow_per_million = 300'000;
    uneven.slow_max_us = 30'000;
    world.simulation.network().set_all_links(uneven);
    world.start_all({GroupId(1), GroupId(2)});
    for (std::uint64_t g = 1; g <= 2; ++g) world.wait_for_leader(GroupId(g));
    const int leader = world.leader(GroupId(1));
    for (int i = 0; i < 40; ++i) {
      for (auto& [id, host] : world.hosts)
        for (std::uint64_t g = 1; g <= 2; ++g)
          if (host->groups.at(GroupId(g))->is_leader()) world.propose(id, GroupId(g), std::string(2000, 'x'));
      world.simulation.run_for(30 + static_cast<std::int64_t>(seed));
    }
    world.crash(leader);
    const std::int64_t died_us = world.simulation.now_us();
    for (std::uint64_t g = 1; g <= 2; ++g) world.wait_for_leader(GroupId(g));
    EXPECT_LT(world.simulation.now_us() - died_us, 1'000'000) << "seed " << seed;
  }
}

TEST(Cluster, ASilentLeaderIsReplaced) {
  World world(5);
  world.start_all({kGroup});
  const int old_leader = world.wait_for_leader(kGroup);
  world.power_off(old_leader);
  const std::int64_t died_us = world.simulation.now_us();
  world.wait_for_leader(kGroup);
  EXPECT_LT(world.simulation.now_us() - died_us, 2'000'000);
}

TEST(Cluster, NothingCommittedIsLostWhenAllNodesLosePowerAtOnce) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    World world(seed);
    world.start_all({kGroup});
    const int leader = world.wait_for_leader(kGroup);
    std::uint64_t sent = 0;
    while (world.host(leader).machines.at(kGroup)->count < 40) {
      if (world.propose(leader, kGroup, fmt::format("message {}", sent))) ++sent;
      world.simulation.run_for(50 + static_cast<std::int64_t>(seed) * 10);
    }
    const auto committed = world.host(leader).machines.at(kGroup)->applied_texts;
    for (int id : {7, 11, 42}) world.power_off(id);
    for (int id : {42, 7, 11}) world.restart(id);
    world.wait_for_leader(kGroup);
    ASSERT_TRUE(world.wait_for_count(kGroup, committed.size())) << "seed " << seed;
    for (auto& [id, host] : world.hosts) {
      auto texts = host->machines.at(kGroup)->applied_texts;
      ASSERT_GE(texts.size(), committed.size());
      texts.resize(committed.size());
      EXPECT_EQ(texts, committed) << "node " << id << " seed " << seed;
    }
  }
}

TEST(Cluster, AMajorityIsEnoughToStart) {
  World world(6);
  world.group_ids = {kGroup};
  world.start(42);
  world.simulation.run_for(3'000'000);
  EXPECT_EQ(world.leader(kGroup), 0);
  world.start(7);
  EXPECT_NE(world.wait_for_leader(kGroup), 0);
}

TEST(Cluster, AnIsolatedLeaderStepsDownAndRejoinsWithoutHarm) {
  World world(7);
  world.start_all({kGroup});
  const int old_leader = world.wait_for_leader(kGroup);
  world.simulation.network().isolate(World::name(old_leader));
  ASSERT_TRUE(world.propose(old_leader, kGroup, "never committed"));
  ASSERT_TRUE(world.simulation.run_until(
      [&] { return !world.host(old_leader).groups.at(kGroup)->is_leader(); }, 5'000'000));
  const int new_leader = world.wait_for_leader(kGroup);
  ASSERT_TRUE(world.propose(new_leader, kGroup, "committed"));
  world.simulation.network().heal_all();
  ASSERT_TRUE(world.wait_for_count(kGroup, 1));
  world.simulation.run_for(3'000'000);
  for (auto& [id, host] : world.hosts)
    EXPECT_EQ(host->machines.at(kGroup)->applied_texts, std::vector<std::string>{"committed"})
        << "node " << id;
}

TEST(Cluster, GroupsShareOneFlush) {
  World world(8, {7}, 1);
  std::vector<GroupId> groups;
  for (std::uint64_t i = 1; i <= 100; ++i) groups.emplace_back(i);
  world.start_all(groups);
  for (GroupId group : groups) world.wait_for_leader(group);
  world.simulation.run_for(1'000'000);
  const auto syncs = world.machine_of(7).disk().counters().syncs;
  for (GroupId group : groups) ASSERT_TRUE(world.propose(7, group, "x"));
  for (GroupId group : groups) ASSERT_TRUE(world.wait_for_count(group, 1));
  EXPECT_LE(world.machine_of(7).disk().counters().syncs - syncs, 2u);
}

// While the store moves entries to segments it flushes by itself; what such a flush has taken is not durable
// yet.
TEST(Cluster, NothingAppliedIsLostWhilePowerFailsDuringTheStoresOwnFlush) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    World world(seed, {7}, 1);
    world.base_options.storage.wal_file_bytes = 16 << 10;
    world.base_options.storage.wal_bytes_max = 32 << 10;
    world.start_all({kGroup});
    world.wait_for_leader(kGroup);
    const Recorder& machine = *world.host(7).machines.at(kGroup);
    sim::SimNode& node = world.machine_of(7);
    node.disk().set_sync_delay_us(100, 600);
    std::int64_t propose_us = world.simulation.now_us();
    Index seen = machine.applied;
    for (int proposed = 0; proposed < 250;) {
      if (world.simulation.now_us() >= propose_us) {
        ASSERT_TRUE(world.propose(7, kGroup, std::string(1000, 'x')));
        ++proposed;
        propose_us = world.simulation.now_us() + 50 + proposed * 37 % 150;
      }
      if (!world.simulation.step()) world.simulation.run_for(10);
      if (machine.applied == seen) continue;
      seen = machine.applied;
      auto disk = node.disk().clone(seed * 1000 + seen.value);
      disk->power_loss();
      auto store = storage::Store::open(*disk, node.executor(0), node.clock(), "/data/shard-0",
                                        world.base_options.storage);
      ASSERT_TRUE(store) << store.error().message;
      const auto found = (*store)->take_recovered();
      ASSERT_EQ(found.size(), 1u);
      ASSERT_GE(found[0].last, seen) << "seed " << seed;
    }
  }
}

TEST(Cluster, AnIdleGroupCostsNothing) {
  World world(10);
  std::vector<GroupId> groups;
  for (std::uint64_t i = 1; i <= 50; ++i) groups.emplace_back(i);
  world.start_all(groups);
  for (GroupId group : groups) world.wait_for_leader(group);
  world.simulation.run_for(3'000'000);
  const auto bytes = world.simulation.network().bytes_delivered();
  const auto syncs = world.machine_of(7).disk().counters().syncs;
  world.simulation.run_for(10'000'000);
  // Heartbeats only: 6 directed pairs x 10 a second x 10 s x 13 bytes.
  EXPECT_LE(world.simulation.network().bytes_delivered() - bytes, 6u * 101 * 21);
  EXPECT_EQ(world.machine_of(7).disk().counters().syncs, syncs);
  for (auto& [id, host] : world.hosts)
    for (auto& [group, member] : host->groups)
      EXPECT_FALSE(member->core().needs_tick()) << id << " " << group.value;
}

// A member is away until the log that it needs is cut, and comes back; `before_it_is_back` is called between,
// with the number of the leader's host and of its own.
void bring_back_by_snapshot(World& world, const std::function<void(int leader, int away)>& before_it_is_back,
                            Origin origin = Origin::kLost) {
  world.base_options.storage.wal_file_bytes = 16 << 10;
  world.base_options.storage.wal_bytes_max = 64 << 10;
  world.base_options.storage.segment_bytes = 16 << 10;
  world.base_options.snapshot_bytes = 32 << 10;
  world.start_all({kGroup});
  int leader = world.wait_for_leader(kGroup);
  const int away = leader == 7 ? 11 : 7;
  world.crash(away);
  for (auto& [id, host] : world.hosts) {
    host->groups.at(kGroup)->set_segment_bytes(16 << 10);
    host->groups.at(kGroup)->set_retention({.bytes = 64 << 10, .time_ms = -1});
  }
  std::uint64_t sent = 0;
  for (int round = 0; round < 200; ++round) {
    leader = world.wait_for_leader(kGroup);
    for (int i = 0; i < 5; ++i)
      if (world.propose(leader, kGroup, std::string(1000, static_cast<char>('a' + i)))) ++sent;
    ASSERT_TRUE(world.wait_for_count(kGroup, sent));
    world.simulation.run_for(50'000);
  }
  ASSERT_GT(world.host(leader).groups.at(kGroup)->log_start().index, Index(100))
      << "retention did not cut the log";
  before_it_is_back(leader, away);
  world.restart(away, origin);
  ASSERT_TRUE(world.wait_for_count(kGroup, sent));
  ASSERT_TRUE(world.propose(world.wait_for_leader(kGroup), kGroup, "after"));
  ASSERT_TRUE(world.wait_for_count(kGroup, sent + 1));
  world.expect_same_everywhere(kGroup);
  EXPECT_GT(world.host(away).machines.at(kGroup)->start.index, Index(100));
  // And again after losing power.
  world.power_off(away);
  world.restart(away);
  ASSERT_TRUE(world.wait_for_count(kGroup, sent + 1));
  world.expect_same_everywhere(kGroup);
}

TEST(Cluster, AMemberWhoseLogWasCutAwayGetsASnapshotAndThenTheRest) {
  World world(11);
  bring_back_by_snapshot(world, [](int, int) {});
}

TEST(Cluster, ASnapshotThatCannotBeReadForAMomentIsSentLater) {
  World world(11);
  int leader = 0;
  bring_back_by_snapshot(world, [&](int leads, int) {
    leader = leads;
    for (std::uint64_t n = 1; n <= 3; ++n)
      world.machine_of(leads).disk().fail_nth(sim::DiskOp::kRead, n, env::DiskError::kIo, "/snapshot");
  });
  EXPECT_TRUE(world.host(leader).groups.at(kGroup)->is_leader()) << "a read that failed is no damage";
}

// It would refuse the snapshots of an older term for ever, and its pre-votes find no grant: its log is
// behind.
TEST(Cluster, ALeaderLearnsFromTheReceiverOfItsSnapshotThatItsTermIsOver) {
  World world(11);
  const auto be_of_a_later_term = [&](int leads, int away) {
    const Term now = world.host(leads).groups.at(kGroup)->term();
    world.machine_of(away).disk().wipe();
    world.seats[kGroup][away] = Seat{.since = 0, .term = now + 5};
  };
  bring_back_by_snapshot(world, be_of_a_later_term, Origin::kNew);
}

TEST(Cluster, CallsReachOtherNodesAndEndWhenTheyDie) {
  World world(12);
  world.start_all({kGroup});
  world.wait_for_leader(kGroup);
  std::optional<std::optional<Slice>> answer;
  world.host(7).node->call(NodeId(42), Slice::copy_of("hello"), 1'000'000,
                           [&](auto got) { answer = std::move(got); });
  world.simulation.run_for(100'000);
  ASSERT_TRUE(answer && *answer);
  EXPECT_EQ((*answer)->text(), "hello from 7");
  answer.reset();
  world.crash(42);
  world.host(7).node->call(NodeId(42), Slice::copy_of("hello"), 1'000'000,
                           [&](auto got) { answer = std::move(got); });
  world.simulation.run_for(100'000);
  ASSERT_TRUE(answer.has_value());
  EXPECT_FALSE(answer->has_value());
  EXPECT_EQ(world.host(7).node->alive(), (std::vector<NodeId>{NodeId(7), NodeId(11)}));
}

TEST(Cluster, ANodeWithOtherSeedsOrAnothersIdIsRefused) {
  World world(13);
  world.group_ids = {kGroup};
  world.start(7);
  world.start(11);
  world.base_options.seeds_hash = 99;
  world.start(42);
  world.wait_for_leader(kGroup);
  world.simulation.run_for(2'000'000);
  EXPECT_EQ(world.host(7).node->alive(), (std::vector<NodeId>{NodeId(7), NodeId(11)}));
  EXPECT_EQ(world.host(42).node->alive(), (std::vector<NodeId>{NodeId(42)}));
}

// Random crashes, power losses and partitions: what one member applied, all apply, at the same index.
TEST(Cluster, CommittedEntriesSurviveRandomFaults) {
  for (std::uint64_t seed = 1; seed <= 15; ++seed) {
    World world(seed * 1000);
    world.start_all({GroupId(1), GroupId(2)});
    Prng prng(seed);
    std::map<GroupId, std::map<Index, std::string>> committed;
    std::uint64_t sent = 0;
    const auto note = [&] {
      for (auto& [id, host] : world.hosts)
        for (auto& [group, machine] : host->machines) {
          // Without snapshots the n-th payload applied is the same everywhere.
          for (std::size_t i = 0; i < machine->applied_texts.size(); ++i) {
            auto [at, fresh] = committed[group].try_emplace(Index(i + 1), machine->applied_texts[i]);
            ASSERT_EQ(at->second, machine->applied_texts[i]) << "seed " << seed << " node " << id;
          }
        }
    };
    for (int round = 0; round < 60; ++round) {
      for (std::uint64_t g = 1; g <= 2; ++g)
        for (auto& [id, host] : world.hosts)
          if (host->groups.at(GroupId(g))->is_leader())
            world.propose(id, GroupId(g), fmt::format("m{}", sent++));
      world.simulation.run_for(static_cast<std::int64_t>(prng.below(60'000)));
      note();
      const int victim = std::vector<int>{7, 11, 42}[prng.below(3)];
      const auto dice = prng.below(10);
      if (!world.hosts.contains(victim)) {
        world.restart(victim);
      } else if (dice == 0) {
        world.crash(victim);
      } else if (dice == 1) {
        world.power_off(victim);
      } else if (dice == 2) {
        world.simulation.network().isolate(World::name(victim));
      } else if (dice == 3) {
        world.simulation.network().heal_all();
      }
    }
    world.simulation.network().heal_all();
    for (int id : {7, 11, 42})
      if (!world.hosts.contains(id)) world.restart(id);
    for (std::uint64_t g = 1; g <= 2; ++g) {
      world.wait_for_leader(GroupId(g));
      ASSERT_TRUE(world.wait_for_count(GroupId(g), committed[GroupId(g)].size())) << "seed " << seed;
    }
    note();
  }
}

}  // namespace
}  // namespace kontiki::multiraft::test
