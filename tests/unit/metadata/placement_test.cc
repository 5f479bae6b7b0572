#include "metadata/placement.h"

#include "builder.h"

#include <gtest/gtest.h>

#include <map>
#include <set>

namespace kontiki::metadata {
namespace {

std::vector<NodeLoad> empty_nodes(std::int32_t count, std::int32_t racks = 0) {
  std::vector<NodeLoad> loads;
  for (std::int32_t i = 0; i < count; ++i)
    loads.push_back(
        {.node = NodeId(10 + 7 * i), .rack = racks == 0 ? "" : "rack" + std::to_string(i % racks)});
  return loads;
}

struct Spread {
  std::uint64_t min = UINT64_MAX, max = 0;
};
template <typename Counts>
Spread spread_of(const Counts& counts) {
  Spread spread;
  for (const auto& [key, count] : counts) {
    spread.min = std::min<std::uint64_t>(spread.min, count);
    spread.max = std::max<std::uint64_t>(spread.max, count);
  }
  return spread;
}

// Leaders within one of each other; replicas, which come second, within two.
TEST(PlacementTest, LeadersAndReplicasAreEvenForEverySizeOfCluster) {
  for (std::int32_t nodes = 1; nodes <= 9; ++nodes)
    for (std::int32_t factor = 1; factor <= std::min(nodes, 5); ++factor)
      for (const std::int32_t partitions : {1, 2, 3, 7, 12, 50}) {
        Prng prng(static_cast<std::uint64_t>(nodes * 100 + factor));
        const auto loads = empty_nodes(nodes);
        const auto placed = place(loads, partitions, factor, prng);
        ASSERT_TRUE(placed);
        ASSERT_EQ(placed->size(), static_cast<std::size_t>(partitions));
        std::map<NodeId, std::uint64_t> leaders, replicas;
        for (const NodeLoad& load : loads) leaders[load.node] = replicas[load.node] = 0;
        for (const Replicas& list : *placed) {
          ++leaders[list.front()];
          EXPECT_EQ(std::set<NodeId>(list.begin(), list.end()).size(), static_cast<std::size_t>(factor));
          for (const NodeId node : list) ++replicas[node];
        }
        EXPECT_LE(spread_of(leaders).max - spread_of(leaders).min, 1u)
            << nodes << " " << factor << " " << partitions;
        EXPECT_LE(spread_of(replicas).max - spread_of(replicas).min, 2u)
            << nodes << " " << factor << " " << partitions;
      }
}

TEST(PlacementTest, TheFollowersOfALeaderAreSpreadSoThatItsPartitionsFallToDifferentNodes) {
  Prng prng(1);
  const auto placed = place(empty_nodes(5), 100, 3, prng);
  std::map<std::pair<NodeId, NodeId>, std::uint64_t> pairs;
  for (const Replicas& list : *placed)
    for (std::size_t i = 1; i < list.size(); ++i) ++pairs[{list.front(), list[i]}];
  EXPECT_EQ(pairs.size(), 20u);
  EXPECT_GE(spread_of(pairs).min, 5u);
  EXPECT_LE(spread_of(pairs).max, 15u);
}

TEST(PlacementTest, ReplicasOfAPartitionStandInDifferentRacksWhileThereAreEnough) {
  Prng prng(3);
  const auto loads = empty_nodes(6, 3);
  std::map<NodeId, std::string> rack_of;
  for (const NodeLoad& load : loads) rack_of[load.node] = load.rack;
  const auto placed = place(loads, 30, 3, prng);
  for (const Replicas& list : *placed) {
    std::set<std::string> racks;
    for (const NodeId node : list) racks.insert(rack_of[node]);
    EXPECT_EQ(racks.size(), 3u);
  }
}

TEST(PlacementTest, WhatIsLeftOpenGoesWhereTheLoadIsLowest) {
  auto loads = empty_nodes(4);
  for (NodeLoad& load : loads) load.replicas = load.leaders = 10;
  loads[2].replicas = loads[2].leaders = 0;
  for (std::uint64_t seed = 0; seed < 20; ++seed) {
    Prng prng(seed);
    EXPECT_EQ(place(loads, 1, 1, prng)->front().front(), loads[2].node);
  }
}

TEST(PlacementTest, SmallTopicsDoNotAllBeginOnTheSameNode) {
  Prng prng(5);
  std::set<NodeId> seen;
  for (int i = 0; i < 50; ++i) seen.insert(place(empty_nodes(4), 1, 1, prng)->front().front());
  EXPECT_EQ(seen.size(), 4u);
}

TEST(PlacementTest, TheSameInputsGiveTheSamePlacement) {
  Prng a(9), b(9);
  EXPECT_EQ(place(empty_nodes(5), 20, 3, a), place(empty_nodes(5), 20, 3, b));
}

TEST(PlacementTest, ImpossibleWishesAreRefused) {
  Prng prng(1);
  EXPECT_EQ(place(empty_nodes(3), 0, 1, prng).error(), Error::kInvalidPartitions);
  EXPECT_EQ(place(empty_nodes(3), 200'000, 1, prng).error(), Error::kInvalidPartitions);
  EXPECT_EQ(place(empty_nodes(3), 1, 0, prng).error(), Error::kInvalidReplicationFactor);
  EXPECT_EQ(place(empty_nodes(3), 1, 4, prng).error(), Error::kInvalidReplicationFactor);
  EXPECT_EQ(place({}, 1, 1, prng).error(), Error::kInvalidReplicationFactor);
}

TEST(PlacementTest, LoadsCountWhatTheTopicsPutOnTheUsableNodes) {
  Built built;
  built.register_nodes({1, 2, 3});
  built.apply(CreateTopic{"t", uuid(1), {}, {nodes({1, 2}), nodes({2, 3}), nodes({2, 1})}});
  const auto loads = node_loads(built.cluster, [](NodeId id) { return id != NodeId(3); });
  ASSERT_EQ(loads.size(), 2u);
  EXPECT_EQ(loads[0].node, NodeId(1));
  EXPECT_EQ(loads[0].replicas, 2u);
  EXPECT_EQ(loads[0].leaders, 1u);
  EXPECT_EQ(loads[1].replicas, 3u);
  EXPECT_EQ(loads[1].leaders, 2u);
}

}  // namespace
}  // namespace kontiki::metadata
