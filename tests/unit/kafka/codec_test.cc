// Points of the codec that a client would trip over, each with its bytes.
#include "kafka/codec.h"

#include "kafka/messages/create_topics.h"
#include "kafka/messages/fetch.h"
#include "kafka/messages/find_coordinator.h"
#include "kafka/messages/metadata.h"
#include "kafka/messages/offset_for_leader_epoch.h"
#include "kafka/messages/produce.h"
#include "unit/kafka/hex.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace kontiki::kafka {
namespace {

Slice batch_of(std::size_t size) {
  Buffer buffer(size);
  std::fill(buffer.span().begin(), buffer.span().end(), std::byte{0xb4});
  return Slice(buffer);
}

FetchResponse response_with(const std::vector<Slice>& batches) {
  FetchResponse response;
  auto& topic = response.responses.emplace_back();
  topic.topic = "t";
  for (const auto& batch : batches) topic.partitions.emplace_back().records = batch;
  return response;
}

TEST(FetchResponse, BatchesOfAPartitionAreSentFromWhereTheyLie) {
  const std::vector<Slice> batches = {batch_of(5000), batch_of(100), batch_of(70'000)};
  FetchResponse response;
  response.responses.emplace_back().partitions.emplace_back().records.emplace(batches);
  for (std::int16_t version : {4, 12}) {
    const auto pieces = encode_response(1, response, version);
    EXPECT_EQ(pieces[1].data(), batches[0].data());
    EXPECT_EQ(pieces[3].data(), batches[2].data());
    Slice body;
    ASSERT_TRUE(parse_response_header(join(pieces).sub(4), ApiKey::kFetch, version, body).has_value());
    const auto decoded = decode<FetchResponse>(body, version);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(decoded->responses[0].partitions[0].records->whole(), join(batches));
  }
}

TEST(FetchResponse, RecordBytesAreSentWithoutACopy) {
  const Slice first = batch_of(100'000);
  const Slice second = batch_of(50'000);
  for (std::int16_t version : {4, 11, 12, 16}) {
    const auto pieces = encode_response(1, response_with({first, second}), version);
    ASSERT_GE(pieces.size(), 4u);
    EXPECT_EQ(pieces[1].data(), first.data()) << "the slice itself, not a copy";
    EXPECT_EQ(pieces[3].data(), second.data());
    const Slice whole = join(pieces);
    EXPECT_EQ(whole.size(), total_bytes(pieces));
    Slice body;
    ASSERT_TRUE(parse_response_header(whole.sub(4), ApiKey::kFetch, version, body).has_value());
    const auto decoded = decode<FetchResponse>(body, version);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(decoded->responses[0].partitions[0].records, first);
    EXPECT_EQ(decoded->responses[0].partitions[1].records, second);
  }
}

TEST(FetchResponse, SmallRecordsDoNotBecomePiecesOfTheirOwn) {
  const std::vector<Slice> batches(100, batch_of(80));
  EXPECT_EQ(encode_response(1, response_with(batches), 11).size(), 1u);
}

TEST(FetchResponse, NoRecordsAreOfLengthZeroAndNotNull) {
  FetchResponse response;
  response.responses.emplace_back().partitions.emplace_back();
  const Slice old = encode_body(response, 4);
  EXPECT_EQ(to_hex(old.sub(old.size() - 4)), "00000000");
  const Slice compact = encode_body(response, 12);  // records, then the tags of partition, topic and response
  EXPECT_EQ(to_hex(compact.sub(compact.size() - 4)), "01000000");
}

TEST(ProduceRequest, RecordBytesAreSlicesOfTheFrame) {
  ProduceRequest request;
  auto& topic = request.topic_data.emplace_back();
  topic.name = "t";
  topic.partition_data.emplace_back().records = batch_of(5000);
  for (std::int16_t version = 3; version <= 11; ++version) {
    const Slice frame = join(encode_request(1, "c", request, version)).sub(4);
    Slice body;
    ASSERT_TRUE(parse_header(frame, body).has_value());
    const auto decoded = decode<ProduceRequest>(body, version);
    ASSERT_TRUE(decoded.has_value());
    const Slice& records = *decoded->topic_data[0].partition_data[0].records;
    EXPECT_EQ(records.size(), 5000u);
    EXPECT_GE(records.data(), frame.data());
    EXPECT_LE(records.data() + records.size(), frame.data() + frame.size());
  }
}

TEST(ProduceRequest, IsReadFromExactBytes) {
  // Version 7, as kafka-python sends it: acks -1, 30 s, topic "ab" partition 1, three bytes of records.
  const auto request =
      decode<ProduceRequest>(from_hex("ff ff | ff ff | 00 00 75 30 | 00 00 00 01 | 00 02 61 62 | 00 00 00 01 "
                                      "| 00 00 00 01 | 00 00 00 03 01 02 03"),
                             7);
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(
      to_text(*request, 7),
      "{transactional_id: null, acks: -1, timeout_ms: 30000, topic_data: [{name: \"ab\", partition_data: "
      "[{index: 1, records: <3 bytes>}]}]}");
}

TEST(Metadata, NoTopicsAndAllTopicsAreToldApart) {
  // Version 0 has no null; its empty list asks for all. The meaning is the broker's; the codec keeps the
  // difference.
  EXPECT_EQ(decode<MetadataRequest>(from_hex("00 00 00 00"), 0)->topics,
            std::vector<MetadataRequest::Topic>());
  EXPECT_EQ(decode<MetadataRequest>(from_hex("00 00 00 00"), 1)->topics,
            std::vector<MetadataRequest::Topic>());
  EXPECT_EQ(decode<MetadataRequest>(from_hex("ff ff ff ff"), 1)->topics, std::nullopt);
  EXPECT_FALSE(decode<MetadataRequest>(from_hex("ff ff ff ff"), 0).has_value());
  EXPECT_TRUE(decode<MetadataRequest>(from_hex("ff ff ff ff"), 1)->allow_auto_topic_creation);
}

TEST(Encoder, FieldsThatTheVersionLacksAreDropped) {
  MetadataResponse response;
  response.cluster_id = "c";
  response.controller_id = 3;
  response.throttle_time_ms = 9;
  EXPECT_EQ(to_hex(encode_body(response, 0)), "0000000000000000");
  FindCoordinatorResponse coordinator;
  coordinator.host = "h";
  coordinator.coordinators.emplace_back();
  EXPECT_EQ(decode<FindCoordinatorResponse>(encode_body(coordinator, 3), 3)->coordinators.size(), 0u);
  EXPECT_EQ(decode<FindCoordinatorResponse>(encode_body(coordinator, 4), 4)->host, "");
}

TEST(Encoder, NullWhereNoneMayStandBecomesEmpty) {
  MetadataRequest request;
  request.topics.reset();
  EXPECT_EQ(to_hex(encode_body(request, 0)), "00000000");
  request.topics.emplace().emplace_back().name.reset();
  EXPECT_EQ(to_hex(encode_body(request, 9)),
            "02"
            "0100"
            "01"
            "00"
            "00"
            "00");
}

TEST(Encoder, ATextLongerThanTheProtocolAllowsIsCut) {
  CreateTopicsResponse response;
  response.topics.emplace_back().error_message = std::string(40'000, 'x');
  for (std::int16_t version : {4, 5}) {
    const auto decoded = decode<CreateTopicsResponse>(encode_body(response, version), version);
    ASSERT_TRUE(decoded.has_value());
    EXPECT_EQ(decoded->topics[0].error_message->size(), 32'767u);
  }
}

TEST(TaggedFields, AreLeftOutAtTheirDefault) {
  ProduceResponse response;
  response.responses.emplace_back().partition_responses.emplace_back();
  const Slice without = encode_body(response, 10);
  response.responses[0].partition_responses[0].current_leader = {7, 300};
  const Slice with = encode_body(response, 10);
  // Tag 0 of 9 bytes: leader, epoch, and the tags of that struct in turn.
  EXPECT_EQ(with.size(), without.size() + 2 + 9);
  EXPECT_NE(to_hex(with).find("01"
                              "00"
                              "09"
                              "00000007"
                              "0000012c"
                              "00"),
            std::string::npos);
}

TEST(TaggedFields, UnknownOnesAreSkippedAndKnownOnesFound) {
  // Fetch 12 with tag 0 (cluster id "x"), then tag 7 of three bytes that no version knows.
  const std::string fields =
      "ff ff ff ff 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 ff ff ff ff 01 01 01";
  auto request = decode<FetchRequest>(from_hex(fields + "02 00 02 02 78 07 03 aa bb cc"), 12);
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->cluster_id, "x");
  // Tags that fall, or stand twice, are malformed, as is a known one with bytes left over.
  EXPECT_FALSE(decode<FetchRequest>(from_hex(fields + "02 07 03 aa bb cc 00 02 02 78"), 12).has_value());
  EXPECT_FALSE(decode<FetchRequest>(from_hex(fields + "02 00 02 02 78 00 02 02 78"), 12).has_value());
  EXPECT_FALSE(decode<FetchRequest>(from_hex(fields + "01 00 03 02 78 00"), 12).has_value());
  EXPECT_FALSE(decode<FetchRequest>(from_hex(fields + "02 00 05 02 78 07 01 aa"), 12).has_value());
  // Tag 1 (the replica's state) comes with version 15 only: unknown here.
  request = decode<FetchRequest>(from_hex(fields + "01 01 02 aa bb"), 12);
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->replica_state, FetchRequest::ReplicaState());
}

TEST(ToText, IsBoundedAndEscaped) {
  CreateTopicsRequest request;
  for (int i = 0; i < 10'000; ++i) request.topics.emplace_back().name = std::string(300, '"') + "\n";
  const std::string text = to_text(request, 7);
  EXPECT_LT(text.size(), 64u << 10);
  EXPECT_EQ(text.find('\n'), std::string::npos);
  EXPECT_NE(text.find("301 bytes"), std::string::npos);
  EXPECT_NE(text.find("more"), std::string::npos);
}

TEST(OffsetForLeaderEpoch, Version2AsLibrdkafkaSendsIt) {
  const auto request = decode<OffsetForLeaderEpochRequest>(
      from_hex("00 00 00 01 | 00 01 74 | 00 00 00 01 | 00 00 00 00 | 00 00 00 05 | 00 00 00 04"), 2);
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->replica_id, -2);
  EXPECT_EQ(request->topics[0].partitions[0].current_leader_epoch, 5);
  EXPECT_EQ(request->topics[0].partitions[0].leader_epoch, 4);
}

}  // namespace
}  // namespace kontiki::kafka
