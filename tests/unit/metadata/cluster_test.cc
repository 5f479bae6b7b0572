#include "base/limits.h"
#include "builder.h"

#include <gtest/gtest.h>

#include <set>

namespace kontiki::metadata {
namespace {

struct ClusterTest : ::testing::Test {
  void SetUp() override { built.register_nodes({3, 40, 700}); }
  CreateTopic create(std::string name, std::uint8_t id, std::vector<Replicas> partitions = {nodes({3})}) {
    return {std::move(name), uuid(id), {}, std::move(partitions)};
  }
  Built built;
};

TEST_F(ClusterTest, TheClusterIdIsSetOnce) {
  EXPECT_EQ(built.error_of(SetClusterId{uuid(9)}), Error::kNone);
  EXPECT_EQ(built.error_of(SetClusterId{uuid(8)}), Error::kClusterIdSet);
  EXPECT_EQ(built.cluster.cluster_id(), uuid(9));
}

TEST_F(ClusterTest, NodesHaveAnyIdAndMayComeBackWithAnotherKafkaAddress) {
  Node node = node_of(40);
  node.host = "moved";
  node.rack = "r1";
  const ApplyResult result = built.apply(RegisterNode{node});
  EXPECT_EQ(result.changes, std::vector<Change>{NodeChanged{NodeId(40)}});
  node.first_group = built.cluster.next_group();
  EXPECT_EQ(*built.cluster.node(NodeId(40)), node);
  EXPECT_TRUE(built.apply(RegisterNode{node}).changes.empty()) << "nothing new";
  EXPECT_EQ(built.cluster.node(NodeId(0)), nullptr);
  EXPECT_EQ(built.cluster.nodes().size(), 3u);
}

// Groups that are older than a node's data folder may be forgotten there, and only those.
TEST_F(ClusterTest, ANewDataFolderOfANodeIsYoungerThanTheGroupsOfItsDay) {
  const GroupId before = built.cluster.node(NodeId(3))->first_group;
  built.apply(CreateTopic{"t", uuid(50), {}, {nodes({3})}});
  Node node = node_of(3);
  node.host = "moved";
  EXPECT_EQ(built.error_of(RegisterNode{node}), Error::kNone);
  EXPECT_EQ(built.cluster.node(NodeId(3))->first_group, before) << "the folder is the same";
  node.incarnation = uuid(99);
  EXPECT_EQ(built.error_of(RegisterNode{node}), Error::kNone);
  EXPECT_GT(built.cluster.node(NodeId(3))->first_group,
            built.cluster.topic(std::string_view("t"))->partitions[0].group);
}

TEST_F(ClusterTest, ANodeIdBelongsToOnePeerAddressAndADataFolderToOneNode) {
  Node node = node_of(3);
  node.peer_address = "elsewhere:9093";
  EXPECT_EQ(built.error_of(RegisterNode{node}), Error::kNodeIdInUse);
  node = node_of(4);
  node.peer_address = node_of(3).peer_address;
  EXPECT_EQ(built.error_of(RegisterNode{node}), Error::kPeerAddressInUse);
  node = node_of(4);
  node.incarnation = node_of(3).incarnation;
  EXPECT_EQ(built.error_of(RegisterNode{node}), Error::kPeerAddressInUse);
  EXPECT_EQ(built.cluster.nodes().size(), 3u);
}

TEST_F(ClusterTest, ASeedSlotBelongsToOneNode) {
  Node node = node_of(5);
  node.seed_slot = 0;
  EXPECT_EQ(built.error_of(RegisterNode{node}), Error::kNone);
  node = node_of(6);
  node.seed_slot = 0;
  EXPECT_EQ(built.error_of(RegisterNode{node}), Error::kPeerAddressInUse);
  ASSERT_NE(built.cluster.node_at_slot(0), nullptr);
  EXPECT_EQ(built.cluster.node_at_slot(0)->id, NodeId(5));
  EXPECT_EQ(built.cluster.node_at_slot(1), nullptr);
  EXPECT_EQ(built.cluster.node_at_slot(kNoSlot), nullptr);
}

TEST_F(ClusterTest, IncompleteNodesAreRefused) {
  const auto error = [&](auto change) {
    Node node = node_of(5);
    change(node);
    return built.error_of(RegisterNode{node});
  };
  EXPECT_EQ(error([](Node& n) { n.id = NodeId(-2); }), Error::kInvalidNode);
  EXPECT_EQ(error([](Node& n) { n.incarnation = {}; }), Error::kInvalidNode);
  EXPECT_EQ(error([](Node& n) { n.host = ""; }), Error::kInvalidNode);
  EXPECT_EQ(error([](Node& n) { n.port = 0; }), Error::kInvalidNode);
  EXPECT_EQ(error([](Node& n) { n.peer_address = ""; }), Error::kInvalidNode);
  EXPECT_EQ(error([](Node& n) { n.rack = std::string(5000, 'r'); }), Error::kInvalidNode);
}

TEST_F(ClusterTest, GroupIdsRiseFromOneAndAreNeverReused) {
  const ApplyResult result = built.apply(create("a", 1, {nodes({3, 40}), nodes({40, 700})}));
  EXPECT_EQ(result.outcome.topic_id, uuid(1));
  EXPECT_EQ(result.changes, std::vector<Change>{TopicCreated{uuid(1)}});
  EXPECT_EQ(built.cluster.partition("a", 1)->group, GroupId(2));
  EXPECT_EQ(built.cluster.partition("a", 1)->replicas, nodes({40, 700}));
  const ApplyResult deleted = built.apply(DeleteTopic{uuid(1)});
  ASSERT_EQ(deleted.changes.size(), 1u);
  EXPECT_EQ(std::get<TopicDeleted>(deleted.changes[0]).topic.partitions[1].group, GroupId(2));
  EXPECT_EQ(built.cluster.partition(GroupId(2)), std::nullopt);
  built.apply(create("a", 2));
  EXPECT_EQ(built.cluster.topic("a")->partitions[0].group, GroupId(3)) << "the name may come back at once";
  EXPECT_EQ(built.cluster.topic("a")->id, uuid(2));
  EXPECT_EQ(built.cluster.topic(uuid(1)), nullptr);
}

TEST_F(ClusterTest, TopicsThatLookAlikeWhenJoinedStayApart) {
  built.apply(create("a", 1, {nodes({3}), nodes({3})}));
  built.apply(create("a1", 2));
  built.apply(create("ab", 3));
  built.apply(create("abc", 4));
  std::set<GroupId> groups;
  for (const auto& [name, topic] : built.cluster.topics())
    for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
      const auto ref = built.cluster.partition(topic.partitions[i].group);
      ASSERT_TRUE(ref);
      EXPECT_EQ(ref->topic, &topic);
      EXPECT_EQ(ref->partition, static_cast<std::int32_t>(i));
      groups.insert(topic.partitions[i].group);
    }
  EXPECT_EQ(groups.size(), 5u);
  EXPECT_LT((TopicPartition{"a", 1}), (TopicPartition{"a1", 0}));
  EXPECT_NE(built.cluster.partition("a", 1)->group, built.cluster.partition("a1", 0)->group);
}

TEST_F(ClusterTest, NamesAreCheckedAndMayNotCollide) {
  for (const std::string name : {"", ".", "..", "a b", "a/b", "\xc3\xa4", "a\n"})
    EXPECT_EQ(built.error_of(create(name, 1)), Error::kInvalidName) << name;
  EXPECT_EQ(built.error_of(create(std::string(250, 'a'), 1)), Error::kInvalidName);
  EXPECT_EQ(built.error_of(create(std::string(249, 'a'), 1)), Error::kNone);
  EXPECT_EQ(built.error_of(create("a.b", 2)), Error::kNone);
  EXPECT_EQ(built.error_of(create("a.b", 3)), Error::kTopicExists);
  EXPECT_EQ(built.error_of(create("a_b", 3)), Error::kCollides);
  EXPECT_EQ(built.error_of(create("...", 3)), Error::kNone);
  built.apply(DeleteTopic{uuid(2)});
  EXPECT_EQ(built.error_of(create("a_b", 4)), Error::kNone) << "the other is gone";
}

TEST_F(ClusterTest, TopicsThatCannotBeAreRefusedAndLeaveNothingBehind) {
  const Cluster before = built.cluster;
  EXPECT_EQ(built.error_of(create("a", 1, {})), Error::kInvalidPartitions);
  EXPECT_EQ(built.error_of(create("a", 1, {nodes({})})), Error::kInvalidReplicationFactor);
  EXPECT_EQ(built.error_of(create("a", 1, {nodes({3, 3})})), Error::kInvalidAssignment);
  EXPECT_EQ(built.error_of(create("a", 1, {nodes({3}), nodes({3, 40})})), Error::kInvalidAssignment)
      << "uneven";
  EXPECT_EQ(built.error_of(create("a", 1, {nodes({0})})), Error::kInvalidAssignment) << "unknown node";
  EXPECT_EQ(built.error_of(CreateTopic{"a", {}, {}, {nodes({3})}}), Error::kInvalidRequest) << "no id";
  EXPECT_EQ(built.error_of(CreateTopic{"a", uuid(1), {{"x", std::string(5000, 'v')}}, {nodes({3})}}),
            Error::kInvalidConfig);
  EXPECT_EQ(built.error_of(DeleteTopic{uuid(1)}), Error::kUnknownTopic);
  EXPECT_EQ(built.cluster.topics(), before.topics());
  EXPECT_EQ(built.cluster.next_group(), before.next_group());
}

TEST_F(ClusterTest, PartitionsAreAddedOnlyToTheNumberThatTheProposerSaw) {
  built.apply(create("a", 1, {nodes({3, 40}), nodes({3, 40})}));
  EXPECT_EQ(built.error_of(CreatePartitions{uuid(1), 1, {nodes({3, 40})}}), Error::kInvalidPartitions);
  EXPECT_EQ(built.error_of(CreatePartitions{uuid(1), 2, {}}), Error::kInvalidPartitions);
  EXPECT_EQ(built.error_of(CreatePartitions{uuid(1), 2, {nodes({3})}}), Error::kInvalidAssignment);
  EXPECT_EQ(built.error_of(CreatePartitions{uuid(7), 2, {nodes({3, 40})}}), Error::kUnknownTopic);
  const ApplyResult result = built.apply(CreatePartitions{uuid(1), 2, {nodes({700, 40})}});
  EXPECT_EQ(result.changes, (std::vector<Change>{PartitionsAdded{uuid(1), 2}}));
  EXPECT_EQ(built.cluster.partition(GroupId(3))->partition, 2);
  EXPECT_EQ(built.cluster.partition_count(), 3u);
  EXPECT_EQ(built.cluster.partition("a", 3), nullptr);
  EXPECT_EQ(built.cluster.partition("a", -1), nullptr);
}

TEST_F(ClusterTest, SettingsAreSetAndRemoved) {
  built.apply(create("a", 1));
  EXPECT_EQ(
      built.apply(SetTopicConfigs{uuid(1), {{"retention.ms", "5"}, {"segment.bytes", "9"}}, {}}).changes,
      std::vector<Change>{ConfigChanged{uuid(1)}});
  built.apply(SetTopicConfigs{uuid(1), {{"retention.ms", "6"}}, {"segment.bytes"}});
  EXPECT_EQ(built.cluster.topic("a")->configs, (Configs{{"retention.ms", "6"}}));
  EXPECT_TRUE(built.apply(SetTopicConfigs{uuid(1), {}, {"absent"}}).changes.empty());
  EXPECT_EQ(built.error_of(SetTopicConfigs{uuid(2), {}, {}}), Error::kUnknownTopic);
  Configs many;
  for (int i = 0; i < 100; ++i) many["c" + std::to_string(i)] = "v";
  EXPECT_EQ(built.error_of(SetTopicConfigs{uuid(1), many, {}}), Error::kInvalidConfig);
}

TEST_F(ClusterTest, ProducerIdBlocksNeverOverlap) {
  const ProducerIdBlock first = built.apply(AllocateProducerIds{NodeId(3), 1000}).outcome.producer_ids;
  const ProducerIdBlock second = built.apply(AllocateProducerIds{NodeId(40), 10}).outcome.producer_ids;
  EXPECT_EQ(first, (ProducerIdBlock{ProducerId(0), 1000}));
  EXPECT_EQ(second, (ProducerIdBlock{ProducerId(1000), 10}));
  EXPECT_EQ(built.cluster.next_producer_id(), ProducerId(1010));
  EXPECT_EQ(built.error_of(AllocateProducerIds{NodeId(9), 10}), Error::kUnknownNode);
  EXPECT_EQ(built.error_of(AllocateProducerIds{NodeId(3), 0}), Error::kInvalidRequest);
  EXPECT_EQ(built.error_of(AllocateProducerIds{NodeId(3), 1 << 30}), Error::kInvalidRequest);
}

TEST_F(ClusterTest, ARepeatedRequestIsAppliedOnceAndAnsweredAlike) {
  const ApplyResult first = built.apply(AllocateProducerIds{NodeId(3), 5}, uuid(50));
  const ApplyResult again = built.apply(AllocateProducerIds{NodeId(3), 5}, uuid(50));
  EXPECT_FALSE(first.repeated);
  EXPECT_TRUE(again.repeated);
  EXPECT_EQ(again.outcome, first.outcome);
  EXPECT_EQ(built.cluster.next_producer_id(), ProducerId(5));
  EXPECT_EQ(built.cluster.outcome(uuid(50)), first.outcome);
  built.apply(create("a", 1), uuid(51));
  const ApplyResult retried = built.apply(create("a", 1), uuid(51));
  EXPECT_EQ(retried.outcome.error, Error::kNone) << "not \"exists\": it is the same request";
  EXPECT_TRUE(retried.changes.empty());
  built.apply(DeleteTopic{uuid(9)}, uuid(52));
  EXPECT_EQ(built.apply(DeleteTopic{uuid(9)}, uuid(52)).outcome.error, Error::kUnknownTopic)
      << "errors as well";
}

TEST_F(ClusterTest, TokensAreRememberedUpToABound) {
  const auto token = [](std::size_t n) {
    Uuid id = uuid(1);
    for (std::size_t i = 0; i < 8; ++i) id.bytes[i] = static_cast<std::uint8_t>(n >> (8 * i));
    return id;
  };
  for (std::size_t i = 0; i <= limits::kMetadataTokensRemembered; ++i)
    built.apply(AllocateProducerIds{NodeId(3), 1}, token(i));
  EXPECT_EQ(built.cluster.outcome(token(0)), std::nullopt);
  EXPECT_TRUE(built.cluster.outcome(token(1)));
  EXPECT_TRUE(built.cluster.outcome(token(limits::kMetadataTokensRemembered)));
}

TEST_F(ClusterTest, OtherEntriesTakeAnIndexOnly) {
  const Index before = built.cluster.applied();
  const ApplyResult result = built.apply(EntryKind::kTermStart, {});
  EXPECT_TRUE(result.token.is_zero());
  EXPECT_TRUE(result.changes.empty());
  built.apply(EntryKind::kConfiguration, Slice::copy_of("anything"));
  EXPECT_EQ(built.cluster.applied(), before + 2);
}

TEST(ClusterDeathTest, AnUnknownCommandStopsTheProcessInsteadOfDiverging) {
  Built built;
  EXPECT_EXIT(built.apply(EntryKind::kCommand, Slice::copy_of("\x09unknown")),
              ::testing::ExitedWithCode(static_cast<int>(Reason::kDataMismatch)), "newer Kontiki");
}

}  // namespace
}  // namespace kontiki::metadata
