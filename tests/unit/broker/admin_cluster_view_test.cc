#include "unit/broker/admin_fixture.h"

#include <gmock/gmock.h>

namespace kontiki::broker {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class AdminClusterView : public AdminTest {
 protected:
  AdminClusterView() {
    add_nodes(3);
    topic_ = &add_topic("t", {{NodeId(10), NodeId(20), NodeId(30)}});
  }
  GroupId group() const { return topic_->partitions[0].group; }
  kafka::MetadataResponse::Partition partition() const { return view().describe(*topic_).partitions.at(0); }

  const metadata::Topic* topic_ = nullptr;
};

TEST_F(AdminClusterView, APartitionWithoutAKnownLeaderIsListedWithAnError) {
  const auto shown = partition();
  EXPECT_EQ(shown.error_code, kafka::ErrorCode::kLeaderNotAvailable);
  EXPECT_EQ(shown.leader_id, -1);
  EXPECT_EQ(shown.leader_epoch, -1);
  EXPECT_THAT(shown.replica_nodes, ElementsAre(10, 20, 30));
  EXPECT_THAT(shown.isr_nodes, ElementsAre(10, 20, 30));
  EXPECT_THAT(shown.offline_replicas, IsEmpty());
}

TEST_F(AdminClusterView, ShowsTheLeaderItsEpochAndWhoKeepsUp) {
  leaders_.update({group(), Term(7), NodeId(20), {NodeId(20), NodeId(30)}});
  const auto shown = partition();
  EXPECT_EQ(shown.error_code, kafka::ErrorCode::kNone);
  EXPECT_EQ(shown.leader_id, 20);
  EXPECT_EQ(shown.leader_epoch, 7);
  EXPECT_THAT(shown.isr_nodes, ElementsAre(20, 30));
}

TEST_F(AdminClusterView, ADeadLeaderIsNoLeaderAndADeadReplicaIsOffline) {
  leaders_.update({group(), Term(7), NodeId(20), {NodeId(10), NodeId(20), NodeId(30)}});
  alive_ = {NodeId(10), NodeId(30)};
  const auto shown = partition();
  EXPECT_EQ(shown.error_code, kafka::ErrorCode::kLeaderNotAvailable);
  EXPECT_EQ(shown.leader_id, -1);
  EXPECT_THAT(shown.isr_nodes, ElementsAre(10, 30));
  EXPECT_THAT(shown.offline_replicas, ElementsAre(20));
}

TEST_F(AdminClusterView, BrokersAreThoseRegisteredAndAnsweringWithTheirAdvertisedAddress) {
  alive_ = {NodeId(10), NodeId(30), NodeId(40)};
  const auto brokers = view().brokers();
  ASSERT_EQ(brokers.size(), 2u);
  EXPECT_EQ(brokers[1]->id, NodeId(30));
  EXPECT_EQ(brokers[1]->host, "kafka-3");
  EXPECT_EQ(brokers[1]->port, 9093);
}

TEST_F(AdminClusterView, TheControllerIsAlwaysABrokerThatAnswers) {
  EXPECT_EQ(view().controller(), NodeId(10));
  metadata_leader_ = NodeId(30);
  EXPECT_EQ(view().controller(), NodeId(30));
  alive_ = {NodeId(10), NodeId(20)};
  EXPECT_EQ(view().controller(), NodeId(10));
}

TEST_F(AdminClusterView, ABrokerIsCutOffUnlessAMajorityOfTheSeedsAnswers) {
  EXPECT_FALSE(view().is_cut_off());
  seeds_ = 5;
  EXPECT_FALSE(view().is_cut_off());
  alive_ = {NodeId(10), NodeId(30)};
  EXPECT_TRUE(view().is_cut_off());
  seeds_ = 4;
  EXPECT_TRUE(view().is_cut_off());
  seeds_ = 3;
  EXPECT_FALSE(view().is_cut_off());
}

TEST_F(AdminClusterView, ABrokerThatIsCutOffNamesAllBrokers) {
  seeds_ = 3;
  alive_ = {NodeId(10), NodeId(20)};
  EXPECT_EQ(view().brokers().size(), 2u);
  alive_ = {NodeId(10)};
  EXPECT_EQ(view().brokers().size(), 3u);
}

TEST_F(AdminClusterView, ATopicIsLedIfEachOfItsPartitionsIs) {
  const auto& two = add_topic("two", {{NodeId(10)}, {NodeId(20)}});
  leaders_.update({two.partitions[0].group, Term(1), NodeId(10), {}});
  EXPECT_FALSE(view().is_led(two));
  leaders_.update({two.partitions[1].group, Term(1), NodeId(20), {}});
  EXPECT_TRUE(view().is_led(two));
}

TEST_F(AdminClusterView, TheClusterIdIsNullUntilThereIsOne) {
  EXPECT_EQ(view().cluster_id(), std::nullopt);
  const auto id = Uuid::random(prng_);
  apply(metadata::SetClusterId{id});
  EXPECT_EQ(view().cluster_id(), id.text());
}

}  // namespace
}  // namespace kontiki::broker
