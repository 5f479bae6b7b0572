// What a client may take: connections, memory for its requests and answers, time. And that it is the one who
// takes too much that pays for it.

#include "broker/connections.h"
#include "kafka/messages/api_versions.h"
#include "kafka/messages/describe_producers.h"
#include "kafka/messages/metadata.h"
#include "world.h"

#include <gmock/gmock.h>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;

constexpr std::size_t kBatchBytes = 100'000;

Slice start_of(std::uint32_t size, std::int16_t api, std::int16_t version) {
  Buffer bytes(8);
  for (int i = 0; i < 4; ++i) bytes.data()[i] = static_cast<std::byte>(size >> (24 - 8 * i));
  for (int i = 0; i < 2; ++i) bytes.data()[4 + i] = static_cast<std::byte>(api >> (8 - 8 * i));
  for (int i = 0; i < 2; ++i) bytes.data()[6 + i] = static_cast<std::byte>(version >> (8 - 8 * i));
  return Slice(bytes);
}

bool serves(TestClient& client) {
  return client.call(kafka::ApiVersionsRequest{"test", "1.0"}, 3).error_code == ErrorCode::kNone;
}

Metrics metrics_of(World& world) {
  std::optional<Metrics> all;
  world.broker(0).collect([&](Metrics metrics) { all = std::move(metrics); });
  EXPECT_TRUE(world.wait([&] { return all.has_value(); }));
  return all.value_or(Metrics{});
}

kafka::FetchRequest fetch_much(const std::string& topic, std::int32_t partition,
                               std::int32_t max_wait_ms = 0) {
  auto request = fetch_of(topic, partition, 0, max_wait_ms);
  request.max_bytes = request.topics[0].partitions[0].partition_max_bytes = 64 << 20;
  return request;
}

TEST(ConnectionLimits, TheTotalIsOfTheBrokerAndNotOfEachShard) {
  BrokerLimits limits;
  limits.connections_max = 6;
  World world({.shards = 4, .limits = limits});
  std::vector<std::unique_ptr<TestClient>> clients;
  const auto connect = [&] {
    clients.push_back(std::make_unique<TestClient>(world.sim(), "n0", 9092));
    return clients.back().get();
  };
  for (int i = 0; i < 6; ++i) EXPECT_TRUE(serves(*connect())) << i;
  for (int i = 0; i < 4; ++i) EXPECT_TRUE(connect()->wait_closed()) << "on whichever shard";
  EXPECT_EQ(metrics_of(world).connections_refused, 4u);
  // Those of one shard go: others may come to any.
  for (const std::size_t i : {0u, 4u}) clients[i]->close();
  world.sim().run_for(kSecond);
  EXPECT_TRUE(serves(*connect()));
  EXPECT_TRUE(serves(*connect()));
  EXPECT_TRUE(connect()->wait_closed());
}

TEST(ConnectionLimits, OneAddressCannotTakeThePlacesOfAll) {
  BrokerLimits limits;
  limits.connections_per_host_max = 2;
  World world({.shards = 2, .limits = limits});
  TestClient first = world.client(0);
  TestClient second = world.client(0);
  EXPECT_TRUE(serves(first) && serves(second));
  TestClient third = world.client(0);
  EXPECT_TRUE(third.wait_closed());
  second.close();
  world.sim().run_for(kSecond);
  TestClient fourth = world.client(0);
  EXPECT_TRUE(serves(fourth));
}

TEST(ConnectionLimits, WhatIsTooLargeIsRefusedByItsFirstBytes) {
  BrokerLimits limits;
  limits.request_size_max = 1 << 20;
  World world({.limits = limits});
  ASSERT_TRUE(world.wait_ready());
  for (const Slice& start : {
           start_of((1 << 20) + 1, 0, 9),  // Produce
           start_of(0x7fffffff, 18, 3),    //
           start_of(1000, 999, 0),         // no API: nothing of it is read
           start_of(1000, 3, 99),          // no version
           start_of(9, 18, 3),             // no room for a header
       }) {
    TestClient client = world.client(0);
    client.send_raw(start);
    EXPECT_TRUE(client.wait_closed());
  }
  EXPECT_EQ(metrics_of(world).request_bytes_in_service, 0u);
}

TEST(ConnectionLimits, OnlyProduceRequestsMayBeVeryLarge) {
  World world({});
  ASSERT_TRUE(world.wait_ready());
  TestClient metadata = world.client(0);
  metadata.send_raw(start_of(64 << 20, 3, 9));
  EXPECT_TRUE(metadata.wait_closed());
  TestClient produce = world.client(0);
  produce.send_raw(start_of(64 << 20, 0, 9));
  world.sim().run_for(kSecond);
  EXPECT_FALSE(produce.closed());
}

TEST(ConnectionLimits, ALargeRequestThatDoesNotComeKeepsNoSmallOnesWaiting) {
  BrokerLimits limits;
  limits.request_bytes_max = 16 << 20;
  World world({.limits = limits});
  ASSERT_TRUE(world.wait_ready());
  TestClient attacker = world.client(0);
  attacker.send_raw(start_of(64 << 20, 0, 9));  // alone more than the whole budget
  TestClient second = world.client(0);
  second.send_raw(start_of(64 << 20, 0, 9));
  world.sim().run_for(kSecond);
  TestClient client = world.client(0);
  for (int i = 0; i < 10; ++i) {
    const auto id = client.send(kafka::ApiVersionsRequest{"test", "1.0"}, 3);
    EXPECT_TRUE(client.try_receive<kafka::ApiVersionsRequest>(id, 3, kSecond / 10).has_value());
  }
  EXPECT_EQ(metrics_of(world).request_bytes_in_service, 2u * (64 << 20)) << "one of them";
}

TEST(ConnectionLimits, AProduceRequestForMorePartitionsThanThereAreIsCutOff) {
  World world({});
  world.create_topic("t", 1, 1);
  kafka::ProduceRequest request = produce_of("t", 0, batch_of({"x"}));
  request.topic_data[0].partition_data.resize(20'000);
  TestClient client = world.client(0);
  client.send(request, 9);
  EXPECT_TRUE(client.wait_closed());
}

TEST(ConnectionLimits, ASilentProducerIsForgottenAfterTheTimeThatTheOperatorChose) {
  BrokerLimits limits;
  limits.producer_id_expiration_ms = 120'000;
  World world({.limits = limits});
  world.create_topic("t", 1, 1);
  TestClient client = world.client(0);
  for (std::int64_t id = 1; id <= 3; ++id)
    EXPECT_EQ(only(client.call(produce_of("t", 0, batch_of({"x"}, {ProducerId(id), 0, 0})), 9)).error_code,
              ErrorCode::kNone);
  const auto known = [&] {
    kafka::DescribeProducersRequest request;
    request.topics.push_back({"t", {0}});
    return client.call(request, 0).topics.at(0).partitions.at(0).active_producers.size();
  };
  EXPECT_EQ(known(), 3u);
  for (std::int32_t sequence = 1; sequence < 8; ++sequence) {
    world.sim().run_for(60 * kSecond);
    const Slice batch = batch_of({"x"}, {ProducerId(1), 0, sequence});
    EXPECT_EQ(only(client.call(produce_of("t", 0, batch), 9)).error_code, ErrorCode::kNone);
  }
  EXPECT_EQ(known(), 1u) << "the one that went on";
}

class ManyAnswers : public testing::Test {
 protected:
  static constexpr std::size_t kAnswersMax = 4u << 20;
  static World::Options options() {
    World::Options options{.shards = 2};
    options.limits.answer_bytes_max = 2 * kAnswersMax;  // that is, for each shard
    return options;
  }
  ManyAnswers() : world_(options()) {
    world_.create_topic("t", 2, 1);
    TestClient writer = world_.client(0);
    for (int i = 0; i < 40; ++i)
      for (std::int32_t p = 0; p < 2; ++p)
        writer.call(produce_of("t", p, batch_of({std::string(kBatchBytes, 'x')})), 9);
  }
  World world_;
};

TEST_F(ManyAnswers, ClientsThatDoNotReadTogetherGetNoMoreThanTheBudget) {
  std::vector<std::unique_ptr<TestClient>> silent;
  for (int c = 0; c < 30; ++c) {
    silent.push_back(std::make_unique<TestClient>(world_.sim(), "n0", 9092));
    silent.back()->stop_reading();
    for (int i = 0; i < 20; ++i) silent.back()->send(fetch_much("t", i % 2, 60'000), 12);
  }
  for (int i = 0; i < 50; ++i) {
    world_.sim().run_for(kSecond / 10);
    // What one fetch may take beyond: it always gets a batch.
    ASSERT_LE(metrics_of(world_).answer_bytes_unsent, 2 * (kAnswersMax + kBatchBytes + 1000));
  }
  EXPECT_GT(metrics_of(world_).answer_bytes_unsent, kAnswersMax / 2) << "or nothing was held up";
  // Whoever reads is served, once those are thrown out that have taken nothing for too long.
  TestClient good = world_.client(0);
  for (int i = 0; i < 5; ++i) {
    const auto answer = good.call(fetch_of("t", i % 2, 0, 60'000), 12);
    EXPECT_FALSE(only(answer).records->empty()) << i;
  }
  EXPECT_FALSE(good.closed());
  EXPECT_GT(metrics_of(world_).connections_broken, 0u);
}

TEST_F(ManyAnswers, AnswersThatWaitBehindAnotherAreCounted) {
  TestClient client = world_.client(0);
  client.send(fetch_of("t", 0, 40, 20'000), 12);  // at the end: it waits
  for (int i = 0; i < 20; ++i) client.send(fetch_much("t", 1), 12);
  world_.sim().run_for(5 * kSecond);
  EXPECT_EQ(client.answers(), 0u);
  const std::size_t held = metrics_of(world_).answer_bytes_unsent;
  EXPECT_GT(held, kBatchBytes);
  EXPECT_LE(held, kAnswersMax + kBatchBytes + 1000);
}

TEST_F(ManyAnswers, AFetchThatWaitsForMoreHoldsNothing) {
  TestClient client = world_.client(0);
  auto request = fetch_much("t", 0);
  request.max_wait_ms = 20'000;
  request.min_bytes = 1 << 30;
  client.send(request, 12);
  world_.sim().run_for(kSecond);
  TestClient other = world_.client(0);
  EXPECT_FALSE(only(other.call(fetch_much("t", 1), 12)).records->empty());
  world_.sim().run_for(kSecond);
  EXPECT_EQ(metrics_of(world_).answer_bytes_unsent, 0u);
  const auto answer = client.receive<kafka::FetchRequest>(1, 12);
  EXPECT_FALSE(only(answer).records->empty()) << "what there is when the time is up";
}

}  // namespace
}  // namespace kontiki::broker
