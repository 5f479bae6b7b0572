// The administrative APIs, as clients of unmodified brokers in the simulator meet them.

#include "base/limits.h"
#include "kafka/messages/create_partitions.h"
#include "kafka/messages/create_topics.h"
#include "kafka/messages/delete_topics.h"
#include "kafka/messages/describe_cluster.h"
#include "kafka/messages/describe_configs.h"
#include "kafka/messages/find_coordinator.h"
#include "kafka/messages/init_producer_id.h"
#include "kafka/messages/metadata.h"
#include "unit/broker/world.h"

#include <gmock/gmock.h>

#include <set>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;
using ::testing::IsEmpty;
using ::testing::SizeIs;

kafka::CreateTopicsRequest create_of(const std::string& name, std::int32_t partitions = -1,
                                     std::int16_t replicas = -1) {
  kafka::CreateTopicsRequest request;
  auto& topic = request.topics.emplace_back();
  topic.name = name;
  topic.num_partitions = partitions;
  topic.replication_factor = replicas;
  return request;
}

kafka::MetadataRequest metadata_of(const std::vector<std::string>& names, bool create = false) {
  kafka::MetadataRequest request;
  for (const auto& name : names) request.topics->push_back({Uuid{}, name});
  request.allow_auto_topic_creation = create;
  return request;
}

kafka::MetadataResponse::Topic the_topic(const kafka::MetadataResponse& response) {
  EXPECT_THAT(response.topics, SizeIs(1));
  return response.topics.empty() ? kafka::MetadataResponse::Topic{} : response.topics[0];
}
kafka::CreateTopicsResponse::Topic the_topic(const kafka::CreateTopicsResponse& response) {
  EXPECT_THAT(response.topics, SizeIs(1));
  return response.topics.empty() ? kafka::CreateTopicsResponse::Topic{} : response.topics[0];
}

class AdminApi : public ::testing::Test {
 protected:
  void start(std::size_t nodes, std::size_t shards = 1) {
    World::Options options;
    options.nodes = nodes;
    options.shards = shards;
    world_.emplace(options);
    ASSERT_TRUE(world_->wait_ready());
  }
  // The processes end before their brokers do: writes may be under way.
  void TearDown() override {
    for (std::size_t i = 0; i < world_->size(); ++i)
      if (world_->runs(i)) world_->crash(i);
  }
  TestClient client(std::size_t i = 0) { return world_->client(i); }

  std::optional<World> world_;
};

TEST_F(AdminApi, ACreatedTopicWorksAtTheFirstTryOnEveryBroker) {
  start(3);
  auto admin = client(1);
  const auto made = the_topic(admin.call(create_of("t", 6, 3), 7));
  EXPECT_EQ(made.error_code, ErrorCode::kNone) << made.error_message.value_or("");
  EXPECT_EQ(made.num_partitions, 6);
  EXPECT_EQ(made.replication_factor, 3);
  EXPECT_FALSE(made.topic_id.is_zero());
  ASSERT_TRUE(made.configs);
  EXPECT_FALSE(made.configs->empty());
  const auto shown = the_topic(admin.call(metadata_of({"t"}), 12));
  EXPECT_EQ(shown.topic_id, made.topic_id);
  ASSERT_THAT(shown.partitions, SizeIs(6));
  std::set<std::int32_t> leaders;
  for (const auto& partition : shown.partitions) {
    EXPECT_EQ(partition.error_code, ErrorCode::kNone);
    EXPECT_GE(partition.leader_epoch, 1);
    leaders.insert(partition.leader_id);
    for (std::size_t i = 0; i < 3; ++i) {
      if (World::node_id(i).value != partition.leader_id) continue;
      auto producer = client(i);
      const auto answer = producer.call(produce_of("t", partition.partition_index, batch_of({"a"})), 9);
      EXPECT_EQ(only(answer).error_code, ErrorCode::kNone) << partition.partition_index;
    }
  }
  EXPECT_THAT(leaders, SizeIs(3)) << "the first replicas lead";
}

TEST_F(AdminApi, EveryVersionOfEveryApiIsAnswered) {
  start(1);
  auto admin = client();
  for (std::int16_t v = 2; v <= 7; ++v)
    EXPECT_EQ(the_topic(admin.call(create_of("t" + std::to_string(v), 1, 1), v)).error_code, ErrorCode::kNone)
        << v;
  for (std::int16_t v = 0; v <= 12; ++v)
    EXPECT_EQ(the_topic(admin.call(metadata_of({"t2"}), v)).error_code, ErrorCode::kNone) << v;
  for (std::int16_t v = 1; v <= 6; ++v) {
    kafka::DeleteTopicsRequest request;
    const std::string name = "t" + std::to_string(v + 1);
    request.topic_names = {name};
    request.topics = {{name, Uuid{}}};
    const auto answer = admin.call(request, v);
    ASSERT_THAT(answer.responses, SizeIs(1));
    EXPECT_EQ(answer.responses[0].error_code, ErrorCode::kNone) << v;
  }
  for (std::int16_t v = 0; v <= 3; ++v) {
    kafka::CreatePartitionsRequest request;
    request.topics.push_back({"t2", 2 + v, std::nullopt});
    EXPECT_EQ(admin.call(request, v).results.at(0).error_code, ErrorCode::kUnknownTopicOrPartition) << v;
  }
  for (std::int16_t v = 0; v <= 5; ++v)
    EXPECT_EQ(admin.call(kafka::InitProducerIdRequest{}, v).error_code, ErrorCode::kNone) << v;
  for (std::int16_t v = 1; v <= 4; ++v) {
    kafka::DescribeConfigsRequest request;
    request.resources.push_back({4, "7", std::nullopt});
    EXPECT_EQ(admin.call(request, v).results.at(0).error_code, ErrorCode::kNone) << v;
  }
  for (std::int16_t v = 0; v <= 2; ++v)
    EXPECT_THAT(admin.call(kafka::DescribeClusterRequest{}, v).brokers, SizeIs(1)) << v;
  for (std::int16_t v = 0; v <= 5; ++v) {
    kafka::FindCoordinatorRequest request;
    request.key = "g";
    request.coordinator_keys = {"g", "h"};
    const auto answer = admin.call(request, v);
    EXPECT_EQ(v < 4 ? answer.error_code : answer.coordinators.at(1).error_code, ErrorCode::kNone) << v;
    EXPECT_EQ(v < 4 ? answer.node_id : answer.coordinators.at(1).node_id, 7) << v;
  }
}

TEST_F(AdminApi, EmptyAndNullTopicListsMeanWhatTheVersionSays) {
  start(1);
  auto admin = client();
  admin.call(create_of("a", 1, 1), 7);
  admin.call(create_of("b", 1, 1), 7);
  auto all = metadata_of({});
  all.topics.reset();
  EXPECT_THAT(admin.call(metadata_of({}), 0).topics, SizeIs(2));
  EXPECT_THAT(admin.call(metadata_of({}), 1).topics, IsEmpty());
  EXPECT_THAT(admin.call(all, 1).topics, SizeIs(2));
  EXPECT_THAT(admin.call(metadata_of({}), 12).topics, IsEmpty());
  EXPECT_THAT(admin.call(all, 12).topics, SizeIs(2));
}

TEST_F(AdminApi, MetadataNamesTheClusterItsBrokersAndALiveController) {
  start(3);
  auto admin = client(2);
  const auto answer = admin.call(metadata_of({}), 8);
  ASSERT_THAT(answer.brokers, SizeIs(3));
  for (const auto& broker : answer.brokers) EXPECT_EQ(broker.port, 9092);
  EXPECT_EQ(answer.cluster_id.value_or("").size(), 22u);
  std::set<std::int32_t> ids;
  for (const auto& broker : answer.brokers) ids.insert(broker.node_id);
  EXPECT_TRUE(ids.contains(answer.controller_id));
  EXPECT_EQ(answer.cluster_authorized_operations, std::numeric_limits<std::int32_t>::min());
  const auto described = admin.call(kafka::DescribeClusterRequest{}, 1);
  EXPECT_EQ(described.cluster_id, answer.cluster_id);
  EXPECT_EQ(described.controller_id, answer.controller_id);
}

TEST_F(AdminApi, ATopicThatDoesNotExistIsNamedAsMissing) {
  start(1);
  auto admin = client();
  EXPECT_EQ(the_topic(admin.call(metadata_of({"none"}), 12)).error_code, ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(the_topic(admin.call(metadata_of({"a b"}, true), 12)).error_code,
            ErrorCode::kInvalidTopicException);
  kafka::MetadataRequest by_id;
  by_id.topics->push_back({Uuid::random(world_->sim().prng()), std::nullopt});
  const auto shown = the_topic(admin.call(by_id, 12));
  EXPECT_EQ(shown.error_code, ErrorCode::kUnknownTopicId);
  EXPECT_EQ(shown.name, std::nullopt);
  EXPECT_EQ(shown.topic_id, by_id.topics->at(0).topic_id);
}

TEST_F(AdminApi, ATopicIsFoundByItsId) {
  start(1);
  auto admin = client();
  const auto made = the_topic(admin.call(create_of("t", 2, 1), 7));
  kafka::MetadataRequest by_id;
  by_id.topics->push_back({made.topic_id, std::nullopt});
  const auto shown = the_topic(admin.call(by_id, 12));
  EXPECT_EQ(shown.name, "t");
  EXPECT_THAT(shown.partitions, SizeIs(2));
}

TEST_F(AdminApi, ATopicNamedOftenIsAnsweredOnce) {
  start(1);
  auto admin = client();
  admin.call(create_of("t", 1, 1), 7);
  EXPECT_THAT(admin.call(metadata_of(std::vector<std::string>(1000, "t")), 9).topics, SizeIs(1));
}

TEST_F(AdminApi, AskingAboutATopicCreatesItWhenAllowed) {
  start(3);
  auto admin = client(1);
  EXPECT_EQ(the_topic(admin.call(metadata_of({"new"}, false), 4)).error_code,
            ErrorCode::kUnknownTopicOrPartition);
  // Versions below 4 cannot forbid it.
  const auto shown = the_topic(admin.call(metadata_of({"new"}, true), 1));
  EXPECT_EQ(shown.error_code, ErrorCode::kNone);
  ASSERT_THAT(shown.partitions, SizeIs(1));
  EXPECT_EQ(shown.partitions[0].error_code, ErrorCode::kNone);
  EXPECT_THAT(shown.partitions[0].replica_nodes, SizeIs(3));
}

TEST_F(AdminApi, WithoutAMajorityWhoAsksForANewTopicIsSentAwayAndCreatingOneTimesOut) {
  start(3);
  world_->crash(0);
  world_->crash(1);
  world_->sim().run_for(5 * kSecond);
  auto asking = client(2);
  asking.send(metadata_of({"new"}, true), 9);
  EXPECT_TRUE(asking.wait_closed());
  auto admin = client(2);
  auto create = create_of("new", 1, 1);
  create.timeout_ms = 2000;
  EXPECT_EQ(the_topic(admin.call(create, 7)).error_code, ErrorCode::kRequestTimedOut);
}

TEST_F(AdminApi, ValidateOnlyCreatesNothing) {
  start(1);
  auto admin = client();
  auto request = create_of("t", 3, 1);
  request.validate_only = true;
  const auto made = the_topic(admin.call(request, 7));
  EXPECT_EQ(made.error_code, ErrorCode::kNone);
  EXPECT_EQ(made.num_partitions, 3);
  EXPECT_EQ(the_topic(admin.call(metadata_of({"t"}), 9)).error_code, ErrorCode::kUnknownTopicOrPartition);
}

TEST_F(AdminApi, ErrorsAreGivenPerTopic) {
  start(1);
  auto admin = client();
  admin.call(create_of("old", 1, 1), 7);
  auto request = create_of("new", 1, 1);
  for (const char* name : {"old", "a b", "twice", "twice"})
    request.topics.push_back(create_of(name, 1, 1).topics[0]);
  request.topics.push_back(create_of("many", 1, 2).topics[0]);
  const auto answer = admin.call(request, 5);
  std::map<std::string, ErrorCode> errors;
  for (const auto& topic : answer.topics) {
    errors[topic.name] = topic.error_code;
    EXPECT_EQ(topic.error_code == ErrorCode::kNone, !topic.error_message) << topic.name;
  }
  EXPECT_THAT(errors,
              ::testing::UnorderedElementsAre(std::pair("new", ErrorCode::kNone),
                                              std::pair("old", ErrorCode::kTopicAlreadyExists),
                                              std::pair("a b", ErrorCode::kInvalidTopicException),
                                              std::pair("twice", ErrorCode::kInvalidRequest),
                                              std::pair("many", ErrorCode::kInvalidReplicationFactor)));
  EXPECT_THAT(answer.topics, SizeIs(5));
}

TEST_F(AdminApi, ADeletedNameCanBeUsedAtOnceForAnotherTopic) {
  start(3, 2);
  auto admin = client();
  const auto first = the_topic(admin.call(create_of("t", 4, 3), 7));
  for (const auto& partition : the_topic(admin.call(metadata_of({"t"}), 9)).partitions)
    EXPECT_EQ(partition.error_code, ErrorCode::kNone);
  kafka::DeleteTopicsRequest request;
  request.topics = {{std::nullopt, first.topic_id}};
  const auto deleted = admin.call(request, 6);
  ASSERT_THAT(deleted.responses, SizeIs(1));
  EXPECT_EQ(deleted.responses[0].error_code, ErrorCode::kNone);
  EXPECT_EQ(deleted.responses[0].name, "t");
  const auto second = the_topic(admin.call(create_of("t", 1, 3), 7));
  EXPECT_EQ(second.error_code, ErrorCode::kNone);
  EXPECT_NE(second.topic_id, first.topic_id);
  EXPECT_EQ(admin.call(request, 6).responses.at(0).error_code, ErrorCode::kUnknownTopicId);
}

TEST_F(AdminApi, DeletingNamesWhatIsWrong) {
  start(1);
  auto admin = client();
  const auto made = the_topic(admin.call(create_of("t", 1, 1), 7));
  kafka::DeleteTopicsRequest request;
  request.topics = {
      {"none", Uuid{}}, {std::nullopt, Uuid{}}, {"t", made.topic_id}, {"t", Uuid{}}, {"t", Uuid{}}};
  const auto answer = admin.call(request, 6);
  ASSERT_THAT(answer.responses, SizeIs(5));
  EXPECT_EQ(answer.responses[0].error_code, ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(answer.responses[1].error_code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(answer.responses[2].error_code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(answer.responses[3].error_code, ErrorCode::kNone);
  EXPECT_EQ(answer.responses[4].error_code, ErrorCode::kInvalidRequest);
}

TEST_F(AdminApi, AddedPartitionsWorkAtOnce) {
  start(3);
  auto admin = client(2);
  admin.call(create_of("t", 1, 3), 7);
  kafka::CreatePartitionsRequest request;
  request.topics.push_back({"t", 4, std::nullopt});
  request.timeout_ms = 10'000;
  request.validate_only = true;
  EXPECT_EQ(admin.call(request, 3).results.at(0).error_code, ErrorCode::kNone);
  EXPECT_THAT(the_topic(admin.call(metadata_of({"t"}), 9)).partitions, SizeIs(1));
  request.validate_only = false;
  EXPECT_EQ(admin.call(request, 3).results.at(0).error_code, ErrorCode::kNone);
  const auto shown = the_topic(admin.call(metadata_of({"t"}), 9));
  ASSERT_THAT(shown.partitions, SizeIs(4));
  for (const auto& partition : shown.partitions) EXPECT_EQ(partition.error_code, ErrorCode::kNone);
  EXPECT_EQ(admin.call(request, 3).results.at(0).error_code, ErrorCode::kInvalidPartitions);
}

TEST_F(AdminApi, ProducerIdsAreUniqueOverBrokersShardsAndRestarts) {
  start(3, 2);
  std::set<std::int64_t> ids;
  std::size_t taken = 0;
  const auto take = [&](std::size_t node) {
    auto producer = client(node);
    for (int i = 0; i < 20; ++i, ++taken) {
      const auto answer = producer.call(kafka::InitProducerIdRequest{}, 4);
      EXPECT_EQ(answer.error_code, ErrorCode::kNone);
      EXPECT_EQ(answer.producer_epoch, 0);
      ids.insert(answer.producer_id);
    }
  };
  for (std::size_t node = 0; node < 3; ++node) {
    take(node);
    take(node);  // another connection, on the other shard
  }
  world_->crash(1);
  world_->start(1);
  ASSERT_TRUE(world_->wait_ready());
  take(1);
  EXPECT_EQ(ids.size(), taken);
}

TEST_F(AdminApi, AProducerThatBringsItsIdGetsAnotherAndATransactionIsRefusedForGood) {
  start(1);
  auto producer = client();
  const auto first = producer.call(kafka::InitProducerIdRequest{}, 4);
  kafka::InitProducerIdRequest again;
  again.producer_id = first.producer_id;
  again.producer_epoch = 0;
  const auto second = producer.call(again, 4);
  EXPECT_EQ(second.error_code, ErrorCode::kNone);
  EXPECT_NE(second.producer_id, first.producer_id);
  EXPECT_EQ(second.producer_epoch, 0);
  again.producer_epoch = -1;
  EXPECT_EQ(producer.call(again, 4).error_code, ErrorCode::kInvalidRequest);
  kafka::InitProducerIdRequest transactional;
  transactional.transactional_id = "t";
  const auto refused = producer.call(transactional, 4);
  EXPECT_EQ(refused.error_code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(refused.producer_id, -1);
}

TEST_F(AdminApi, DescribesSettingsAndSaysWhatItCannotDescribe) {
  start(1);
  auto admin = client();
  auto create = create_of("t", 1, 1);
  create.topics[0].configs = {{"retention.ms", "1000"}};
  EXPECT_EQ(the_topic(admin.call(create, 7)).error_code, ErrorCode::kNone);
  kafka::DescribeConfigsRequest request;
  request.resources = {{2, "t", std::vector<std::string>{"retention.ms"}},
                       {2, "none", std::nullopt},
                       {2, "a b", std::nullopt},
                       {4, "7", std::nullopt},
                       {4, "8", std::nullopt},
                       {4, "x", std::nullopt},
                       {4, "", std::nullopt},
                       {16, "t", std::nullopt},
                       {2, "t", std::nullopt}};
  const auto answer = admin.call(request, 4);
  ASSERT_THAT(answer.results, SizeIs(8)) << "each resource once";
  ASSERT_THAT(answer.results[0].configs, SizeIs(1));
  EXPECT_EQ(answer.results[0].configs[0].value, "1000");
  EXPECT_EQ(answer.results[0].configs[0].config_source, 1);
  const std::vector<ErrorCode> wanted = {
      ErrorCode::kNone, ErrorCode::kUnknownTopicOrPartition, ErrorCode::kInvalidTopicException,
      ErrorCode::kNone, ErrorCode::kInvalidRequest,          ErrorCode::kInvalidRequest,
      ErrorCode::kNone, ErrorCode::kInvalidRequest};
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    EXPECT_EQ(answer.results[i].error_code, wanted[i]) << i;
    EXPECT_EQ(answer.results[i].resource_type, request.resources[i].resource_type);
  }
  EXPECT_FALSE(answer.results[3].configs.empty());
  EXPECT_TRUE(answer.results[6].configs.empty());
}

TEST_F(AdminApi, AFencedBrokerIsShownToThoseWhoAsk) {
  start(3);
  world_->crash(2);
  world_->sim().run_for(5 * kSecond);
  auto admin = client(0);
  kafka::DescribeClusterRequest request;
  EXPECT_THAT(admin.call(request, 2).brokers, SizeIs(2));
  request.include_fenced_brokers = true;
  const auto all = admin.call(request, 2).brokers;
  ASSERT_THAT(all, SizeIs(3));
  for (const auto& broker : all) EXPECT_EQ(broker.is_fenced, broker.broker_id == World::node_id(2).value);
  request.endpoint_type = 2;
  EXPECT_EQ(admin.call(request, 2).error_code, ErrorCode::kMismatchedEndpointType);
  request.endpoint_type = 3;
  EXPECT_EQ(admin.call(request, 2).error_code, ErrorCode::kUnsupportedEndpointType);
}

TEST_F(AdminApi, ATopicCanBeMadeWhileABrokerIsDown) {
  start(3);
  world_->crash(2);
  world_->sim().run_for(5 * kSecond);
  auto admin = client(0);
  EXPECT_EQ(the_topic(admin.call(create_of("t", 3, 3), 7)).error_code, ErrorCode::kNone);
  for (const auto& partition : the_topic(admin.call(metadata_of({"t"}), 9)).partitions) {
    EXPECT_EQ(partition.error_code, ErrorCode::kNone);
    EXPECT_THAT(partition.offline_replicas, ::testing::ElementsAre(World::node_id(2).value));
  }
}

TEST_F(AdminApi, ACoordinatorIsRefusedForTransactions) {
  start(1);
  auto consumer = client();
  kafka::FindCoordinatorRequest request;
  request.key = "g";
  request.key_type = 1;
  EXPECT_EQ(consumer.call(request, 3).error_code, ErrorCode::kInvalidRequest);
  request.coordinator_keys = {"a", "b"};
  const auto keys = consumer.call(request, 4).coordinators;
  ASSERT_THAT(keys, SizeIs(2));
  EXPECT_EQ(keys[1].key, "b");
  EXPECT_EQ(keys[1].error_code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(keys[1].node_id, -1);
}

}  // namespace
}  // namespace kontiki::broker
