// The topic that holds the consumer groups: clients may look at it, and nothing that they ask changes it.

#include "kafka/messages/alter_configs.h"
#include "kafka/messages/create_partitions.h"
#include "kafka/messages/delete_records.h"
#include "kafka/messages/delete_topics.h"
#include "kafka/messages/describe_configs.h"
#include "kafka/messages/describe_log_dirs.h"
#include "kafka/messages/describe_producers.h"
#include "kafka/messages/describe_topic_partitions.h"
#include "kafka/messages/elect_leaders.h"
#include "kafka/messages/find_coordinator.h"
#include "kafka/messages/incremental_alter_configs.h"
#include "metadata/names.h"
#include "unit/broker/world.h"

#include <gmock/gmock.h>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;
using ::testing::SizeIs;

constexpr std::int8_t kTopicResource = 2;

TEST(InternalTopic, CanBeLookedAtAndNotChanged) {
  World world({.nodes = 1, .shards = 2});
  ASSERT_TRUE(world.wait_ready());
  TestClient client = world.client(0);
  kafka::FindCoordinatorRequest find;
  find.key = "g";
  ASSERT_TRUE(world.wait([&] { return client.call(find, 2).error_code == ErrorCode::kNone; }));
  const std::string name(metadata::kGroupsTopic);
  const std::size_t partitions = world.broker(0).shard(0).cluster().topic(name)->partitions.size();

  kafka::CreatePartitionsRequest grow;
  grow.topics.push_back({name, 1000, std::nullopt});
  EXPECT_EQ(client.call(grow, 3).results.at(0).error_code, ErrorCode::kInvalidTopicException);
  kafka::IncrementalAlterConfigsRequest change;
  change.resources.push_back({kTopicResource, name, {{"retention.ms", 0, "1"}}});
  EXPECT_EQ(client.call(change, 1).responses.at(0).error_code, ErrorCode::kInvalidTopicException);
  kafka::AlterConfigsRequest replace;
  replace.resources.push_back({kTopicResource, name, {{"retention.ms", "1"}}});
  EXPECT_EQ(client.call(replace, 2).responses.at(0).error_code, ErrorCode::kInvalidTopicException);
  kafka::DeleteTopicsRequest remove;
  remove.topics.push_back({name, Uuid{}});
  EXPECT_EQ(client.call(remove, 6).responses.at(0).error_code, ErrorCode::kInvalidTopicException);
  kafka::DeleteRecordsRequest records;
  records.topics.push_back({name, {{0, -1}}});
  EXPECT_EQ(client.call(records, 2).topics.at(0).partitions.at(0).error_code,
            ErrorCode::kInvalidTopicException);
  kafka::DescribeProducersRequest producers;
  producers.topics.push_back({name, {0}});
  EXPECT_EQ(client.call(producers, 0).topics.at(0).partitions.at(0).error_code,
            ErrorCode::kInvalidTopicException);
  EXPECT_EQ(world.broker(0).shard(0).cluster().topic(name)->partitions.size(), partitions);

  kafka::DescribeTopicPartitionsRequest describe;
  const auto described = client.call(describe, 0);
  ASSERT_THAT(described.topics, SizeIs(1));
  EXPECT_TRUE(described.topics[0].is_internal);
  EXPECT_THAT(described.topics[0].partitions, SizeIs(partitions));
  kafka::DescribeConfigsRequest configs;
  configs.resources.push_back({kTopicResource, name, std::nullopt});
  EXPECT_EQ(client.call(configs, 4).results.at(0).error_code, ErrorCode::kNone);
  kafka::DescribeLogDirsRequest folders;
  folders.topics.reset();
  EXPECT_THAT(client.call(folders, 4).results.at(0).topics.at(0).partitions, SizeIs(partitions));
  kafka::ElectLeadersRequest elect;
  elect.topic_partitions->push_back({name, {0}});
  EXPECT_EQ(client.call(elect, 2).replica_election_results.at(0).partition_result.at(0).error_code,
            ErrorCode::kElectionNotNeeded);
}

}  // namespace
}  // namespace kontiki::broker
