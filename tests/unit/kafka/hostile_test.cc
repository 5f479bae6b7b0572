// The decoder against bytes that lie: no crash, no read outside the frame (the address sanitizer watches),
// and no allocation out of proportion to what was sent.
#include "kafka/codec.h"
#include "kafka/messages/delete_topics.h"
#include "kafka/messages/fetch.h"
#include "kafka/messages/heartbeat.h"
#include "kafka/messages/metadata.h"
#include "kafka/messages/produce.h"
#include "unit/kafka/all_messages.h"
#include "unit/kafka/allocation_watch.h"
#include "unit/kafka/hex.h"

#include <gtest/gtest.h>

#include <vector>

namespace kontiki::kafka {
namespace {

using Body = std::vector<std::byte>;

Body body_of(const Golden& golden) {
  const Bytes bytes = golden.body.bytes();
  return {bytes.begin(), bytes.end()};
}

// Decodes in a buffer of exactly that size, so that a read past the end is seen. What is accepted must be
// stable: its own encoding decodes to the same.
bool survives(const AnyMessage& message, std::int16_t version, const Body& body) {
  const Slice frame = Slice::copy_of(Bytes(body));
  watch_allocations();
  const auto first = message.recode(frame, version, version);
  // An element takes at most some 300 bytes in memory and at least one on the wire.
  EXPECT_LE(largest_allocation(), 4096 + 300 * body.size())
      << message.name << ' ' << version << ' ' << to_hex(frame);
  if (!first) return false;
  const auto second = message.recode(*first, version, version);
  EXPECT_TRUE(second.has_value() && *second == *first)
      << message.name << ' ' << version << ' ' << to_hex(frame);
  message.text(frame, version);
  return true;
}

TEST(Hostile, EveryTruncationIsRefused) {
  for (const auto& golden : all_golden()) {
    const AnyMessage& message = *find_message(golden.message);
    const Body whole = body_of(golden);
    for (std::size_t size = 0; size < whole.size(); ++size) {
      EXPECT_FALSE(survives(message, golden.version, Body(whole.begin(), whole.begin() + size)))
          << golden.message << ' ' << golden.version << ' ' << golden.variant << " cut at " << size;
    }
  }
}

// Clients send such requests, and Kafka answers them: librdkafka 2.12 and 2.15 ask for the metadata of all
// topics with three bytes too many.
TEST(Hostile, TrailingBytesAreIgnoredInRequestsAndRefusedElsewhere) {
  for (const auto& golden : all_golden()) {
    Body longer = body_of(golden);
    longer.push_back(std::byte{0});
    const AnyMessage& message = *find_message(golden.message);
    const auto recoded = message.recode(Slice::copy_of(Bytes(longer)), golden.version, golden.version);
    if (golden.message.ends_with("Request")) {
      ASSERT_TRUE(recoded.has_value()) << golden.message << ' ' << golden.version;
      EXPECT_TRUE(*recoded == *message.recode(golden.body, golden.version, golden.version));
      continue;
    }
    ASSERT_FALSE(recoded.has_value()) << golden.message << ' ' << golden.version;
    EXPECT_EQ(recoded.error(), DecodeError::kTrailingBytes) << golden.message << ' ' << golden.version;
  }
}

Body mutated(Body body, Prng& prng) {
  static constexpr std::uint8_t kNasty[] = {0x00, 0x01, 0x7f, 0x80, 0xfe, 0xff};
  for (auto changes = 1 + prng.below(4); changes > 0 && !body.empty(); --changes) {
    const auto at = body.begin() + static_cast<std::ptrdiff_t>(prng.below(body.size()));
    switch (prng.below(5)) {
      case 0:
        *at ^= static_cast<std::byte>(1u << prng.below(8));
        break;
      case 1:
        *at = static_cast<std::byte>(kNasty[prng.below(std::size(kNasty))]);
        break;
      case 2:
        std::fill(at, body.begin() + std::min<std::ptrdiff_t>(at - body.begin() + 4, std::ssize(body)),
                  static_cast<std::byte>(kNasty[prng.below(std::size(kNasty))]));
        break;
      case 3:
        body.erase(at);
        break;
      default:
        body.insert(at, static_cast<std::byte>(prng.next()));
    }
  }
  return body;
}

TEST(Hostile, MutatedMessagesAreRefusedOrStable) {
  Prng prng(20);
  std::size_t accepted = 0;
  std::size_t refused = 0;
  for (const auto& golden : all_golden()) {
    const AnyMessage& message = *find_message(golden.message);
    for (int i = 0; i < 100; ++i) {
      const bool kept = survives(message, golden.version, mutated(body_of(golden), prng));
      ++(kept ? accepted : refused);
    }
  }
  EXPECT_GT(accepted, 1000u);  // the mutations are neither too wild
  EXPECT_GT(refused, 1000u);   // nor too tame to say anything
}

TEST(Hostile, RandomBytesAreRefusedOrStable) {
  Prng prng(21);
  for (const auto& message : all_messages()) {
    for (auto version = message.codec.min; version <= message.codec.max; ++version) {
      for (int i = 0; i < 100; ++i) {
        Body body(prng.below(64));
        for (auto& b : body) b = static_cast<std::byte>(prng.chance(1, 3) ? prng.next() : prng.below(4));
        survives(message, version, body);
      }
    }
  }
}

TEST(Hostile, WhatIsNotTextIsRefusedWhereTextIsDue) {
  HeartbeatRequest request;
  request.group_id = "caf\xc3\xa9";
  EXPECT_TRUE(decode<HeartbeatRequest>(encode_body(request, 3), 3));
  for (const char* bytes : {"caf\xc3", "\xff", "\xc0\x80", "\xed\xa0\x80"}) {
    request.group_id = bytes;
    EXPECT_FALSE(decode<HeartbeatRequest>(encode_body(request, 3), 3));
    EXPECT_FALSE(decode<HeartbeatRequest>(encode_body(request, 4), 4));
  }
}

TEST(Hostile, LyingCountsAllocateNothing) {
  struct Case {
    const char* message;
    std::int16_t version;
    const char* body;
  };
  const Case cases[] = {
      {"MetadataRequest", 0, "7f ff ff ff"},                 // two thousand million topics
      {"MetadataRequest", 1, "ff ff ff fe"},                 // a length below that of null
      {"MetadataRequest", 9, "ff ff ff ff 0f"},              // the largest varint
      {"MetadataRequest", 9, "ff ff ff ff 1f"},              // one that does not fit 32 bits
      {"MetadataRequest", 9, "81 80 80 80 10 01 00 00 00"},  // one that is 1 when cut to 32 bits
      {"MetadataRequest", 9, "80 80 80 80 80 00"},           // one of six bytes
      {"MetadataRequest", 0, "00 00 00 01 7f ff"},           // a string longer than the frame
      {"MetadataRequest", 0, "00 00 00 01 ff ff"},           // null where none may stand
      {"ProduceRequest", 3,
       "ff ff 00 01 00 00 00 00 00 00 00 01 00 01 61 00 00 00 01 00 00 00 00 7f ff ff ff"},
      {"FetchRequest", 12,
       "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01 01 01 "
       "ff ff ff ff 0f"},  // the count of tagged fields
      {"FetchRequest", 12,
       "00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 01 01 01 "
       "01 00 ff ff ff ff 0f"},  // the size of a tagged field
  };
  for (const auto& c : cases) {
    const Slice body = from_hex(c.body);
    watch_allocations();
    const auto recoded = find_message(c.message)->recode(body, c.version, c.version);
    EXPECT_LE(largest_allocation(), 4096u) << c.body;
    ASSERT_FALSE(recoded.has_value()) << c.body;
    EXPECT_EQ(recoded.error(), DecodeError::kMalformed) << c.body;
  }
}

TEST(Hostile, ACountIsHeldAgainstTheSmallestElementThatItsVersionHas) {
  // 100 topics by id take 18 bytes each; 1,799 bytes cannot hold them, and nothing is allocated to find out.
  Body body(2 + 1 + 1799 + 4);
  body[0] = std::byte{0x65};  // 100 topics
  watch_allocations();
  EXPECT_FALSE(decode<DeleteTopicsRequest>(Slice::copy_of(Bytes(body).first(1 + 1799)), 6).has_value());
  EXPECT_LE(largest_allocation(), 4096u);
}

TEST(Hostile, ManyEmptyElementsDoNotMultiplyTheFrame) {
  // A million empty names of one byte each: 32 MB of strings for 1 MB of frame.
  constexpr std::size_t kCount = 1'000'000;
  std::vector<std::byte> body(kCount + 8, std::byte{1});
  const std::uint32_t n = kCount + 1;
  body[0] = static_cast<std::byte>(n | 0x80);
  body[1] = static_cast<std::byte>(n >> 7 | 0x80);
  body[2] = static_cast<std::byte>(n >> 14);
  const Slice frame = Slice::copy_of(Bytes(body));
  watch_allocations();
  const auto decoded = decode<DeleteTopicsRequest>(frame, 4);
  ASSERT_FALSE(decoded.has_value());
  EXPECT_EQ(decoded.error(), DecodeError::kMalformed);
  EXPECT_LE(largest_allocation(), 4096u);
}

TEST(Hostile, AnHonestlyLargeMessageIsRead) {
  MetadataResponse large;
  auto& partitions = large.topics.emplace_back().partitions;
  partitions.resize(100'000);
  for (auto& partition : partitions) {
    partition.replica_nodes = {1, 2, 3};
    partition.isr_nodes = {1, 2, 3};
  }
  for (std::int16_t version : {0, 12}) {
    const auto decoded = decode<MetadataResponse>(encode_body(large, version), version);
    ASSERT_TRUE(decoded.has_value()) << version;
    EXPECT_EQ(decoded->topics[0].partitions.size(), 100'000u);
  }
}

TEST(Hostile, VersionsOutsideTheCodecAreRefused) {
  const Slice body = from_hex("00");
  for (std::int16_t version : {-32768, -1, 0, 2, 12, 32767}) {
    const auto decoded = decode<ProduceRequest>(body, version);
    ASSERT_FALSE(decoded.has_value());
    EXPECT_EQ(decoded.error(), DecodeError::kUnsupportedVersion);
  }
}

}  // namespace
}  // namespace kontiki::kafka
