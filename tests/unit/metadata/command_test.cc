#include "metadata/command.h"

#include "builder.h"

#include <gtest/gtest.h>

namespace kontiki::metadata {
namespace {

std::vector<Command> samples() {
  Node node = node_of(7);
  node.seed_slot = 2;
  node.rack = "r";
  return {
      {uuid(1), SetClusterId{uuid(2)}},
      {uuid(1), RegisterNode{node}},
      {uuid(1),
       CreateTopic{"topic", uuid(3), {{"retention.ms", "1"}, {"a", ""}}, {nodes({1, 2}), nodes({2, 3})}}},
      {uuid(1), DeleteTopic{uuid(3)}},
      {{}, CreatePartitions{uuid(3), 2, {nodes({1, 5})}}},
      {uuid(6), ReassignPartition{uuid(3), 1 << 20, nodes({1, 5})}},
      {{}, FinishReassignment{uuid(3), 2, 1ull << 40, Term(1ull << 33)}},
      {uuid(1), SetTopicConfigs{uuid(3), {{"x", "y"}}, {"z", "w"}}},
      {uuid(1), AllocateProducerIds{NodeId(7), 1000}},
  };
}

TEST(MetadataCommandTest, EveryCommandSurvivesEncoding) {
  for (const Command& command : samples()) {
    const Slice bytes = encode(command);
    const auto decoded = decode(bytes.bytes());
    ASSERT_TRUE(decoded);
    EXPECT_EQ(*decoded, command);
  }
}

TEST(MetadataCommandTest, CutOrTrailingBytesAreDamage) {
  for (const Command& command : samples()) {
    const Slice bytes = encode(command);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      EXPECT_EQ(decode(bytes.sub(0, size).bytes()).error(), DecodeError::kDamaged);
    EXPECT_EQ(decode(Slice::copy_of(std::string(bytes.text()) + "x").bytes()).error(), DecodeError::kDamaged);
  }
}

TEST(MetadataCommandTest, FlippedBytesNeverCrashOrAllocateByALyingLength) {
  for (const Command& command : samples()) {
    const Slice good = encode(command);
    for (std::size_t at = 0; at < good.size(); ++at)
      for (const std::byte flip : {std::byte{0x01}, std::byte{0x80}, std::byte{0xff}}) {
        Buffer bad(good.size());
        std::memcpy(bad.data(), good.data(), good.size());
        bad.data()[at] ^= flip;
        const auto decoded = decode(Slice(bad).bytes());
        if (!decoded) continue;
        const Slice again = encode(*decoded);
        EXPECT_EQ(*decode(again.bytes()), *decoded);
      }
  }
}

TEST(MetadataCommandTest, NewerVersionsAndKindsAreToldFromDamage) {
  const Slice good = encode(samples()[0]);
  std::string bytes(good.text());
  bytes[0] = 2;
  EXPECT_EQ(decode(Slice::copy_of(bytes).bytes()).error(), DecodeError::kNewer);
  bytes[0] = 1;
  bytes[1] = 99;
  EXPECT_EQ(decode(Slice::copy_of(bytes).bytes()).error(), DecodeError::kNewer);
}

}  // namespace
}  // namespace kontiki::metadata
