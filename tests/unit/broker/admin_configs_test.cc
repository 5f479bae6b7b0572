// AlterConfigs, IncrementalAlterConfigs and what DescribeConfigs shows after them, as clients of unmodified
// brokers in the simulator meet them.

#include "kafka/messages/alter_configs.h"
#include "kafka/messages/create_topics.h"
#include "kafka/messages/describe_configs.h"
#include "kafka/messages/incremental_alter_configs.h"
#include "unit/broker/world.h"

#include <gmock/gmock.h>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;
using ::testing::HasSubstr;
using ::testing::SizeIs;
using Incremental = kafka::IncrementalAlterConfigsRequest;

constexpr std::int8_t kTopic = 2;
constexpr std::int8_t kBroker = 4;
constexpr std::int8_t kSet = 0;
constexpr std::int8_t kDelete = 1;
constexpr std::int8_t kAppend = 2;
constexpr std::int8_t kSubtract = 3;

struct Told {
  ErrorCode error = ErrorCode::kUnknownServerError;
  std::string message;
};

class AdminConfigs : public ::testing::Test {
 protected:
  void start(std::size_t nodes) {
    world_.emplace(World::Options{.nodes = nodes, .shards = 2});
    world_->create_topic("t", 2, nodes);
    client_ = std::make_unique<TestClient>(world_->sim(), World::name(0), 9092);
  }
  void TearDown() override {
    client_.reset();
    for (std::size_t i = 0; i < world_->size(); ++i)
      if (world_->runs(i)) world_->crash(i);
  }

  template <class Request>
  Told only_answer(const Request& request, std::int16_t version) {
    const auto response = client_->call(request, version);
    EXPECT_THAT(response.responses, SizeIs(1));
    if (response.responses.size() != 1) return {};
    return {response.responses[0].error_code, response.responses[0].error_message.value_or("")};
  }
  Told change(std::vector<Incremental::Config> configs, bool validate_only = false, std::int8_t type = kTopic,
              const std::string& name = "t") {
    Incremental request;
    request.resources.push_back({type, name, std::move(configs)});
    request.validate_only = validate_only;
    return only_answer(request, 1);
  }
  Told replace(std::vector<kafka::AlterConfigsRequest::Config> configs, bool validate_only = false) {
    kafka::AlterConfigsRequest request;
    request.resources.push_back({kTopic, "t", std::move(configs)});
    request.validate_only = validate_only;
    return only_answer(request, 2);
  }
  // The value that is shown, with a star if it is the topic's own.
  std::string shown(const std::string& name, std::size_t broker = 0) {
    TestClient client = world_->client(broker);
    kafka::DescribeConfigsRequest request;
    request.resources.push_back({kTopic, "t", std::vector<std::string>{name}});
    const auto response = client.call(request, 4);
    if (response.results.size() != 1 || response.results[0].configs.size() != 1) return "?";
    const auto& config = response.results[0].configs[0];
    return config.value.value_or("null") + (config.config_source == 1 ? "*" : "");
  }

  std::optional<World> world_;
  std::unique_ptr<TestClient> client_;
};

TEST_F(AdminConfigs, AChangeIsShownByTheBrokerThatAnsweredAndLeavesTheRest) {
  start(3);
  EXPECT_EQ(change({{"retention.ms", kSet, "5000"}, {"segment.bytes", kSet, "2097152"}}).error,
            ErrorCode::kNone);
  EXPECT_EQ(shown("retention.ms"), "5000*");
  EXPECT_EQ(change({{"retention.bytes", kSet, "7"}}).error, ErrorCode::kNone);
  EXPECT_EQ(shown("retention.ms"), "5000*");
  EXPECT_EQ(shown("retention.bytes"), "7*");
  EXPECT_EQ(change({{"retention.ms", kDelete, std::nullopt}}).error, ErrorCode::kNone);
  EXPECT_EQ(shown("retention.ms"), "604800000");
  EXPECT_EQ(change({{"retention.ms", kDelete, std::nullopt}}).error, ErrorCode::kNone) << "of the default";
  EXPECT_EQ(shown("segment.bytes"), "2097152*");
  EXPECT_TRUE(world_->wait([&] { return shown("segment.bytes", 2) == "2097152*"; }));
}

TEST_F(AdminConfigs, ValidateOnlyChangesNothingAndRefusesTheSame) {
  start(1);
  EXPECT_EQ(change({{"retention.ms", kSet, "5000"}}, true).error, ErrorCode::kNone);
  EXPECT_EQ(replace({{"retention.ms", "5000"}}, true).error, ErrorCode::kNone);
  EXPECT_EQ(shown("retention.ms"), "604800000");
  EXPECT_EQ(change({{"retention.ms", kSet, "soon"}}, true).error, ErrorCode::kInvalidConfig);
  EXPECT_EQ(replace({{"retention.ms", "soon"}}, true).error, ErrorCode::kInvalidConfig);
}

TEST_F(AdminConfigs, ListsCanBeAppendedToAndSubtractedFrom) {
  start(1);
  EXPECT_EQ(change({{"cleanup.policy", kAppend, "delete"}}).error, ErrorCode::kNone);
  EXPECT_EQ(shown("cleanup.policy"), "delete*") << "it stood there by default";
  const Told compact = change({{"cleanup.policy", kAppend, "compact"}});
  EXPECT_EQ(compact.error, ErrorCode::kInvalidConfig);
  EXPECT_THAT(compact.message, HasSubstr("compaction is not supported"));
  EXPECT_EQ(change({{"cleanup.policy", kSubtract, "delete"}}).error, ErrorCode::kInvalidConfig)
      << "nothing would be left";
  EXPECT_EQ(change({{"cleanup.policy", kSubtract, "compact"}}).error, ErrorCode::kNone);
  EXPECT_EQ(change({{"retention.ms", kAppend, "1"}}).error, ErrorCode::kInvalidConfig) << "no list";
}

TEST_F(AdminConfigs, AReplacementPutsBackWhatItDoesNotName) {
  start(1);
  EXPECT_EQ(change({{"retention.ms", kSet, "5000"}, {"retention.bytes", kSet, "7"}}).error, ErrorCode::kNone);
  EXPECT_EQ(replace({{"retention.bytes", "8"}, {"max.message.bytes", "1000"}}).error, ErrorCode::kNone);
  EXPECT_EQ(shown("retention.ms"), "604800000");
  EXPECT_EQ(shown("retention.bytes"), "8*");
  EXPECT_EQ(shown("max.message.bytes"), "1000*");
  EXPECT_EQ(replace({}).error, ErrorCode::kNone);
  EXPECT_EQ(shown("max.message.bytes"), "1048588");
}

TEST_F(AdminConfigs, AChangeIsActedOn) {
  start(1);
  const Slice batch = batch_of({std::string(2000, 'x')});
  EXPECT_EQ(only(client_->call(produce_of("t", 0, batch), 9)).error_code, ErrorCode::kNone);
  EXPECT_EQ(change({{"max.message.bytes", kSet, "1000"}}).error, ErrorCode::kNone);
  ASSERT_TRUE(world_->wait([&] {
    return only(client_->call(produce_of("t", 0, batch), 9)).error_code == ErrorCode::kMessageTooLarge;
  }));
  EXPECT_EQ(change({{"max.message.bytes", kDelete, std::nullopt}}).error, ErrorCode::kNone);
  EXPECT_TRUE(world_->wait(
      [&] { return only(client_->call(produce_of("t", 0, batch), 9)).error_code == ErrorCode::kNone; }));
}

TEST_F(AdminConfigs, WhatHasNoEffectIsRefusedWithASentence) {
  start(3);
  for (const auto& [name, value, why] : {std::tuple{"no.such.setting", "1", "no topic setting"},
                                         {"flush.ms", "1", "does not exist here"},
                                         {"segment.ms", "1000", "segment.bytes"},
                                         {"compression.type", "gzip", "never compresses"},
                                         {"unclean.leader.election.enable", "true", "lost"},
                                         {"min.insync.replicas", "3", "2 of 3"},
                                         {"min.insync.replicas", "0", "whole number"},
                                         {"retention.ms", "-2", "from -1"},
                                         {"segment.bytes", "1", "1048576"},
                                         {"message.timestamp.type", "Now", "CreateTime"}}) {
    const Told told = change({{name, kSet, value}});
    EXPECT_EQ(told.error, ErrorCode::kInvalidConfig) << name;
    EXPECT_THAT(told.message, HasSubstr(why)) << name;
  }
  EXPECT_EQ(
      change({{"min.insync.replicas", kSet, "2"}, {"unclean.leader.election.enable", kSet, "false"}}).error,
      ErrorCode::kNone);
  EXPECT_EQ(change({{"no.such.setting", kDelete, std::nullopt}}).error, ErrorCode::kInvalidConfig);
  const Told both = change({{"retention.ms", kSet, "1"}, {"flush.ms", kSet, "1"}});
  EXPECT_EQ(both.error, ErrorCode::kInvalidConfig);
  EXPECT_EQ(shown("retention.ms"), "604800000") << "all or nothing";
}

TEST_F(AdminConfigs, ATopicIsNotCreatedWithWhatCannotBeKept) {
  start(1);
  kafka::CreateTopicsRequest request;
  auto& topic = request.topics.emplace_back();
  topic.name = "u";
  topic.num_partitions = 1;
  topic.replication_factor = 1;
  topic.configs.push_back({"min.insync.replicas", "2"});
  const auto refused = client_->call(request, 7).topics.at(0);
  EXPECT_EQ(refused.error_code, ErrorCode::kInvalidConfig);
  EXPECT_THAT(refused.error_message.value_or(""), HasSubstr("1 of 1"));
}

TEST_F(AdminConfigs, FaultyRequestsAreRefusedAsByKafka) {
  start(1);
  EXPECT_EQ(change({{"retention.ms", kSet, "1"}, {"retention.ms", kDelete, std::nullopt}}).error,
            ErrorCode::kInvalidRequest)
      << "the same setting twice";
  EXPECT_EQ(change({{"retention.ms", kSet, std::nullopt}}).error, ErrorCode::kInvalidRequest) << "no value";
  EXPECT_EQ(change({{"retention.ms", 4, "1"}}).error, ErrorCode::kInvalidRequest) << "no such operation";
  EXPECT_EQ(change({{"retention.ms", -1, "1"}}).error, ErrorCode::kInvalidRequest) << "no such operation";
  EXPECT_EQ(change({{"retention.ms", kSet, "1"}}, false, kTopic, "u").error,
            ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(change({{"retention.ms", kSet, "1"}}, false, kTopic, "a b").error,
            ErrorCode::kInvalidTopicException);
  EXPECT_EQ(change({{"x", kSet, "1"}}, false, 8, "7").error, ErrorCode::kInvalidRequest) << "a logger";

  Incremental twice;
  twice.resources.push_back({kTopic, "t", {{"retention.ms", kSet, "1"}}});
  twice.resources.push_back({kTopic, "t", {{"retention.bytes", kSet, "1"}}});
  twice.resources.push_back({kTopic, "u", {{"retention.bytes", kSet, "1"}}});
  const auto answer = client_->call(twice, 1);
  ASSERT_THAT(answer.responses, SizeIs(2));
  EXPECT_EQ(answer.responses[0].error_code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(answer.responses[1].error_code, ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(shown("retention.ms"), "604800000");
}

TEST_F(AdminConfigs, BrokersAreConfiguredAtTheirStart) {
  start(1);
  const std::string id = std::to_string(World::node_id(0).value);
  for (const std::string& name : {id, std::string()}) {
    const Told told = change({{"num.partitions", kSet, "4"}}, false, kBroker, name);
    EXPECT_EQ(told.error, ErrorCode::kInvalidRequest);
    EXPECT_THAT(told.message, HasSubstr("at their start"));
    EXPECT_EQ(change({}, false, kBroker, name).error, ErrorCode::kNone) << "nothing to do";
  }
}

}  // namespace
}  // namespace kontiki::broker
