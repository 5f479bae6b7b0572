// The codec against bytes that an encoder of its own made from the protocol's schemas (make_golden.py).
#include "unit/kafka/all_messages.h"
#include "unit/kafka/hex.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <tuple>

namespace kontiki::kafka {
namespace {

std::map<std::tuple<std::string, std::int16_t, std::string>, Slice> by_name() {
  std::map<std::tuple<std::string, std::int16_t, std::string>, Slice> bodies;
  for (const auto& golden : all_golden())
    bodies[{golden.message, golden.version, golden.variant}] = golden.body;
  return bodies;
}

TEST(Golden, EveryMessageInEveryVersionHasItsBytes) {
  const auto bodies = by_name();
  for (const auto& message : all_messages()) {
    for (auto version = message.codec.min; version <= message.codec.max; ++version) {
      for (const char* variant : {"zero", "bare", "tags", "full", "null"}) {
        EXPECT_TRUE(bodies.contains({message.name, version, variant})) << message.name << ' ' << version;
      }
    }
  }
  EXPECT_EQ(bodies.size(), all_golden().size());
}

TEST(Golden, WhatWasDecodedIsEncodedToTheSameBytes) {
  const auto bodies = by_name();
  for (const auto& golden : all_golden()) {
    const AnyMessage* message = find_message(golden.message);
    ASSERT_NE(message, nullptr) << golden.message;
    // Tagged fields that carry their default are understood, and left out again.
    const bool tags = golden.variant == "tags";
    const Slice expected = tags ? bodies.at({golden.message, golden.version, "zero"}) : golden.body;
    const auto recoded = message->recode(golden.body, golden.version, golden.version);
    ASSERT_TRUE(recoded.has_value()) << golden.message << ' ' << golden.version << ' ' << golden.variant;
    EXPECT_EQ(to_hex(*recoded), to_hex(expected))
        << golden.message << ' ' << golden.version << ' ' << golden.variant << '\n'
        << message->text(golden.body, golden.version);
  }
}

TEST(Golden, FieldsThatAVersionLacksGetTheProtocolsDefaults) {
  const auto bodies = by_name();
  for (const auto& golden : all_golden()) {
    if (golden.variant != "bare") continue;
    // The protocol says "" for a documentation that was not sent; we say null, which is what it is.
    if (golden.message == "DescribeConfigsResponse" && golden.version < 3) continue;
    const AnyMessage* message = find_message(golden.message);
    const std::int16_t last = message->codec.max;
    const auto recoded = message->recode(golden.body, golden.version, last);
    ASSERT_TRUE(recoded.has_value()) << golden.message << ' ' << golden.version;
    EXPECT_EQ(to_hex(*recoded), to_hex(bodies.at({golden.message, last, "bare"})))
        << golden.message << ' ' << golden.version << '\n'
        << message->text(golden.body, golden.version);
  }
}

TEST(Golden, MessagesJustConstructedAreAtTheProtocolsDefaults) {
  // Two are left otherwise on purpose: a client's ListOffsets is no replica's, and no transactional id is
  // null, not "".
  const std::set<std::string> others = {"ListOffsetsRequest", "InitProducerIdRequest"};
  const auto bodies = by_name();
  for (const auto& message : all_messages()) {
    if (others.contains(message.name)) continue;
    const std::int16_t last = message.codec.max;
    EXPECT_EQ(to_hex(message.fresh(last)), to_hex(bodies.at({message.name, last, "zero"}))) << message.name;
  }
}

TEST(RoundTrip, MessagesWithRandomFieldsComeBackEqual) {
  for (const auto& message : all_messages()) {
    for (auto version = message.codec.min; version <= message.codec.max; ++version) {
      for (std::uint64_t seed = 1; seed <= 40; ++seed) {
        ASSERT_EQ(message.round_trip(seed, version), "")
            << message.name << ' ' << version << " seed " << seed;
      }
    }
  }
}

TEST(RoundTrip, MessagesJustConstructedComeBackEqual) {
  for (const auto& message : all_messages()) {
    for (auto version = message.codec.min; version <= message.codec.max; ++version) {
      EXPECT_EQ(message.default_round_trip(version), "") << message.name << ' ' << version;
    }
  }
}

TEST(ToText, EveryMessageIsOneLine) {
  for (const auto& golden : all_golden()) {
    if (golden.variant != "full") continue;
    const std::string text = find_message(golden.message)->text(golden.body, golden.version);
    EXPECT_EQ(text.front(), '{') << golden.message;
    EXPECT_EQ(text.back(), '}') << golden.message;
    EXPECT_EQ(std::count(text.begin(), text.end(), '\n'), 0) << golden.message;
  }
}

}  // namespace
}  // namespace kontiki::kafka
