// DeleteRecords: the new start of a partition's log is the same on every replica, survives whatever the data
// survives, and is what consumers meet.

#include "kafka/messages/delete_records.h"

#include "broker/partition_host.h"
#include "kafka/messages/list_offsets.h"
#include "unit/broker/world.h"

#include <gmock/gmock.h>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;
using ::testing::ElementsAre;
using ::testing::SizeIs;

constexpr std::int16_t kProduceVersion = 9;
constexpr std::int16_t kFetchVersion = 12;
constexpr std::int16_t kListVersion = 11;

kafka::DeleteRecordsRequest delete_of(const std::string& topic, std::int64_t offset,
                                      std::int32_t partition = 0, std::int32_t timeout_ms = 10'000) {
  kafka::DeleteRecordsRequest request;
  request.topics.push_back({topic, {{partition, offset}}});
  request.timeout_ms = timeout_ms;
  return request;
}

kafka::DeleteRecordsResponse::Partition only(const kafka::DeleteRecordsResponse& response) {
  if (response.topics.size() == 1 && response.topics[0].partitions.size() == 1)
    return response.topics[0].partitions[0];
  ADD_FAILURE() << "not one partition in the answer";
  return {};
}

kafka::ListOffsetsResponse::Partition offset_at(TestClient& client, std::int64_t timestamp,
                                                std::int16_t version = kListVersion) {
  kafka::ListOffsetsRequest request;
  request.topics.push_back({"t", {{.partition_index = 0, .timestamp = timestamp}}});
  const auto response = client.call(request, version);
  if (response.topics.size() == 1 && response.topics[0].partitions.size() == 1)
    return response.topics[0].partitions[0];
  ADD_FAILURE() << "not one partition in the answer";
  return {};
}

void write(TestClient& client, const std::vector<std::string>& values) {
  EXPECT_EQ(broker::only(client.call(produce_of("t", 0, batch_of(values)), kProduceVersion)).error_code,
            ErrorCode::kNone);
}

const PartitionHost* host(World& world, std::size_t i) {
  const GroupId group = world.group("t", 0);
  return world.broker(i).shard(world.broker(i).node().shard_of(group)).host(group);
}

TEST(DeleteRecords, ConsumersMeetTheNewStart) {
  World world({.nodes = 1, .shards = 2});
  world.create_topic("t", 1, 1);
  TestClient client = world.client(0);
  write(client, {"a", "b", "c"});
  write(client, {"d", "e"});
  for (std::int16_t v = 0; v <= 2; ++v) {
    const auto answer = only(client.call(delete_of("t", v + 1), v));
    EXPECT_EQ(answer.error_code, ErrorCode::kNone) << v;
    EXPECT_EQ(answer.low_watermark, v + 1);
  }
  EXPECT_EQ(only(client.call(delete_of("t", 2), 2)).low_watermark, 3) << "the start never goes back";

  const auto below = client.call(fetch_of("t", 0, 2), kFetchVersion);
  EXPECT_EQ(broker::only(below).error_code, ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(broker::only(below).log_start_offset, 3);
  const auto rest = client.call(fetch_of("t", 0, 3), kFetchVersion);
  EXPECT_EQ(broker::only(rest).error_code, ErrorCode::kNone);
  EXPECT_THAT(values_of(broker::only(rest)), ElementsAre("d", "e"));
  EXPECT_EQ(offset_at(client, -2).offset, 3);
  EXPECT_EQ(offset_at(client, -4).offset, 3);
  EXPECT_EQ(offset_at(client, -1).offset, 5);
}

TEST(DeleteRecords, MinusOneDeletesAllThatIsCommitted) {
  World world({});
  world.create_topic("t", 1, 1);
  TestClient client = world.client(0);
  EXPECT_EQ(only(client.call(delete_of("t", -1), 2)).low_watermark, 0) << "of an empty partition";
  write(client, {"a", "b"});
  EXPECT_EQ(only(client.call(delete_of("t", -1), 2)).low_watermark, 2);
  EXPECT_EQ(offset_at(client, -2).offset, 2);
  EXPECT_EQ(offset_at(client, -1).offset, 2);
  EXPECT_EQ(offset_at(client, -3).offset, -1) << "no record is left";
  EXPECT_EQ(offset_at(client, 0).offset, -1);
  write(client, {"c"});
  EXPECT_THAT(values_of(broker::only(client.call(fetch_of("t", 0, 2), kFetchVersion))), ElementsAre("c"));
}

TEST(DeleteRecords, RefusesWhatKafkaRefuses) {
  World world({.nodes = 3, .shards = 1});
  world.create_topic("t", 1, 3);
  const std::size_t leader = *world.leader("t", 0);
  TestClient client = world.client(leader);
  write(client, {"a"});
  EXPECT_EQ(only(client.call(delete_of("t", 2), 2)).error_code, ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(only(client.call(delete_of("t", -2), 2)).error_code, ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(only(client.call(delete_of("t", 0, 7), 2)).error_code, ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(only(client.call(delete_of("u", 0), 2)).error_code, ErrorCode::kUnknownTopicOrPartition);
  TestClient follower = world.client((leader + 1) % 3);
  const auto wrong = only(follower.call(delete_of("t", 1), 2));
  EXPECT_EQ(wrong.error_code, ErrorCode::kNotLeaderOrFollower);
  EXPECT_EQ(wrong.low_watermark, -1);
  EXPECT_EQ(offset_at(client, -2).offset, 0) << "nothing was deleted";
}

TEST(DeleteRecords, TheStartIsOnEveryReplicaWhoeverLeadsAndStartsAgain) {
  for (const std::uint64_t seed : {1u, 2u, 3u}) {
    World world({.nodes = 3, .shards = 2, .seed = seed});
    world.create_topic("t", 1, 3);
    const std::size_t first = *world.leader("t", 0);
    {
      TestClient client = world.client(first);
      write(client, {"a", "b", "c", "d"});
      ASSERT_EQ(only(client.call(delete_of("t", 3), 2)).error_code, ErrorCode::kNone);
    }
    world.crash(first);
    ASSERT_TRUE(world.wait_leader("t", 0));
    const std::size_t second = *world.leader("t", 0);
    {
      TestClient client = world.client(second);
      EXPECT_EQ(offset_at(client, -2).offset, 3) << "the new leader goes on with it";
      EXPECT_EQ(broker::only(client.call(fetch_of("t", 0, 0), kFetchVersion)).error_code,
                ErrorCode::kOffsetOutOfRange);
      write(client, {"e"});
    }
    for (std::size_t i = 0; i < 3; ++i)
      if (world.runs(i)) world.crash(i);
    for (std::size_t i = 0; i < 3; ++i) world.start(i);
    ASSERT_TRUE(world.wait_ready() && world.wait_leader("t", 0));
    ASSERT_TRUE(world.wait([&] {
      for (std::size_t i = 0; i < 3; ++i)
        if (host(world, i) == nullptr || host(world, i)->partition().high_watermark() != Offset(5))
          return false;
      return true;
    }));
    for (std::size_t i = 0; i < 3; ++i) {
      EXPECT_EQ(host(world, i)->log_start(), Offset(3)) << i;
      EXPECT_TRUE(host(world, i)->partition().same_state(host(world, 0)->partition())) << i;
    }
  }
}

TEST(DeleteRecords, IsNotAnsweredBeforeItIsCommitted) {
  World world({.nodes = 3, .shards = 1});
  world.create_topic("t", 1, 3);
  const std::size_t leader = *world.leader("t", 0);
  TestClient client = world.client(leader);
  write(client, {"a", "b"});
  world.sim().network().isolate(World::name(leader));
  world.sim().network().heal(World::name(leader), "client");
  const auto answer = only(client.call(delete_of("t", 1, 0, 1000), 2));
  EXPECT_NE(answer.error_code, ErrorCode::kNone);
  EXPECT_EQ(host(world, leader)->log_start(), Offset(0));
}

TEST(DeleteRecords, AWaitingFetchBelowTheNewStartIsToldAtOnce) {
  World world({});
  world.create_topic("t", 1, 1);
  TestClient reader = world.client(0);
  TestClient admin = world.client(0);
  write(admin, {"a"});
  const auto id = reader.send(fetch_of("t", 0, 0, 60'000, 1 << 20), kFetchVersion);
  world.sim().run_for(100'000);
  EXPECT_EQ(only(admin.call(delete_of("t", 1), 2)).error_code, ErrorCode::kNone);
  const auto answer = reader.try_receive<kafka::FetchRequest>(id, kFetchVersion, kSecond);
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(broker::only(*answer).error_code, ErrorCode::kOffsetOutOfRange);
}

TEST(DeleteRecords, GivesItsSegmentsBackToTheDisk) {
  World world({});
  world.create_topic("t", 1, 1, {{"segment.bytes", "1048576"}, {"retention.ms", "-1"}});
  TestClient client = world.client(0);
  const std::string large(200'000, 'x');
  for (int i = 0; i < 40; ++i) write(client, {large});
  const auto size = [&] { return const_cast<PartitionHost*>(host(world, 0))->group()->size_bytes(); };
  const auto files = [&] { return world.node(0).disk().files().size(); };
  // Small logs stay in the WAL until the broker is stopped.
  ASSERT_TRUE(world.stop(0));
  world.start(0);
  ASSERT_TRUE(world.wait_ready() && world.wait_leader("t", 0));
  const std::uint64_t before = size();
  const std::size_t files_before = files();
  TestClient again = world.client(0);
  EXPECT_EQ(only(again.call(delete_of("t", 30), 2)).low_watermark, 30);
  EXPECT_TRUE(world.wait([&] { return size() < before / 2 && files() < files_before; }, 120 * kSecond));
  EXPECT_THAT(values_of(broker::only(again.call(fetch_of("t", 0, 39), kFetchVersion))), ElementsAre(large));
  EXPECT_EQ(broker::only(again.call(fetch_of("t", 0, 30), kFetchVersion)).error_code, ErrorCode::kNone);
}

TEST(DeleteRecords, TimestampsAreLookedUpAmongWhatIsLeft) {
  World world({});
  world.create_topic("t", 1, 1);
  TestClient client = world.client(0);
  const std::int64_t base = sim::SimClock::kWallStartMs;
  const auto write_at = [&](const std::vector<std::int64_t>& times) {
    std::vector<RecordToBuild> records;
    for (const std::int64_t time : times)
      records.push_back({.key = std::nullopt, .value = "v", .timestamp_ms = base + time});
    EXPECT_EQ(broker::only(client.call(produce_of("t", 0, build_batch(records)), kProduceVersion)).error_code,
              ErrorCode::kNone);
  };
  write_at({10, 900, 50});  // 0, 1, 2
  write_at({40, 20});       // 3, 4
  EXPECT_EQ(offset_at(client, -3).offset, 1);
  EXPECT_EQ(only(client.call(delete_of("t", 2), 2)).error_code, ErrorCode::kNone);
  const auto newest = offset_at(client, -3);
  EXPECT_EQ(newest.offset, 2) << "in the rest of the batch that was cut in two";
  EXPECT_EQ(newest.timestamp, base + 50);
  EXPECT_EQ(offset_at(client, base + 5).offset, 2);
  EXPECT_EQ(offset_at(client, base + 5).timestamp, base + 50);
  EXPECT_EQ(offset_at(client, base + 100).offset, -1);
  EXPECT_EQ(only(client.call(delete_of("t", 3), 2)).error_code, ErrorCode::kNone);
  EXPECT_EQ(offset_at(client, -3).offset, 3);
  EXPECT_EQ(offset_at(client, base + 15).offset, 3);
}

TEST(ListOffsets, SpecialTimestampsAreServedFromTheirVersionOn) {
  World world({});
  world.create_topic("t", 1, 1);
  TestClient client = world.client(0);
  write(client, {"a", "b"});
  struct Special {
    std::int64_t timestamp;
    std::int16_t since;
    std::int64_t offset;
  };
  for (const Special& special : {Special{-1, 1, 2}, Special{-2, 1, 0}, Special{-3, 7, 0}, Special{-4, 8, 0},
                                 Special{-5, 9, -1}, Special{-6, 11, -1}, Special{-7, 99, -1}}) {
    for (std::int16_t version = 1; version <= kListVersion; ++version) {
      const auto answer = offset_at(client, special.timestamp, version);
      const bool known = version >= special.since;
      EXPECT_EQ(answer.error_code, known ? ErrorCode::kNone : ErrorCode::kUnsupportedVersion)
          << special.timestamp << " in version " << version;
      if (!known) continue;
      EXPECT_EQ(answer.offset, special.offset) << special.timestamp << " in version " << version;
    }
  }
}

}  // namespace
}  // namespace kontiki::broker
