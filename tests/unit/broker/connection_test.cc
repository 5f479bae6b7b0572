// One connection: order, limits, and that what is hostile ends the connection it came over and no other.

#include "broker/connection.h"

#include "base/limits.h"
#include "kafka/messages/api_versions.h"
#include "kafka/messages/list_offsets.h"
#include "world.h"

#include <gmock/gmock.h>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;
using testing::ElementsAre;

Slice bytes_of(std::initializer_list<int> values) {
  std::string text;
  for (const int v : values) text += static_cast<char>(v);
  return Slice::copy_of(text);
}

bool serves(TestClient& client) {
  return client.call(kafka::ApiVersionsRequest{"test", "1.0"}, 3).error_code == ErrorCode::kNone;
}

TEST(KafkaConnection, AnswersInTheOrderOfTheRequestsWhicheverIsReadyFirst) {
  World world({.shards = 3});
  world.create_topic("t", 3, 1);
  TestClient client = world.client(0);
  const auto fetch = client.send(fetch_of("t", 0, 0, 500), 12);  // waits
  const auto versions = client.send(kafka::ApiVersionsRequest{"test", "1.0"}, 3);
  const auto produce = client.send(produce_of("t", 1, batch_of({"x"})), 9);
  world.sim().run_for(kSecond / 10);
  EXPECT_EQ(client.answers(), 0u);
  client.receive<kafka::FetchRequest>(fetch, 12);
  client.receive<kafka::ApiVersionsRequest>(versions, 3);
  EXPECT_EQ(only(client.receive<kafka::ProduceRequest>(produce, 9)).error_code, ErrorCode::kNone);
}

TEST(KafkaConnection, PipelinedBatchesOfOnePartitionKeepTheirOrder) {
  World world({.shards = 2});
  world.create_topic("t", 2, 1);
  TestClient client = world.client(0);
  std::vector<std::int32_t> ids;
  std::vector<std::string> expected;
  for (int i = 0; i < 300; ++i) {
    expected.push_back(std::to_string(i));
    ids.push_back(client.send(produce_of("t", 1, batch_of({expected.back()})), 9));
  }
  for (std::size_t i = 0; i < ids.size(); ++i)
    ASSERT_EQ(only(client.receive<kafka::ProduceRequest>(ids[i], 9)).base_offset,
              static_cast<std::int64_t>(i));
  EXPECT_EQ(values_of(only(client.call(fetch_of("t", 1, 0), 12))), expected);
}

TEST(KafkaConnection, AnUnknownVersionOfApiVersionsIsAnsweredWithTheVersionsThatWork) {
  World world({});
  TestClient client = world.client(0);
  // Header: ApiVersions, version 99, correlation id 5, no client id, no tags; the body is anybody's guess.
  client.send_raw(bytes_of({0, 0, 0, 13, 0, 18, 0, 99, 0, 0, 0, 5, 0xff, 0xff, 0, 1, 2}));
  ASSERT_TRUE(client.wait([&] { return client.answers() == 1; }));
  EXPECT_EQ(client.frame(0), bytes_of({0, 0, 0, 5, 0, 35, 0, 0, 0, 1, 0, 18, 0, 0, 0, 4}));
}

TEST(KafkaConnection, OnlyWhatHasAHandlerIsAdvertised) {
  World world({});
  TestClient client = world.client(0);
  for (std::int16_t version = 0; version <= 4; ++version) {
    const auto answer = client.call(kafka::ApiVersionsRequest{"test", "1.0"}, version);
    EXPECT_EQ(answer.error_code, ErrorCode::kNone);
    EXPECT_THAT(answer.api_keys,
                testing::Contains(testing::Field(&kafka::ApiVersionsResponse::ApiVersion::api_key, 0)));
  }
  EXPECT_EQ(client.call(kafka::ApiVersionsRequest{"-bad", "1.0"}, 3).error_code, ErrorCode::kInvalidRequest);
}

TEST(KafkaConnection, HostileBytesEndTheirConnectionAndNoOther) {
  World world({});
  world.create_topic("t", 1, 1);
  TestClient bystander = world.client(0);
  const std::vector<Slice> attacks = {
      bytes_of({0xff, 0xff, 0xff, 0xff, 0, 18, 0, 3}),                    // negative size
      bytes_of({0x7f, 0xff, 0xff, 0xff, 0, 18, 0, 3}),                    // 2 GiB
      bytes_of({0, 0, 0, 0, 0, 0, 0, 0}),                                 // nothing
      bytes_of({0, 0, 0, 8, 0, 18, 0, 3}),                                // shorter than a header
      bytes_of({0, 0, 0, 10, 0x7f, 0x7f, 0, 0, 0, 0, 0, 1, 0xff, 0xff}),  // unknown API
      bytes_of({0, 0, 0, 10, 0, 1, 0, 99, 0, 0, 0, 1, 0xff, 0xff}),       // unknown version
      bytes_of({0, 0, 0, 10, 0, 0, 0, 2, 0, 0, 0, 1, 0xff, 0xff}),        // Produce 2: advertised, not served
      bytes_of({0, 0, 0, 14, 0, 2, 0, 1, 0, 0, 0, 1, 0xff, 0xff, 1, 2, 3, 4}),  // a body cut short
      bytes_of({0, 0,    0,    18,   0,    2,    0,    1,    0,    0,    0,
                1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff}),  // an array of 2^31-1
      Slice::copy_of("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"),
  };
  for (const Slice& attack : attacks) {
    TestClient attacker = world.client(0);
    attacker.send_raw(attack);
    EXPECT_TRUE(attacker.wait_closed());
    EXPECT_TRUE(serves(bystander));
  }
  EXPECT_EQ(only(bystander.call(produce_of("t", 0, batch_of({"fine"})), 9)).error_code, ErrorCode::kNone);
}

TEST(KafkaConnection, RandomBytesNeverDoHarm) {
  World world({});
  TestClient bystander = world.client(0);
  Prng prng(3);
  const Slice good = kafka::join(kafka::encode_request(1, "c", fetch_of("t", 0, 0), 12));
  for (int i = 0; i < 100; ++i) {
    Buffer damaged(good.size());
    std::memcpy(damaged.data(), good.data(), good.size());
    for (int k = 0; k < 3; ++k) damaged.data()[4 + prng.below(good.size() - 4)] = std::byte(prng.below(256));
    TestClient attacker = world.client(0);
    attacker.send_raw(Slice(damaged));
    world.sim().run_for(1000);
  }
  EXPECT_TRUE(serves(bystander));
}

TEST(KafkaConnection, AClientThatGoesAwayWhileItIsServedDoesNoHarm) {
  World world({.shards = 2});
  world.create_topic("t", 2, 1);
  for (int i = 0; i < 20; ++i) {
    TestClient client = world.client(0);
    client.send(fetch_of("t", 0, 0, 300), 12);
    client.send(produce_of("t", 1, batch_of({"x"})), 9);
    world.sim().run_for(i * 50);
    client.close();
  }
  world.sim().run_for(2 * kSecond);
  for (std::size_t shard = 0; shard < 2; ++shard)
    EXPECT_EQ(world.broker(0).shard(shard).fetches_under_way(), 0u);
  TestClient client = world.client(0);
  EXPECT_TRUE(serves(client));
}

TEST(KafkaConnection, AnIdleConnectionIsClosed) {
  World world({});
  ASSERT_TRUE(world.wait_ready());
  TestClient client = world.client(0);
  TestClient busy = world.client(0);
  for (int i = 0; i < 13; ++i) {
    EXPECT_TRUE(serves(busy));
    world.sim().run_for(60 * kSecond);
  }
  EXPECT_TRUE(client.closed());
  EXPECT_TRUE(serves(busy));
}

TEST(KafkaConnection, BeyondTheLimitConnectionsAreRefused) {
  BrokerLimits limits;
  limits.connections_max = 2;
  World world({.limits = limits});
  TestClient first = world.client(0);
  TestClient second = world.client(0);
  EXPECT_TRUE(serves(first) && serves(second));
  TestClient third = world.client(0);
  EXPECT_TRUE(third.wait_closed());
  first.close();
  world.sim().run_for(kSecond);
  TestClient fourth = world.client(0);
  EXPECT_TRUE(serves(fourth));
}

TEST(KafkaConnection, RequestsBeyondTheBudgetWaitAndAreServedInTheEnd) {
  BrokerLimits limits;
  limits.request_bytes_max = 4000;
  World world({.limits = limits});
  world.create_topic("t", 1, 1);
  std::vector<std::unique_ptr<TestClient>> clients;
  std::vector<std::int32_t> ids;
  for (int c = 0; c < 8; ++c) {
    clients.push_back(std::make_unique<TestClient>(world.sim(), "n0", 9092));
    for (int i = 0; i < 5; ++i)
      ids.push_back(clients.back()->send(produce_of("t", 0, batch_of({std::string(3000, 'x')})), 9));
  }
  for (std::size_t i = 0; i < ids.size(); ++i)
    EXPECT_EQ(only(clients[i / 5]->receive<kafka::ProduceRequest>(ids[i], 9)).error_code, ErrorCode::kNone);
  EXPECT_EQ(world.broker(0).shard(0).collect().request_bytes_in_service, 0u);
}

TEST(KafkaConnection, ARequestThatIsAnnouncedAndNeverSentDoesNotStarveOthersForLong) {
  BrokerLimits limits;
  limits.request_bytes_max = 1000;
  World world({.limits = limits});
  world.create_topic("t", 1, 1);
  TestClient attacker = world.client(0);
  attacker.send_raw(bytes_of({0x05, 0, 0, 0, 0, 0, 0, 9}));  // Produce of 80 MiB, it says
  world.sim().run_for(kSecond);
  TestClient client = world.client(0);
  const auto id = client.send(produce_of("t", 0, batch_of({std::string(200'000, 'x')})), 9);
  const auto answer = client.try_receive<kafka::ProduceRequest>(id, 9, 60 * kSecond);
  EXPECT_TRUE(answer.has_value());
  EXPECT_TRUE(attacker.closed());
}

TEST(KafkaConnection, BatchesThatTheLogHasNoRoomForWaitAndKeepTheirOrder) {
  World world({.shards = 2, .uncommitted_bytes_max = 1});
  world.create_topic("t", 2, 1);
  TestClient client = world.client(0);
  TestClient other = world.client(0);
  std::vector<std::int32_t> ids;
  std::vector<std::string> expected;
  for (int i = 0; i < 60; ++i) {
    expected.push_back(std::to_string(i));
    ids.push_back(client.send(produce_of("t", 1, batch_of({expected.back()}, {ProducerId(1), 0, i})), 9));
  }
  const auto late = other.send(produce_of("t", 0, batch_of({"x"})), 9);
  for (std::size_t i = 0; i < ids.size(); ++i) {
    const auto answer = client.receive<kafka::ProduceRequest>(ids[i], 9);
    ASSERT_EQ(only(answer).error_code, ErrorCode::kNone) << i;
    ASSERT_EQ(only(answer).base_offset, static_cast<std::int64_t>(i));
  }
  EXPECT_EQ(only(other.receive<kafka::ProduceRequest>(late, 9)).error_code, ErrorCode::kNone);
  EXPECT_EQ(values_of(only(client.call(fetch_of("t", 1, 0), 12))), expected);
}

// The batch is changed when it is appended, and judged anew each time that it has waited.
TEST(KafkaConnection, BatchesThatWaitForRoomGetTheBrokersTimeOnlyOnce) {
  World world({.shards = 2, .uncommitted_bytes_max = 1});
  world.create_topic("t", 1, 1, {{"message.timestamp.type", "LogAppendTime"}});
  TestClient client = world.client(0);
  std::vector<std::int32_t> ids;
  std::vector<std::string> expected;
  for (int i = 0; i < 20; ++i) {
    expected.push_back(std::to_string(i));
    ids.push_back(client.send(produce_of("t", 0, batch_of({expected.back()})), 9));
  }
  for (const auto id : ids) {
    const auto answer = client.receive<kafka::ProduceRequest>(id, 9);
    EXPECT_EQ(only(answer).error_code, ErrorCode::kNone);
    EXPECT_GE(only(answer).log_append_time_ms, 0);
  }
  EXPECT_EQ(values_of(only(client.call(fetch_of("t", 0, 0), 12))), expected);
}

TEST(KafkaConnection, AClientThatDoesNotReadItsAnswersIsNotServedWithoutEnd) {
  BrokerLimits limits;
  limits.connection_unsent_bytes_max = 100'000;
  World world({.limits = limits});
  world.create_topic("t", 1, 1);
  TestClient writer = world.client(0);
  for (int i = 0; i < 20; ++i) writer.call(produce_of("t", 0, batch_of({std::string(100'000, 'x')})), 9);
  TestClient reader = world.client(0);
  reader.stop_reading();
  for (int i = 0; i < 500; ++i) reader.send(fetch_of("t", 0, 0), 12);
  world.sim().run_for(5 * kSecond);
  const Metrics metrics = world.broker(0).shard(0).collect();
  EXPECT_LT(metrics.fetch_bytes, 30u << 20) << "500 answers of a megabyte were asked for";
}

TEST(KafkaConnection, WhatHappensIsCounted) {
  World world({.shards = 2});
  world.create_topic("t", 2, 1);
  TestClient client = world.client(0);
  for (std::int32_t p = 0; p < 2; ++p) client.call(produce_of("t", p, batch_of({"x"})), 9);
  client.call(produce_of("none", 0, batch_of({"x"})), 9);
  client.call(fetch_of("t", 0, 0), 12);
  std::optional<Metrics> all;
  world.broker(0).collect([&](Metrics metrics) { all = std::move(metrics); });
  ASSERT_TRUE(world.wait([&] { return all.has_value(); }));
  EXPECT_EQ(all->apis[0].requests, 3u);
  EXPECT_EQ(all->apis[0].latency.count, 3u);
  EXPECT_EQ(all->apis[1].requests, 1u);
  EXPECT_EQ(all->errors[3], 1u);
  EXPECT_EQ(all->produce_batches, 2u);
  EXPECT_EQ(all->connections, 1u);
  EXPECT_EQ(all->partitions_led, 2u);
  EXPECT_EQ(all->under_replicated, 0u);
  EXPECT_EQ(all->groups_in_doubt, 0u);
  EXPECT_EQ(all->partitions, 2u);
  EXPECT_EQ(all->topics, 1u);
  EXPECT_EQ(all->nodes_known, 1u);
  EXPECT_GT(all->flush_times.count, 0u);
  EXPECT_GT(all->bytes_in, 0u);
  EXPECT_GT(all->bytes_out, 0u);
}

}  // namespace
}  // namespace kontiki::broker
