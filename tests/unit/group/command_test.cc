#include "group/command.h"

#include "world.h"

#include <gtest/gtest.h>

#include <cstring>

namespace kontiki::group {
namespace {

std::vector<Command> samples() {
  Member member{.id = "m",
                .instance_id = "i",
                .client_id = "c",
                .client_host = "h",
                .session_timeout_ms = 10'000,
                .rebalance_timeout_ms = 1 << 30,
                .protocols = {{"range", subscription({"t"})}, {"sticky", {}}},
                .assignment = Slice::copy_of("p")};
  Member other = member;
  other.id = "n";
  other.instance_id.reset();
  Uuid id;
  id.bytes[3] = 7;
  const Offsets offsets{{{"t", 0}, {Offset(1ll << 40), 3, "note", 5, 6, id}}, {{"t", 1}, {}}};
  return {BeginGeneration{"g", 7, 1, "consumer", "range", "m", {{"m", member}, {"n", other}}},
          Assign{"g", 7, {{"m", Slice::copy_of("p")}, {"n", {}}}},
          ReplaceMember{"g", "m", other},
          CommitOffsets{"g", offsets},
          DeleteOffsets{"g", {{"t", 0}, {"u", 1}}},
          DeleteGroup{"g"},
          DeleteTopicOffsets{"t", id},
          Expire{"g", 1ll << 50, 1000}};
}

Entry entry_of(const Slice& payload, std::uint64_t index) {
  Entry entry;
  entry.header.index = Index(index);
  entry.header.term = Term(1);
  entry.header.kind = EntryKind::kCommand;
  entry.payload = payload;
  return entry;
}

TEST(GroupCommandTest, EveryCommandSurvivesEncoding) {
  EXPECT_EQ(samples().size(), std::variant_size_v<Command>);
  for (const Command& command : samples()) {
    const Slice bytes = encode(command);
    const auto decoded = decode(bytes.bytes());
    ASSERT_TRUE(decoded) << command.index();
    EXPECT_EQ(*decoded, command) << command.index();
  }
}

TEST(GroupCommandTest, CutOrTrailingBytesAreDamage) {
  for (const Command& command : samples()) {
    const Slice bytes = encode(command);
    for (std::size_t size = 0; size < bytes.size(); ++size)
      EXPECT_EQ(decode(bytes.sub(0, size).bytes()).error(), DecodeError::kDamaged);
    EXPECT_EQ(decode(Slice::copy_of(std::string(bytes.text()) + "x").bytes()).error(), DecodeError::kDamaged);
  }
}

TEST(GroupCommandTest, FlippedBytesNeverCrashAndWhatIsAcceptedCanBeAppliedToAnyState) {
  Groups rich;
  std::uint64_t applied = 0;
  for (const std::size_t i : {3u, 0u, 1u}) rich.apply(entry_of(encode(samples()[i]), ++applied));
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
        Groups groups = rich;
        groups.apply(entry_of(again, applied + 1));
        Groups restored;
        EXPECT_TRUE(restored.restore(groups.snapshot().bytes())) << "applied state is sound";
      }
  }
}

TEST(GroupCommandTest, NewerVersionsAndKindsAreToldFromDamage) {
  std::string bytes(encode(samples()[0]).text());
  bytes[0] = 2;
  EXPECT_EQ(decode(Slice::copy_of(bytes).bytes()).error(), DecodeError::kNewer);
  bytes[0] = 1;
  bytes[1] = 99;
  EXPECT_EQ(decode(Slice::copy_of(bytes).bytes()).error(), DecodeError::kNewer);
}

TEST(GroupSubscriptionTest, ALyingCountOrLengthIsNoSubscription) {
  const Slice good = subscription({"t", "topic"});
  EXPECT_EQ(subscribed_topics(good.bytes()), (Topics{"t", "topic"}));
  for (std::size_t size = 0; size + 4 < good.size(); ++size)  // the last four bytes are user data
    EXPECT_FALSE(subscribed_topics(good.sub(0, size).bytes())) << size;
  std::string lying(good.text());
  lying[2] = 0x7F;
  EXPECT_FALSE(subscribed_topics(as_bytes(lying)));
  lying[2] = static_cast<char>(0xFF);
  EXPECT_FALSE(subscribed_topics(as_bytes(lying)));
}

}  // namespace
}  // namespace kontiki::group
