#include "kafka/header.h"

#include "base/limits.h"
#include "kafka/codec.h"
#include "kafka/error.h"
#include "kafka/frame.h"
#include "kafka/messages/metadata.h"
#include "unit/kafka/hex.h"

#include <gtest/gtest.h>

namespace kontiki::kafka {
namespace {

TEST(RequestHeader, IsReadInBothVersions) {
  Slice body;
  // Metadata 4: header v1. The body follows the client id at once.
  auto header = parse_header(from_hex("00 03 00 04 00 00 00 09 00 01 63 | 00 00 00 00 01"), body);
  ASSERT_TRUE(header.has_value());
  EXPECT_EQ(*header, (RequestHeader{ApiKey::kMetadata, 4, 9, "c"}));
  EXPECT_EQ(to_hex(body), "0000000001");
  // Metadata 9: header v2, the client id in its old form, then tagged fields, here one that nobody knows.
  header = parse_header(from_hex("00 03 00 09 00 00 00 09 ff ff 01 63 02 aa bb | 01"), body);
  ASSERT_TRUE(header.has_value());
  EXPECT_EQ(*header, (RequestHeader{ApiKey::kMetadata, 9, 9, std::nullopt}));
  EXPECT_EQ(to_hex(body), "01");
}

TEST(RequestHeader, EveryTruncationIsRefused) {
  const Slice whole = from_hex("00 03 00 09 00 00 00 09 00 01 63 01 63 02 aa bb");
  Slice body;
  EXPECT_TRUE(parse_header(whole, body).has_value());
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(parse_header(Slice::copy_of(whole.bytes().first(size)), body).has_value()) << size;
  }
  EXPECT_FALSE(parse_header(from_hex("00 03 00 04 00 00 00 09 ff fe 00 00"), body).has_value());  // length -2
}

TEST(RequestHeader, IsWrittenAsItIsRead) {
  MetadataRequest request;
  for (std::int16_t version = 0; version <= 12; ++version) {
    const Slice frame = join(encode_request(77, "client", request, version));
    const auto size = frame_size(frame.bytes().first(4));
    ASSERT_TRUE(size.has_value());
    EXPECT_EQ(*size, frame.size() - 4);
    Slice body;
    const auto header = parse_header(frame.sub(4), body);
    ASSERT_TRUE(header.has_value());
    EXPECT_EQ(*header, (RequestHeader{ApiKey::kMetadata, version, 77, "client"}));
    EXPECT_EQ(decode<MetadataRequest>(body, version), request);
  }
}

TEST(ResponseHeader, HasTaggedFieldsInFlexibleVersionsOnly) {
  MetadataResponse response;
  for (std::int16_t version : {8, 9}) {
    const Slice frame = join(encode_response(5, response, version)).sub(4);
    EXPECT_EQ(frame.size(), 4 + (version == 9 ? 1 : 0) + encode_body(response, version).size());
    Slice body;
    EXPECT_EQ(parse_response_header(frame, ApiKey::kMetadata, version, body), 5);
    EXPECT_EQ(decode<MetadataResponse>(body, version), response);
    for (std::size_t size = 0; size < 4u + (version == 9 ? 1u : 0u); ++size) {
      EXPECT_FALSE(parse_response_header(frame.sub(0, size), ApiKey::kMetadata, version, body).has_value());
    }
  }
}

TEST(Frame, SizesThatAreNegativeOrTooLargeAreRefused) {
  EXPECT_EQ(frame_size(from_hex("00 00 00 00").bytes()), 0u);
  EXPECT_EQ(frame_size(from_hex("06 40 00 00").bytes()), limits::kRequestBytesMax);
  EXPECT_EQ(frame_size(from_hex("06 40 00 01").bytes()).error(), FrameError::kTooLarge);
  EXPECT_EQ(frame_size(from_hex("7f ff ff ff").bytes()).error(), FrameError::kTooLarge);
  EXPECT_EQ(frame_size(from_hex("80 00 00 00").bytes()).error(), FrameError::kNegative);
  EXPECT_EQ(frame_size(from_hex("47 45 54 20").bytes()).error(), FrameError::kTooLarge);  // "GET "
  EXPECT_EQ(frame_size(from_hex("ff ff ff ff").bytes()).error(), FrameError::kNegative);
}

TEST(ErrorCode, HasTheProtocolsNumbersAndNames) {
  EXPECT_EQ(static_cast<int>(ErrorCode::kNotLeaderOrFollower), 6);
  EXPECT_EQ(static_cast<int>(ErrorCode::kUnsupportedVersion), 35);
  EXPECT_EQ(static_cast<int>(ErrorCode::kInvalidRecord), 87);
  EXPECT_STREQ(error_name(ErrorCode::kUnknownTopicOrPartition), "UNKNOWN_TOPIC_OR_PARTITION");
  EXPECT_TRUE(is_retriable(ErrorCode::kNotLeaderOrFollower));
  EXPECT_FALSE(is_retriable(ErrorCode::kNone));
  EXPECT_FALSE(is_retriable(ErrorCode::kMessageTooLarge));
  EXPECT_EQ(error_name(static_cast<ErrorCode>(9999)), nullptr);
  EXPECT_EQ(to_string(static_cast<ErrorCode>(9999)), "9999");
  EXPECT_FALSE(is_retriable(static_cast<ErrorCode>(9999)));
}

}  // namespace
}  // namespace kontiki::kafka
