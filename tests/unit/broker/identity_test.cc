// A data folder is never served under another node id or with another number of shards.

#include "broker/identity.h"

#include "sim/simulation.h"

#include <gtest/gtest.h>

namespace kontiki::broker {
namespace {

class IdentityTest : public testing::Test {
 protected:
  Result<Identity, IdentityProblem> claim(std::int32_t node, std::uint32_t shards, std::uint64_t seed = 1) {
    return claim_folder(disk_, "/data", NodeId(node), shards, Prng(seed));
  }
  sim::Simulation sim_{1};
  sim::SimDisk& disk_ = sim_.add_node("n").disk();
};

TEST_F(IdentityTest, ANewFolderIsClaimedForGood) {
  const auto first = claim(7, 2, 1);
  ASSERT_TRUE(first.has_value()) << first.error().message;
  disk_.power_loss();
  const auto second = claim(7, 2, 99);
  ASSERT_TRUE(second.has_value()) << second.error().message;
  EXPECT_EQ(*first, *second);
  EXPECT_FALSE(first->incarnation.is_zero());
}

TEST(Identity, WhatASecondStartReliesOnSurvivesThoughTheFirstDiedBeforeItsNameWasDurable) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    sim::Simulation sim(seed);
    sim::SimDisk& disk = sim.add_node("n").disk();
    disk.fail_nth(sim::DiskOp::kSyncDir, 1, env::DiskError::kIo);
    ASSERT_FALSE(claim_folder(disk, "/data", NodeId(7), 2, Prng(1)).has_value());
    disk.crash_process();
    const auto second = claim_folder(disk, "/data", NodeId(7), 2, Prng(2));
    ASSERT_TRUE(second.has_value());
    disk.power_loss();
    const auto third = claim_folder(disk, "/data", NodeId(7), 2, Prng(3));
    ASSERT_TRUE(third.has_value());
    EXPECT_EQ(*second, *third);
  }
}

TEST_F(IdentityTest, AnotherNodeOrNumberOfShardsIsRefused) {
  ASSERT_TRUE(claim(7, 2).has_value());
  const auto node = claim(8, 2);
  ASSERT_FALSE(node.has_value());
  EXPECT_EQ(node.error().reason, Reason::kDataMismatch);
  EXPECT_NE(node.error().message.find("--node-id 7"), std::string::npos);
  const auto shards = claim(7, 3);
  ASSERT_FALSE(shards.has_value());
  EXPECT_EQ(shards.error().reason, Reason::kDataMismatch);
  EXPECT_NE(shards.error().message.find("--shards 2"), std::string::npos);
}

// Whoever may have forgotten something has another incarnation from then on.
TEST_F(IdentityTest, EveryFlippedBitAndEveryCutIsFoundAndCostsTheIncarnation) {
  const auto made = claim(7, 2);
  ASSERT_TRUE(made.has_value());
  ASSERT_TRUE(disk_.make_dirs("/data/shard-0").has_value());
  ASSERT_TRUE(disk_.make_dirs("/data/shard-1").has_value());
  for (const char* shard : {"/data/shard-0/x", "/data/shard-1/x"})
    ASSERT_TRUE(disk_.open(shard, env::OpenMode::kCreate).has_value());
  const std::size_t size = disk_.contents("/data/identity")->size();
  Uuid last = made->incarnation;
  std::uint64_t seed = 1;
  const auto expect_another = [&](std::size_t at) {
    const auto again = claim(7, 2, ++seed);
    ASSERT_TRUE(again.has_value()) << at << ": " << again.error().message;
    EXPECT_EQ(again->node_id, NodeId(7));
    EXPECT_EQ(again->shards, 2u);
    EXPECT_NE(again->incarnation, last) << at;
    last = again->incarnation;
  };
  for (std::size_t at = 0; at < size; ++at)
    for (unsigned bit = 0; bit < 8; ++bit) {
      ASSERT_TRUE(disk_.flip_bit("/data/identity", at, bit));
      expect_another(at);
    }
  for (std::size_t cut = size; cut-- > 0;) {
    ASSERT_TRUE(disk_.truncate_file("/data/identity", cut));
    expect_another(cut);
  }
  ASSERT_TRUE(disk_.remove("/data/identity").has_value());
  expect_another(size);
  ASSERT_TRUE(disk_.truncate_file("/data/identity", 5));
  EXPECT_FALSE(claim(7, 3).has_value()) << "the folder has two shards";
}

}  // namespace
}  // namespace kontiki::broker
