#include "kafka/messages/api_versions.h"

#include "kafka/codec.h"
#include "unit/kafka/hex.h"

#include <gtest/gtest.h>

namespace kontiki::kafka {
namespace {

TEST(ApiVersions, UnsupportedVersionIsAnsweredInTheExactFormOfVersion0) {
  EXPECT_EQ(to_hex(join(encode_unsupported_api_versions(7))),
            to_hex(from_hex("00 00 00 10 | 00 00 00 07 | 00 23 | 00 00 00 01 | 00 12 00 00 00 04")));
}

TEST(ApiVersions, ResponseKeepsTheOldHeaderInFlexibleVersions) {
  ApiVersionsResponse response;
  response.api_keys = {{18, 0, 4}};
  // After the correlation id comes the error code at once: no tagged fields of a header.
  EXPECT_EQ(
      to_hex(join(encode_response(7, response, 3))),
      to_hex(from_hex("00 00 00 13 | 00 00 00 07 | 00 00 | 02 | 00 12 00 00 00 04 00 | 00 00 00 00 | 00")));
  Slice body;
  const Slice frame = join(encode_response(7, response, 3));
  EXPECT_EQ(parse_response_header(frame.sub(4), ApiKey::kApiVersions, 3, body), 7);
  EXPECT_EQ(decode<ApiVersionsResponse>(body, 3), response);
}

TEST(ApiVersions, TheFirstRequestOfLibrdkafkaIsRead) {
  // librdkafka's ApiVersions v3: header v2 with client id "rdkafka", software name and version as compact
  // strings.
  const Slice frame = from_hex(
      "00 12 00 03 00 00 00 01 00 07 72 64 6b 61 66 6b 61 00 |"
      "0b 6c 69 62 72 64 6b 61 66 6b 61 06 32 2e 30 2e 32 00");
  Slice body;
  const auto header = parse_header(frame, body);
  ASSERT_TRUE(header.has_value());
  EXPECT_EQ(*header, (RequestHeader{ApiKey::kApiVersions, 3, 1, "rdkafka"}));
  const auto request = decode<ApiVersionsRequest>(body, 3);
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->client_software_name, "librdkafka");
  EXPECT_EQ(request->client_software_version, "2.0.2");
}

TEST(ApiVersions, ARequestOfALaterVersionStillHasAReadableHeader) {
  // Java 4.4 begins with version 5; what its body looks like is of no concern to the answer.
  const Slice frame = from_hex("00 12 00 05 00 00 00 2a 00 01 63 | ff ff ff ff ff ff");
  Slice body;
  const auto header = parse_header(frame, body);
  ASSERT_TRUE(header.has_value());
  EXPECT_EQ(header->correlation_id, 42);
  EXPECT_FALSE(find_api(header->api_key)->serves(header->api_version));
}

TEST(ApiVersions, AdvertisesTheOldVersionsByWhichClientsDecideTheirFeatures) {
  const auto range = [](ApiKey key) { return find_api(key)->advertised; };
  // librdkafka up to 2.11: these exact versions must lie inside, or it compresses nothing, or writes old
  // message sets.
  EXPECT_EQ(range(ApiKey::kProduce), (VersionRange{0, 11}));
  EXPECT_TRUE(range(ApiKey::kFetch).has(4));
  EXPECT_TRUE(range(ApiKey::kFetch).has(10));
  EXPECT_TRUE(range(ApiKey::kListOffsets).has(1));
  EXPECT_TRUE(range(ApiKey::kFindCoordinator).has(0));
  // Without one of these it has no consumer groups at all.
  EXPECT_TRUE(range(ApiKey::kOffsetCommit).has(2));
  EXPECT_TRUE(range(ApiKey::kOffsetFetch).has(1));
  for (const ApiKey key : {ApiKey::kJoinGroup, ApiKey::kSyncGroup, ApiKey::kHeartbeat, ApiKey::kLeaveGroup})
    EXPECT_TRUE(range(key).has(0)) << to_string(key);
  EXPECT_TRUE(range(ApiKey::kInitProducerId).has(0));
  EXPECT_TRUE(range(ApiKey::kOffsetForLeaderEpoch).has(2));
  // Advertised all the same, these are refused.
  for (std::int16_t version : {0, 1, 2}) EXPECT_FALSE(find_api(ApiKey::kProduce)->serves(version));
  EXPECT_TRUE(find_api(ApiKey::kProduce)->serves(3));
}

TEST(ApiVersions, UnknownKeysHaveNoApi) {
  EXPECT_EQ(find_api(static_cast<ApiKey>(-1)), nullptr);
  EXPECT_EQ(find_api(static_cast<ApiKey>(4)), nullptr);
  EXPECT_EQ(find_api(static_cast<ApiKey>(1000)), nullptr);
  EXPECT_EQ(to_string(static_cast<ApiKey>(1000)), "1000");
  EXPECT_EQ(to_string(ApiKey::kFetch), "Fetch");
}

}  // namespace
}  // namespace kontiki::kafka
