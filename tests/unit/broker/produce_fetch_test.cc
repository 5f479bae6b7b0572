// One broker, real encoded requests: what is written is read, at its offsets, and nothing else.

#include "broker/produce_run.h"
#include "kafka/messages/api_versions.h"
#include "kafka/messages/list_offsets.h"
#include "kafka/messages/offset_for_leader_epoch.h"
#include "world.h"

#include <gmock/gmock.h>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr std::int16_t kProduceVersion = 9;
constexpr std::int16_t kFetchVersion = 12;

TEST(ProduceFetch, WhatIsAcknowledgedIsReadAtItsOffset) {
  for (const std::size_t shards : {1, 3}) {
    World world({.shards = shards});
    world.create_topic("t", 4, 1);
    TestClient client = world.client(0);
    for (std::int32_t p = 0; p < 4; ++p) {
      const std::string tag = std::to_string(p);
      const auto first = client.call(produce_of("t", p, batch_of({"a" + tag, "b" + tag})), kProduceVersion);
      EXPECT_EQ(only(first).error_code, ErrorCode::kNone);
      EXPECT_EQ(only(first).base_offset, 0);
      const auto second = client.call(produce_of("t", p, batch_of({"c" + tag})), kProduceVersion);
      EXPECT_EQ(only(second).base_offset, 2);
      const auto fetched = only(client.call(fetch_of("t", p, 0), kFetchVersion));
      EXPECT_EQ(fetched.error_code, ErrorCode::kNone);
      EXPECT_EQ(fetched.high_watermark, 3);
      EXPECT_THAT(records_of(fetched), ElementsAre(std::pair<std::int64_t, std::string>(0, "a" + tag),
                                                   std::pair<std::int64_t, std::string>(1, "b" + tag),
                                                   std::pair<std::int64_t, std::string>(2, "c" + tag)));
    }
  }
}

TEST(ProduceFetch, EveryVersionThatIsAdvertisedWorks) {
  World world({});
  world.create_topic("t", 1, 1);
  TestClient client = world.client(0);
  std::int64_t offset = 0;
  for (std::int16_t version = 3; version <= 11; ++version, ++offset)
    EXPECT_EQ(only(client.call(produce_of("t", 0, batch_of({"v"})), version)).base_offset, offset);
  for (std::int16_t version = 4; version <= 12; ++version)
    EXPECT_EQ(records_of(only(client.call(fetch_of("t", 0, 0), version))).size(), 9u) << version;
}

TEST(ProduceFetch, OneRequestWritesManyPartitionsAndEachGetsItsOwnAnswer) {
  World world({.shards = 3});
  world.create_topic("a", 3, 1);
  world.create_topic("b", 2, 1);
  TestClient client = world.client(0);
  kafka::ProduceRequest request = produce_of("a", 0, batch_of({"a0"}));
  request.topic_data[0].partition_data.push_back({.index = 2, .records = batch_of({"a2", "a2"})});
  request.topic_data[0].partition_data.push_back({.index = 9, .records = batch_of({"none"})});
  request.topic_data.push_back({.name = "b", .partition_data = {{.index = 1, .records = batch_of({"b1"})}}});
  const auto answer = client.call(request, kProduceVersion);
  ASSERT_EQ(answer.responses.size(), 2u);
  ASSERT_EQ(answer.responses[0].partition_responses.size(), 3u);
  EXPECT_EQ(answer.responses[0].partition_responses[0].error_code, ErrorCode::kNone);
  EXPECT_EQ(answer.responses[0].partition_responses[1].error_code, ErrorCode::kNone);
  EXPECT_EQ(answer.responses[0].partition_responses[2].error_code, ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(answer.responses[0].partition_responses[2].base_offset, -1);
  EXPECT_EQ(answer.responses[1].partition_responses[0].error_code, ErrorCode::kNone);

  kafka::FetchRequest fetch = fetch_of("a", 2, 0);
  fetch.topics.push_back(fetch_of("b", 1, 0).topics[0]);
  const auto fetched = client.call(fetch, kFetchVersion);
  ASSERT_EQ(fetched.responses.size(), 2u);
  EXPECT_THAT(values_of(fetched.responses[0].partitions[0]), ElementsAre("a2", "a2"));
  EXPECT_THAT(values_of(fetched.responses[1].partitions[0]), ElementsAre("b1"));
}

TEST(ProduceFetch, ASmallPartOfARequestDoesNotKeepAllOfItInMemory) {
  const Slice request = Slice::copy_of(std::string(1000, 'r'));
  const Slice most = request.sub(100, 875);
  const Slice little = request.sub(100, 874);
  EXPECT_EQ(for_log(most, request.size()).data(), most.data());
  EXPECT_NE(for_log(little, request.size()).data(), little.data());
  EXPECT_EQ(for_log(little, request.size()), little);
}

TEST(ProduceFetch, ARefusedBatchGetsItsExactErrorAndIsNotAppended) {
  World world({});
  world.create_topic("t", 1, 1, {{"max.message.bytes", "1000"}});
  TestClient client = world.client(0);
  const auto error_of = [&](const Slice& batch, std::int16_t acks = -1,
                            std::int16_t version = kProduceVersion) {
    const auto answer = client.call(produce_of("t", 0, batch, acks), version);
    EXPECT_EQ(only(answer).base_offset, -1);
    return only(answer).error_code;
  };
  const auto changed = [](const Slice& batch, std::size_t at, std::uint8_t to) {
    Buffer copy(batch.size());
    std::memcpy(copy.data(), batch.data(), batch.size());
    copy.data()[at] = std::byte{to};
    return Slice(copy);
  };
  EXPECT_EQ(error_of(changed(batch_of({"x"}), 62, 0x55)), ErrorCode::kCorruptMessage);
  EXPECT_EQ(error_of(batch_of({std::string(2000, 'x')})), ErrorCode::kMessageTooLarge);
  EXPECT_EQ(error_of(batch_of({"x"}, {}, sim::SimClock::kWallStartMs + 86'400'000)),
            ErrorCode::kInvalidTimestamp);
  EXPECT_EQ(error_of(batch_of({"x"}), 2), ErrorCode::kInvalidRequiredAcks);
  EXPECT_EQ(error_of(Slice()), ErrorCode::kInvalidRecord);
  EXPECT_EQ(error_of(changed(batch_of({"x"}), 22, 4), -1, 6), ErrorCode::kUnsupportedCompressionType);
  EXPECT_EQ(only(client.call(fetch_of("t", 0, 0), kFetchVersion)).high_watermark, 0);
}

TEST(ProduceFetch, ARetryOfAnIdempotentProducerIsAppendedOnce) {
  World world({});
  world.create_topic("t", 1, 1);
  TestClient client = world.client(0);
  const ProducerStamp stamp{ProducerId(5), 0, 0};
  const Slice batch = batch_of({"once", "only"}, stamp);
  EXPECT_EQ(only(client.call(produce_of("t", 0, batch), kProduceVersion)).base_offset, 0);
  EXPECT_EQ(only(client.call(produce_of("t", 0, batch), kProduceVersion)).base_offset, 0);
  // Also while the first is still on its way.
  const Slice next = batch_of({"next"}, {ProducerId(5), 0, 2});
  const auto a = client.send(produce_of("t", 0, next), kProduceVersion);
  const auto b = client.send(produce_of("t", 0, next), kProduceVersion);
  EXPECT_EQ(only(client.receive<kafka::ProduceRequest>(a, kProduceVersion)).base_offset, 2);
  EXPECT_EQ(only(client.receive<kafka::ProduceRequest>(b, kProduceVersion)).base_offset, 2);
  EXPECT_EQ(only(client.call(produce_of("t", 0, batch_of({"late"}, {ProducerId(5), 0, 9})), kProduceVersion))
                .error_code,
            ErrorCode::kOutOfOrderSequenceNumber);
  EXPECT_THAT(values_of(only(client.call(fetch_of("t", 0, 0), kFetchVersion))),
              ElementsAre("once", "only", "next"));
}

TEST(ProduceFetch, WithoutAcksNothingIsAnsweredAndARefusalClosesTheConnection) {
  World world({});
  world.create_topic("t", 1, 1);
  TestClient client = world.client(0);
  client.send(produce_of("t", 0, batch_of({"quiet"}), 0), kProduceVersion);
  EXPECT_THAT(values_of(only(client.call(fetch_of("t", 0, 0, 1000), kFetchVersion))), ElementsAre("quiet"));
  client.send(produce_of("missing", 0, batch_of({"lost"}), 0), kProduceVersion);
  EXPECT_TRUE(client.wait_closed());
  EXPECT_EQ(client.answers(), 0u);
}

TEST(ProduceFetch, RestartedWithNothingButItsDiskTheBrokerServesAllThatWasAcknowledged) {
  for (const bool cleanly : {true, false}) {
    World world({.shards = 2});
    world.create_topic("t", 2, 1);
    {
      TestClient client = world.client(0);
      for (int i = 0; i < 20; ++i)
        client.call(produce_of("t", i % 2, batch_of({std::to_string(i)}, {ProducerId(1), 0, i / 2})),
                    kProduceVersion);
    }
    if (cleanly)
      EXPECT_TRUE(world.stop(0));
    else
      world.crash(0);
    world.start(0);
    ASSERT_TRUE(world.wait_ready() && world.wait_leader("t", 0) && world.wait_leader("t", 1));
    TestClient client = world.client(0);
    for (std::int32_t p = 0; p < 2; ++p) {
      const auto records = records_of(only(client.call(fetch_of("t", p, 0), kFetchVersion)));
      ASSERT_EQ(records.size(), 10u);
      for (std::size_t i = 0; i < 10; ++i) {
        EXPECT_EQ(records[i].first, static_cast<std::int64_t>(i));
        EXPECT_EQ(records[i].second, std::to_string(2 * i + static_cast<std::size_t>(p)));
      }
    }
    // What the producer last sent is still recognised.
    const auto again =
        client.call(produce_of("t", 1, batch_of({"19"}, {ProducerId(1), 0, 9})), kProduceVersion);
    EXPECT_EQ(only(again).base_offset, 9);
  }
}

// ---- fetch ----------------------------------------------------------------------------------------------

TEST(ProduceFetch, TheFirstBatchComesWholeAndTheRestWithinTheLimits) {
  World world({});
  world.create_topic("t", 2, 1);
  TestClient client = world.client(0);
  for (std::int32_t p = 0; p < 2; ++p)
    for (int i = 0; i < 3; ++i)
      client.call(produce_of("t", p, batch_of({std::string(1000, static_cast<char>('a' + i))})),
                  kProduceVersion);

  kafka::FetchRequest tiny = fetch_of("t", 0, 0);
  tiny.topics[0].partitions[0].partition_max_bytes = 10;
  EXPECT_EQ(records_of(only(client.call(tiny, kFetchVersion))).size(), 1u);

  kafka::FetchRequest both = fetch_of("t", 0, 0);
  both.topics[0].partitions.push_back(both.topics[0].partitions[0]);
  both.topics[0].partitions[1].partition = 1;
  both.max_bytes = 2500;
  const auto answer = client.call(both, kFetchVersion);
  EXPECT_EQ(records_of(answer.responses[0].partitions[0]).size(), 2u);
  EXPECT_THAT(records_of(answer.responses[0].partitions[1]), IsEmpty());
}

TEST(ProduceFetch, AnOffsetInTheMiddleOfABatchIsAnsweredWithTheWholeBatch) {
  World world({});
  world.create_topic("t", 1, 1);
  TestClient client = world.client(0);
  client.call(produce_of("t", 0, batch_of({"a", "b", "c"})), kProduceVersion);
  EXPECT_THAT(values_of(only(client.call(fetch_of("t", 0, 2), kFetchVersion))), ElementsAre("a", "b", "c"));
}

TEST(ProduceFetch, ErrorsOfAFetchAreExact) {
  World world({});
  world.create_topic("t", 1, 1);
  TestClient client = world.client(0);
  client.call(produce_of("t", 0, batch_of({"a"})), kProduceVersion);
  EXPECT_EQ(only(client.call(fetch_of("t", 0, 2, 5000), kFetchVersion)).error_code,
            ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(only(client.call(fetch_of("t", 0, -5, 5000), kFetchVersion)).error_code,
            ErrorCode::kOffsetOutOfRange);
  EXPECT_EQ(only(client.call(fetch_of("t", 1, 0, 5000), kFetchVersion)).error_code,
            ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(only(client.call(fetch_of("t", -1, 0, 5000), kFetchVersion)).error_code,
            ErrorCode::kUnknownTopicOrPartition);
  kafka::FetchRequest ahead = fetch_of("t", 0, 0);
  ahead.topics[0].partitions[0].current_leader_epoch = 1000;
  EXPECT_EQ(only(client.call(ahead, kFetchVersion)).error_code, ErrorCode::kUnknownLeaderEpoch);
  ahead.topics[0].partitions[0].current_leader_epoch = 0;
  EXPECT_EQ(only(client.call(ahead, kFetchVersion)).error_code, ErrorCode::kFencedLeaderEpoch);
}

TEST(ProduceFetch, AWaitingFetchIsAnsweredAsSoonAsSomethingIsCommitted) {
  World world({.shards = 3});
  world.create_topic("t", 3, 1);
  TestClient reader = world.client(0);
  TestClient writer = world.client(0);
  kafka::FetchRequest all = fetch_of("t", 0, 0, 20'000);
  for (std::int32_t p = 1; p < 3; ++p) {
    all.topics[0].partitions.push_back(all.topics[0].partitions[0]);
    all.topics[0].partitions.back().partition = p;
  }
  const auto id = reader.send(all, kFetchVersion);
  world.sim().run_for(kSecond);
  EXPECT_EQ(reader.answers(), 0u);
  const std::int64_t before = world.sim().now_us();
  writer.call(produce_of("t", 1, batch_of({"news"})), kProduceVersion);
  const auto answer = reader.receive<kafka::FetchRequest>(id, kFetchVersion);
  EXPECT_LT(world.sim().now_us() - before, kSecond / 10);
  ASSERT_EQ(answer.responses.size(), 1u);
  std::vector<std::string> values;
  for (const auto& partition : answer.responses[0].partitions)
    for (auto& value : values_of(partition)) values.push_back(value);
  EXPECT_THAT(values, ElementsAre("news"));
}

TEST(ProduceFetch, AWaitingFetchIsAnsweredWithNothingWhenItsTimeIsOver) {
  World world({});
  world.create_topic("t", 1, 1);
  TestClient client = world.client(0);
  const std::int64_t before = world.sim().now_us();
  const auto answer = client.call(fetch_of("t", 0, 0, 300), kFetchVersion);
  EXPECT_GE(world.sim().now_us() - before, 300'000);
  EXPECT_LT(world.sim().now_us() - before, 400'000);
  EXPECT_EQ(only(answer).error_code, ErrorCode::kNone);
  EXPECT_THAT(records_of(only(answer)), IsEmpty());
  EXPECT_EQ(world.broker(0).shard(0).fetches_under_way(), 0u);
}

TEST(ProduceFetch, AWaitingFetchIsToldThatItsTopicIsGone) {
  World world({});
  world.create_topic("t", 1, 1);
  TestClient client = world.client(0);
  const auto id = client.send(fetch_of("t", 0, 0, 20'000), kFetchVersion);
  world.sim().run_for(kSecond / 10);
  world.submit(0, metadata::DeleteTopic{world.broker(0).shard(0).cluster().topic("t")->id});
  EXPECT_NE(only(client.receive<kafka::FetchRequest>(id, kFetchVersion)).error_code, ErrorCode::kNone);
}

TEST(ProduceFetch, MinBytesHoldsTheAnswerBackUntilThereIsEnough) {
  World world({});
  world.create_topic("t", 1, 1);
  TestClient reader = world.client(0);
  TestClient writer = world.client(0);
  const auto id = reader.send(fetch_of("t", 0, 0, 20'000, 3000), kFetchVersion);
  for (int i = 0; i < 2; ++i)
    writer.call(produce_of("t", 0, batch_of({std::string(1000, 'x')})), kProduceVersion);
  world.sim().run_for(kSecond / 10);
  EXPECT_EQ(reader.answers(), 0u);
  writer.call(produce_of("t", 0, batch_of({std::string(1000, 'x')})), kProduceVersion);
  EXPECT_EQ(records_of(only(reader.receive<kafka::FetchRequest>(id, kFetchVersion))).size(), 3u);
}

TEST(ProduceFetch, AnIncrementalFetchTellsOnlyWhatHasChanged) {
  World world({.shards = 2});
  world.create_topic("t", 3, 1);
  TestClient client = world.client(0);
  kafka::FetchRequest full = fetch_of("t", 0, 0);
  for (std::int32_t p = 1; p < 3; ++p) {
    full.topics[0].partitions.push_back(full.topics[0].partitions[0]);
    full.topics[0].partitions.back().partition = p;
  }
  full.session_epoch = 0;
  const auto opened = client.call(full, kFetchVersion);
  ASSERT_NE(opened.session_id, 0);
  EXPECT_EQ(opened.responses[0].partitions.size(), 3u);

  kafka::FetchRequest next;
  next.max_bytes = 1 << 20;
  next.session_id = opened.session_id;
  next.session_epoch = 1;
  EXPECT_THAT(client.call(next, kFetchVersion).responses, IsEmpty());

  client.call(produce_of("t", 2, batch_of({"x"})), kProduceVersion);
  next.session_epoch = 2;
  const auto changed = client.call(next, kFetchVersion);
  EXPECT_EQ(only(changed).partition_index, 2);
  EXPECT_THAT(values_of(only(changed)), ElementsAre("x"));

  next.session_epoch = 7;
  EXPECT_EQ(client.call(next, kFetchVersion).error_code, ErrorCode::kInvalidFetchSessionEpoch);
  next.session_id += 1;
  EXPECT_EQ(client.call(next, kFetchVersion).error_code, ErrorCode::kFetchSessionIdNotFound);
}

// ---- offsets --------------------------------------------------------------------------------------------

kafka::ListOffsetsResponse::Partition offset_at(TestClient& client, std::int64_t timestamp,
                                                std::int16_t version = 7) {
  kafka::ListOffsetsRequest request;
  auto& topic = request.topics.emplace_back();
  topic.name = "t";
  topic.partitions.push_back({.partition_index = 0, .timestamp = timestamp});
  const auto response = client.call(request, version);
  if (response.topics.size() == 1 && response.topics[0].partitions.size() == 1)
    return response.topics[0].partitions[0];
  ADD_FAILURE() << "not one partition in the answer";
  return {};
}

TEST(ListOffsets, FindsTheVeryRecordOfATime) {
  World world({});
  world.create_topic("t", 1, 1);
  TestClient client = world.client(0);
  const std::int64_t base = sim::SimClock::kWallStartMs;
  for (int b = 0; b < 3; ++b) {
    std::vector<RecordToBuild> records;
    for (int r = 0; r < 4; ++r)
      records.push_back({.key = std::nullopt, .value = "v", .timestamp_ms = base + 100 * b + 10 * r});
    client.call(produce_of("t", 0, build_batch(records)), kProduceVersion);
  }
  EXPECT_EQ(offset_at(client, -2).offset, 0);
  EXPECT_EQ(offset_at(client, -1).offset, 12);
  EXPECT_EQ(offset_at(client, base).offset, 0);
  EXPECT_EQ(offset_at(client, base + 15).offset, 2);
  EXPECT_EQ(offset_at(client, base + 15).timestamp, base + 20);
  EXPECT_EQ(offset_at(client, base + 31).offset, 4);
  EXPECT_EQ(offset_at(client, base + 230).offset, 11);
  EXPECT_EQ(offset_at(client, base + 231).offset, -1);
  EXPECT_EQ(offset_at(client, base + 231).error_code, ErrorCode::kNone);
  EXPECT_EQ(offset_at(client, -3).offset, 11);
  for (std::int16_t version = 1; version <= 7; ++version)
    EXPECT_EQ(offset_at(client, -1, version).offset, 12);
}

TEST(ListOffsets, OfAnEmptyPartition) {
  World world({});
  world.create_topic("t", 1, 1);
  TestClient client = world.client(0);
  EXPECT_EQ(offset_at(client, -1).offset, 0);
  EXPECT_EQ(offset_at(client, -2).offset, 0);
  EXPECT_EQ(offset_at(client, -3).offset, -1);
  EXPECT_EQ(offset_at(client, 5).offset, -1);
}

TEST(OffsetForLeaderEpoch, TellsWhereTheEpochEnds) {
  World world({});
  world.create_topic("t", 1, 1);
  TestClient client = world.client(0);
  client.call(produce_of("t", 0, batch_of({"a", "b"})), kProduceVersion);
  const std::int32_t epoch = offset_at(client, -1).leader_epoch;
  kafka::OffsetForLeaderEpochRequest request;
  auto& topic = request.topics.emplace_back();
  topic.topic = "t";
  topic.partitions.push_back({.partition = 0, .leader_epoch = epoch});
  for (std::int16_t version = 2; version <= 4; ++version) {
    const auto response = client.call(request, version);
    ASSERT_EQ(response.topics.size(), 1u);
    EXPECT_EQ(response.topics[0].partitions[0].leader_epoch, epoch);
    EXPECT_EQ(response.topics[0].partitions[0].end_offset, 2);
  }
}

}  // namespace
}  // namespace kontiki::broker
