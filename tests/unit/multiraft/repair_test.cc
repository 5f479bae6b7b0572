// Damaged data, and data that is gone: found, never served, never used to vote, and replaced by the peers.
// docs/adr/0007-doubt.md has the reasons.
#include "unit/multiraft/world.h"

namespace kontiki::multiraft::test {
namespace {

constexpr GroupId kGroup{5};

class Repair : public testing::Test {
 protected:
  void SetUp() override {
    world.base_options.storage.wal_file_bytes = 8u << 10;
    world.base_options.storage.wal_bytes_max = 16u << 10;
    world.start_all({kGroup});
    write(100);
  }
  void write(int count) {
    const int leader = world.wait_for_leader(kGroup);
    ASSERT_NE(leader, 0);
    for (int i = 0; i < count; ++i) {
      ASSERT_TRUE(world.propose(leader, kGroup, std::string(300, 'a') + std::to_string(++written)));
      if (i % 10 == 9) {
        ASSERT_TRUE(world.wait_for_count(kGroup, written));
      }
    }
    ASSERT_TRUE(world.wait_for_count(kGroup, written));
    world.simulation.run_for(3'000'000);  // seals, and moves to segments
  }
  int follower() {
    const int leader = world.wait_for_leader(kGroup);
    return leader == 7 ? 11 : 7;
  }
  bool wait_repaired() {
    return world.simulation.run_until(
        [&] {
          for (auto& [id, host] : world.hosts)
            if (host->groups.at(kGroup)->core().in_doubt()) return false;
          return world.leader(kGroup) != 0;
        },
        20'000'000);
  }
  void expect_whole() {
    ASSERT_TRUE(wait_repaired());
    write(10);
    world.expect_same_everywhere(kGroup);
    for (auto& [id, host] : world.hosts) EXPECT_EQ(host->machines.at(kGroup)->count, written) << id;
  }
  // The first file of the node's shard whose path holds `part`.
  std::string file(int id, const std::string& part) {
    const std::string shard = "/data/shard-" + std::to_string(kGroup.value % 2) + "/";
    for (const auto& path : world.machine_of(id).disk().files())
      if (path.starts_with(shard) && path.find(part) != std::string::npos) return path;
    ADD_FAILURE() << "no file with " << part;
    return "";
  }
  bool has_set_aside(int id) {
    for (const auto& path : world.machine_of(id).disk().files())
      if (path.find("damaged") != std::string::npos) return true;
    return false;
  }

  World world{31};
  std::uint64_t written = 0;
};

TEST_F(Repair, AFlippedBitInAnyFileOfAFollowerIsRepairedByThePeers) {
  for (const char* part : {".wal", ".seg", "/store"}) {
    SCOPED_TRACE(part);
    const int victim = follower();
    world.crash(victim);
    const std::string path = file(victim, part);
    ASSERT_TRUE(world.machine_of(victim).disk().flip_bit(
        path, 100 % world.machine_of(victim).disk().contents(path)->size(), 3));
    world.restart(victim);
    expect_whole();
  }
}

TEST_F(Repair, WhatIsDamagedWhileTheNodeRunsIsFoundWhenItIsReadAndRepaired) {
  const int leader = world.wait_for_leader(kGroup);
  const int victim = follower();
  world.crash(victim);
  write(100);
  const std::string path = file(leader, ".seg");
  ASSERT_TRUE(world.machine_of(leader).disk().flip_bit(
      path, world.machine_of(leader).disk().contents(path)->size() / 2, 3));
  // The node that is back needs what is damaged, unless it takes it from another.
  world.restart(victim, Origin::kLost);
  expect_whole();
}

TEST_F(Repair, DamageThatAReaderFindsCostsTheLeaderItsLead) {
  const int leader = world.wait_for_leader(kGroup);
  Group* group = world.host(leader).groups.at(kGroup);
  const std::string path = file(leader, ".seg");
  auto& disk = world.machine_of(leader).disk();
  ASSERT_TRUE(disk.flip_bit(path, disk.contents(path)->size() / 2, 3));
  bool found = false;
  for (Offset at{0}; !found && at < group->next_offset();) {
    const auto read = group->read_from_offset(at, 1);
    found = !read;
    if (read) at = read->back().header.next_offset();
  }
  ASSERT_TRUE(found);
  EXPECT_FALSE(group->is_leader());
  ASSERT_TRUE(world.simulation.run_until([&] { return world.leader(kGroup) != 0; }, 10'000'000));
  EXPECT_NE(world.leader(kGroup), leader);
  expect_whole();
}

TEST_F(Repair, ANodeWithAnEmptyDiskIsFilledAndVotesOnlyThen) {
  const int victim = follower();
  world.crash(victim);
  world.machine_of(victim).disk().remove_all("/data");
  const int leader = world.leader(kGroup);
  world.restart(victim);
  EXPECT_TRUE(world.host(victim).groups.at(kGroup)->core().in_doubt());
  // The one that could vote with it is gone: nobody is elected by what it forgot.
  const int other = 7 + 11 + 42 - leader - victim;
  world.crash(leader);
  world.simulation.run_for(10'000'000);
  EXPECT_TRUE(world.host(victim).groups.at(kGroup)->core().in_doubt());
  EXPECT_FALSE(world.host(other).groups.at(kGroup)->is_leader());
  world.restart(leader);
  expect_whole();
}

TEST_F(Repair, WhatWasSetAsideGoesWhenItIsReplacedAndNotBefore) {
  const int victim = follower();
  world.crash(victim);
  ASSERT_TRUE(world.machine_of(victim).disk().flip_bit(file(victim, ".wal"), 100, 3));
  world.restart(victim);
  EXPECT_TRUE(has_set_aside(victim));
  Shard& shard = world.host(victim).node->shard(kGroup.value % 2);
  ASSERT_TRUE(wait_repaired());
  world.simulation.run_for(3'000'000);
  EXPECT_TRUE(has_set_aside(victim)) << "groups that are not created yet may need it";
  shard.groups_complete();
  world.simulation.run_for(3'000'000);
  EXPECT_FALSE(has_set_aside(victim));
}

TEST_F(Repair, AGroupWithAMajorityDamagedStopsAndKeepsWhatThereIs) {
  for (int id : {7, 11}) {
    world.crash(id);
    ASSERT_TRUE(world.machine_of(id).disk().flip_bit(file(id, ".seg"), 100, 3));
  }
  world.restart(7);
  world.restart(11);
  world.simulation.run_for(20'000'000);
  EXPECT_EQ(world.leader(kGroup), 0);
  for (int id : {7, 11}) {
    EXPECT_TRUE(world.host(id).groups.at(kGroup)->core().in_doubt());
    EXPECT_TRUE(has_set_aside(id));
  }
  EXPECT_EQ(world.host(42).machines.at(kGroup)->count, written);
}

// Every file of a random minority, at any byte, over and over, with crashes at any moment of the repair.
TEST_F(Repair, NothingIsLostWhileOneNodeAfterTheOtherIsDamaged) {
  Prng prng(77);
  for (int round = 0; round < 12; ++round) {
    const int victim = std::array{7, 11, 42}[prng.below(3)];
    world.power_off(victim);
    auto& disk = world.machine_of(victim).disk();
    if (prng.chance(1, 4)) {
      (void)disk.remove_all("/data");
    } else {
      const auto files = disk.files();
      const std::string& path = files[prng.below(files.size())];
      const auto size = disk.contents(path)->size();
      // The very end of the log cannot be told from a torn one; see docs/format/wal.md.
      if (size > 0) disk.flip_bit(path, prng.below(size * 3 / 4 + 1), static_cast<unsigned>(prng.below(8)));
    }
    world.restart(victim);
    if (prng.chance(1, 2)) {
      world.simulation.run_for(static_cast<std::int64_t>(prng.below(600'000)));
      world.power_off(victim);
      world.restart(victim);
    }
    SCOPED_TRACE(round);
    expect_whole();
    if (HasFatalFailure()) return;
  }
}

}  // namespace
}  // namespace kontiki::multiraft::test
