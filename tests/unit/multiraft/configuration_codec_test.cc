// What stands on disk about a group's members is read back as it was, or refused.
#include "multiraft/configuration_codec.h"

#include "multiraft/frame.h"

#include <gtest/gtest.h>

namespace kontiki::multiraft {
namespace {

Configuration sample() {
  return {.voters = {NodeId(-3), NodeId(1)},
          .outgoing = {NodeId(1), NodeId(2)},
          .learners = {NodeId(300)},
          .epoch = 1ull << 40};
}

TEST(ConfigurationCodec, AnEntryComesBackAndDamageIsRefused) {
  const Slice bytes = encode_configuration(sample());
  EXPECT_EQ(decode_configuration(bytes.bytes()), sample());
  for (std::size_t i = 0; i < bytes.size(); ++i) EXPECT_FALSE(decode_configuration(bytes.sub(0, i).bytes()));
  Configuration nobody = sample();
  nobody.voters.clear();
  EXPECT_FALSE(decode_configuration(encode_configuration(nobody).bytes()));
  EXPECT_FALSE(decode_configuration(Slice::copy_of(std::string(bytes.text()) + "x").bytes()));
}

TEST(ConfigurationCodec, AStateComesBackWithItsConfigurations) {
  const SavedState saved{{{Index(0), sample()}, {Index(9), sample()}}, Slice::copy_of("state")};
  const Slice bytes = encode_saved_state(saved);
  const auto back = decode_saved_state(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->configurations, saved.configurations);
  EXPECT_EQ(back->state.text(), "state");
  for (std::size_t i = 4; i < bytes.size() - 5; ++i) EXPECT_FALSE(decode_saved_state(bytes.sub(0, i)));
}

TEST(ConfigurationCodec, AStateWithoutItsConfigurationsIsRefused) {
  EXPECT_FALSE(decode_saved_state(Slice::copy_of("KPSP and so on")));
}

std::optional<Frame> through_the_wire(const Configuration& named, const Slice& held) {
  GroupMessage message;
  message.group = GroupId(1);
  raft::AppendRequest request;
  request.count = 1;
  request.runs = {{Term(1), Index(1)}};
  request.configurations = {{Index(1), named}};
  message.message = {NodeId(1), NodeId(2), Term(1), request};
  message.entries.resize(1);
  message.entries[0].header = {Index(1), Term(1), Offset(0), 0, -1, EntryKind::kConfiguration};
  message.entries[0].payload = held;
  std::string bytes;
  for (const Slice& piece : encode_frame(GroupMessages{{message}})) bytes += piece.text();
  const Slice all = Slice::copy_of(bytes);
  const auto header = decode_frame_header(all.sub(0, kFrameHeaderBytes));
  auto frame = decode_frame(*header, all.sub(kFrameHeaderBytes));
  return frame ? std::optional<Frame>(std::move(*frame)) : std::nullopt;
}

// The core believes the one, the next start the other.
TEST(ConfigurationCodec, AMessageNamesTheConfigurationThatItsEntryHolds) {
  EXPECT_TRUE(through_the_wire(sample(), encode_configuration(sample())));
  Configuration other = sample();
  other.epoch = 1;
  EXPECT_FALSE(through_the_wire(sample(), encode_configuration(other)));
  EXPECT_FALSE(through_the_wire(sample(), Slice::copy_of("?")));
}

}  // namespace
}  // namespace kontiki::multiraft
