// Fetches of what only the disk has, and of much at once: they get all of it, and the shard goes on
// meanwhile.

#include "world.h"

#include <gmock/gmock.h>

namespace kontiki::broker {
namespace {

using testing::ElementsAreArray;

constexpr std::int16_t kProduceVersion = 9;
constexpr std::int16_t kFetchVersion = 12;
constexpr int kBatches = 80;

std::string value_of(std::int32_t partition, int i) {
  std::string value(10'000, static_cast<char>('a' + i % 26));
  return value + std::to_string(partition) + "/" + std::to_string(i);
}

class ColdFetchTest : public testing::Test {
 protected:
  ColdFetchTest() {
    world.create_topic("t", 2, 1);
    for (int i = 0; i < kBatches; ++i)
      for (std::int32_t p = 0; p < 2; ++p)
        client.call(produce_of("t", p, batch_of({value_of(p, i)})), kProduceVersion);
    world.sim().run_for(2 * kSecond);  // into segments
  }

  // Reads both partitions to their ends.
  void expect_all() {
    kafka::FetchRequest request = fetch_of("t", 0, 0, 20'000);
    request.topics[0].partitions.push_back(request.topics[0].partitions[0]);
    request.topics[0].partitions[1].partition = 1;
    std::vector<std::string> got[2], expected[2];
    for (int i = 0; i < kBatches; ++i)
      for (std::int32_t p = 0; p < 2; ++p) expected[p].push_back(value_of(p, i));
    for (int tries = 0; tries < 200 && (got[0].size() < kBatches || got[1].size() < kBatches); ++tries) {
      const auto answer = client.call(request, kFetchVersion);
      std::size_t before = got[0].size() + got[1].size();
      for (std::size_t p = 0; p < 2; ++p) {
        for (auto& value : values_of(answer.responses[0].partitions[p])) got[p].push_back(std::move(value));
        request.topics[0].partitions[p].fetch_offset = static_cast<std::int64_t>(got[p].size());
      }
      ASSERT_GT(got[0].size() + got[1].size(), before) << "an empty answer, though there is more";
    }
    for (std::size_t p = 0; p < 2; ++p) EXPECT_THAT(got[p], ElementsAreArray(expected[p]));
  }
  static BrokerLimits limits() {
    BrokerLimits limits;
    limits.answer_bytes_max = 64u << 20;
    return limits;
  }
  sim::SimDisk& disk() { return world.node(0).disk(); }

  World world{{.limits = limits(), .small_wal = true}};
  TestClient client = world.client(0);
};

TEST_F(ColdFetchTest, WhatIsMissingIsLoadedAndNothingIsSkipped) {
  disk().set_cold(1, 3);
  const auto before = disk().counters();
  const std::int64_t began = world.sim().now_us();
  expect_all();
  EXPECT_GT(disk().counters().reads_refused, before.reads_refused);
  EXPECT_GT(disk().counters().loads, before.loads);
  EXPECT_LT(world.sim().now_us() - began, 10 * kSecond) << "no fetch waits for its time to be over";
}

TEST_F(ColdFetchTest, WhileALoadIsUnderWayNobodyWaitsForTheDevice) {
  disk().set_cold(1, 1);
  disk().hold_syncs();
  kafka::FetchRequest request = fetch_of("t", 0, kBatches - 1, 20'000);
  request.topics[0].partitions.push_back(request.topics[0].partitions[0]);
  request.topics[0].partitions[1].partition = 1;
  request.topics[0].partitions[1].fetch_offset = 0;
  const auto before = disk().counters();
  for (int i = 0; i < 40; ++i) {
    const auto answer = client.call(request, kFetchVersion);
    ASSERT_EQ(values_of(answer.responses[0].partitions[0]).size(), 1u) << "from the tail in memory";
    ASSERT_TRUE(values_of(answer.responses[0].partitions[1]).empty())
        << "the shard has waited for the device";
  }
  EXPECT_EQ(disk().counters().loads - before.loads, 1u);
  disk().release_syncs();
  disk().set_cold(0, 1);
  expect_all();
}

TEST_F(ColdFetchTest, FetchesThatMissTheSameShareALoad) {
  disk().set_cold(1, 1);
  disk().hold_syncs();
  const auto before = disk().counters();
  TestClient others[] = {world.client(0), world.client(0)};
  const auto id = client.send(fetch_of("t", 0, 0, 20'000), kFetchVersion);
  for (TestClient& other : others) other.send(fetch_of("t", 0, 0, 20'000), kFetchVersion);
  world.sim().run_for(kSecond);
  EXPECT_EQ(disk().counters().loads - before.loads, 1u);
  disk().release_syncs();
  disk().set_cold(0, 1);
  EXPECT_FALSE(values_of(only(client.receive<kafka::FetchRequest>(id, kFetchVersion))).empty());
  EXPECT_TRUE(
      world.sim().run_until([&] { return others[0].answers() == 1 && others[1].answers() == 1; }, kSecond));
}

TEST_F(ColdFetchTest, WhatCannotBeKeptInMemoryIsReadAllTheSame) {
  disk().set_cold(1, 1);
  expect_all();
}

TEST_F(ColdFetchTest, AReadErrorBehindALoadIsTold) {
  disk().set_cold(1, 1);
  disk().fail_by_chance(sim::DiskOp::kRead, 1, 1, env::DiskError::kIo);
  EXPECT_EQ(only(client.call(fetch_of("t", 0, 0), kFetchVersion)).error_code,
            kafka::ErrorCode::kKafkaStorageError);
}

TEST_F(ColdFetchTest, OthersAreServedWhileTheDeviceReads) {
  disk().set_cold(1, 1);
  disk().set_sync_delay_us(kSecond, kSecond);
  const auto cold = client.send(fetch_of("t", 0, 0), kFetchVersion);
  world.sim().run_for(kSecond / 10);
  TestClient other = world.client(0);
  const std::int64_t before = world.sim().now_us();
  const auto hot = only(other.call(fetch_of("t", 1, kBatches - 1), kFetchVersion));  // in the tail
  EXPECT_THAT(values_of(hot), testing::ElementsAre(value_of(1, kBatches - 1)));
  EXPECT_LT(world.sim().now_us() - before, kSecond / 10);
  EXPECT_EQ(client.answers(), 0u);
  EXPECT_FALSE(values_of(only(client.receive<kafka::FetchRequest>(cold, kFetchVersion))).empty());
}

TEST_F(ColdFetchTest, WhatIsInMemoryIsToldWithoutWhatComesBeforeIt) {
  disk().set_cold(1, 1);
  disk().set_sync_delay_us(kSecond, kSecond);
  kafka::FetchRequest request = fetch_of("t", 0, 0, 20'000);
  request.topics[0].partitions.push_back(request.topics[0].partitions[0]);
  request.topics[0].partitions[1].partition = 1;
  request.topics[0].partitions[1].fetch_offset = kBatches - 1;
  const std::int64_t before = world.sim().now_us();
  const auto answer = client.call(request, kFetchVersion);
  EXPECT_LT(world.sim().now_us() - before, kSecond / 10);
  EXPECT_TRUE(values_of(answer.responses[0].partitions[0]).empty());
  EXPECT_THAT(values_of(answer.responses[0].partitions[1]), testing::ElementsAre(value_of(1, kBatches - 1)));
}

TEST_F(ColdFetchTest, WhoIsLeftOutEachTimeIsServedInTheEnd) {
  disk().set_cold(1, 1);
  kafka::FetchRequest request = fetch_of("t", 1, kBatches - 1, 20'000);  // in the tail, and asked first
  request.topics[0].partitions.push_back(request.topics[0].partitions[0]);
  request.topics[0].partitions[1].partition = 0;
  request.topics[0].partitions[1].fetch_offset = 0;
  std::size_t served = 0;
  for (int tries = 0; tries < 100 && served == 0; ++tries)
    served = values_of(client.call(request, kFetchVersion).responses[0].partitions[1]).size();
  EXPECT_GT(served, 0u);
}

TEST_F(ColdFetchTest, WhoWaitsForTheDeviceTakesNoRoomFromOthers) {
  disk().set_cold(1, 1);
  disk().set_sync_delay_us(5 * kSecond, 5 * kSecond);
  std::vector<std::unique_ptr<TestClient>> behind;
  for (int i = 0; i < 20; ++i) behind.push_back(std::make_unique<TestClient>(world.sim(), "n0", 9092));
  kafka::FetchRequest much = fetch_of("t", 0, 0);
  much.max_bytes = 50 << 20;
  for (const auto& one : behind) one->send(much, kFetchVersion);
  world.sim().run_for(kSecond);
  kafka::FetchRequest hot = fetch_of("t", 1, kBatches - 1, 500);
  hot.max_bytes = 50 << 20;
  EXPECT_THAT(values_of(only(client.call(hot, kFetchVersion))),
              testing::ElementsAre(value_of(1, kBatches - 1)));
}

TEST_F(ColdFetchTest, AClientThatLeavesMeanwhileLeavesNothingBehind) {
  disk().set_cold(1, 1);
  disk().set_sync_delay_us(kSecond, kSecond);
  client.send(fetch_of("t", 0, 0), kFetchVersion);
  world.sim().run_for(kSecond / 10);
  EXPECT_EQ(world.broker(0).shard(0).fetches_under_way(), 1u);
  client.close();
  world.sim().run_for(20 * kSecond);
  EXPECT_EQ(world.broker(0).shard(0).fetches_under_way(), 0u);
}

TEST_F(ColdFetchTest, ADeletedTopicIsToldToWhoWaitsForTheDevice) {
  disk().set_cold(1, 1);
  disk().set_sync_delay_us(kSecond, kSecond);
  const auto id = client.send(fetch_of("t", 0, 0), kFetchVersion);
  world.sim().run_for(kSecond / 10);
  world.submit(0, metadata::DeleteTopic{world.broker(0).shard(0).cluster().topic("t")->id});
  EXPECT_NE(only(client.receive<kafka::FetchRequest>(id, kFetchVersion)).error_code, kafka::ErrorCode::kNone);
}

TEST_F(ColdFetchTest, WhatDoesNotFitIsNotWaitedForToReachMinBytes) {
  kafka::FetchRequest request = fetch_of("t", 0, 0, 20'000, 1 << 20);
  request.topics[0].partitions[0].partition_max_bytes = 25'000;
  const std::int64_t before = world.sim().now_us();
  EXPECT_THAT(values_of(only(client.call(request, kFetchVersion))),
              testing::ElementsAre(value_of(0, 0), value_of(0, 1)));
  EXPECT_LT(world.sim().now_us() - before, kSecond);
}

TEST_F(ColdFetchTest, OneFetchTakesManySteps) {
  kafka::FetchRequest request = fetch_of("t", 0, 0);
  request.max_bytes = request.topics[0].partitions[0].partition_max_bytes = 500'000;
  const auto all = only(client.call(request, kFetchVersion));
  std::vector<std::string> expected;
  for (int i = 0; i < 49; ++i) expected.push_back(value_of(0, i));
  EXPECT_THAT(values_of(all), ElementsAreArray(expected));
}

}  // namespace
}  // namespace kontiki::broker
