#include "multiraft/frame.h"

#include "base/crc32c.h"
#include "base/prng.h"

#include <gtest/gtest.h>

namespace kontiki::multiraft {
namespace {

Slice joined(const std::vector<Slice>& pieces) {
  std::string all;
  for (const Slice& piece : pieces) all += piece.text();
  return Slice::copy_of(all);
}

Result<Frame, FrameError> through_the_wire(const Frame& frame) {
  const Slice bytes = joined(encode_frame(frame));
  const auto header = decode_frame_header(bytes.sub(0, kFrameHeaderBytes));
  EXPECT_TRUE(header);
  return decode_frame(*header, bytes.sub(kFrameHeaderBytes));
}

GroupMessages sample() {
  GroupMessages frame;
  GroupMessage append;
  append.group = GroupId(1ull << 40);
  raft::AppendRequest request;
  request.prev_index = Index((1ull << 31) - 1);  // 2^31 lies within
  request.prev_term = Term(3);
  request.count = 2;
  request.runs = {{Term(3), Index(1ull << 31)}, {Term(1ull << 33), Index((1ull << 31) + 1)}};
  request.commit = Index(77);
  append.message = {NodeId(7), NodeId(42), Term(1ull << 33), request};
  append.entries.resize(2);
  append.entries[0].header = {Index(1ull << 31), Term(3), Offset(5), 2, 1234, EntryKind::kData};
  append.entries[0].payload = Slice::copy_of("two records");
  append.entries[1].header = {Index((1ull << 31) + 1), Term(1ull << 33), Offset(7), 0, -1,
                              EntryKind::kTermStart};
  frame.messages.push_back(append);
  frame.messages.push_back(
      {GroupId(2),
       {NodeId(-2), NodeId(-3), Term(9), raft::VoteRequest{true, false, Index(300), Term(8)}},
       {}});
  frame.messages.push_back(
      {GroupId(2),
       {NodeId(-2), NodeId(-3), Term(9), raft::AppendReply{true, Index(300), Term(8), Index(299), 4}},
       {}});
  return frame;
}

TEST(Frame, CarriesTheMessagesOfManyGroups) {
  const auto back = through_the_wire(sample());
  ASSERT_TRUE(back);
  const auto& frame = std::get<GroupMessages>(*back);
  ASSERT_EQ(frame.messages.size(), 3u);
  const GroupMessages expected = sample();
  EXPECT_EQ(frame.messages[0].group, expected.messages[0].group);
  EXPECT_EQ(frame.messages[0].entries, expected.messages[0].entries);
  const auto& request = std::get<raft::AppendRequest>(frame.messages[0].message.body);
  EXPECT_EQ(request.prev_index, Index((1ull << 31) - 1));
  EXPECT_EQ(request.runs, std::get<raft::AppendRequest>(expected.messages[0].message.body).runs);
  EXPECT_TRUE(std::get<raft::VoteRequest>(frame.messages[1].message.body).pre_vote);
  EXPECT_EQ(std::get<raft::AppendReply>(frame.messages[2].message.body).match, Index(300));
  EXPECT_EQ(frame.messages[2].message.from, NodeId(-2));
}

TEST(Frame, AnIntroductionOfAnotherVersionIsUnderstoodWellEnoughToBeRefused) {
  Hello hello;
  hello.node = NodeId(3);
  hello.shard = 5;
  auto back = through_the_wire(hello);
  ASSERT_TRUE(back);
  EXPECT_EQ(std::get<Hello>(*back).node, NodeId(3));
  EXPECT_EQ(std::get<Hello>(*back).shard, 5u);
  hello.version = kPeerVersion - 1;  // may say less, or more, than we read
  back = through_the_wire(hello);
  ASSERT_TRUE(back);
  EXPECT_EQ(std::get<Hello>(*back).version, kPeerVersion - 1);
}

TEST(Frame, CarriesASnapshot) {
  SnapshotTransfer transfer;
  transfer.group = GroupId(3);
  transfer.from = NodeId(1);
  transfer.to = NodeId(2);
  transfer.term = Term(4);
  transfer.start = {Index(100), Term(3), Offset(90)};
  transfer.applied = Index(120);
  transfer.configuration.voters = {NodeId(1), NodeId(2)};
  transfer.state = Slice::copy_of("state");
  const auto back = through_the_wire(transfer);
  ASSERT_TRUE(back);
  const auto& got = std::get<SnapshotTransfer>(*back);
  EXPECT_EQ(got.start, transfer.start);
  EXPECT_EQ(got.configuration, transfer.configuration);
  EXPECT_EQ(got.state.text(), "state");
}

TEST(Frame, EntriesThatDoNotFitTheirMessageAreRefused) {
  GroupMessages frame = sample();
  frame.messages[0].entries[1].header.index = Index(5);
  EXPECT_FALSE(through_the_wire(frame));
  frame = sample();
  frame.messages[0].entries[0].header.term = Term(4);
  EXPECT_FALSE(through_the_wire(frame));
  frame = sample();
  frame.messages[0].entries.pop_back();
  EXPECT_FALSE(through_the_wire(frame));
}

TEST(Frame, ADamagedFrameIsRefused) {
  const Slice bytes = joined(encode_frame(sample()));
  for (std::size_t at = kFrameHeaderBytes; at < bytes.size(); ++at) {
    std::string damaged(bytes.text());
    damaged[at] = static_cast<char>(damaged[at] ^ 1);
    const Slice slice = Slice::copy_of(damaged);
    EXPECT_FALSE(
        decode_frame(*decode_frame_header(slice.sub(0, kFrameHeaderBytes)), slice.sub(kFrameHeaderBytes)));
  }
}

// A peer that lies with a right checksum must not make the decoder read or allocate beyond the frame (run
// under ASan).
TEST(Frame, LiesUnderARightChecksumDoNoHarm) {
  const Slice bytes = joined(encode_frame(sample()));
  Prng prng(1);
  for (int i = 0; i < 20'000; ++i) {
    std::string body(bytes.sub(kFrameHeaderBytes).text());
    for (std::uint64_t n = 1 + prng.below(4); n > 0; --n)
      body[prng.below(body.size())] = static_cast<char>(prng.next());
    if (prng.chance(1, 4)) body.resize(5 + prng.below(body.size() - 4));
    const Slice slice = Slice::copy_of(body);
    const FrameHeader header{static_cast<std::uint32_t>(body.size()), crc32c(slice.bytes())};
    (void)decode_frame(header, slice);
  }
}

TEST(Frame, ALengthOutOfBoundsIsRefusedBeforeAnythingIsAllocated) {
  const std::uint32_t lie[2] = {0xffffffff, 0};
  EXPECT_FALSE(decode_frame_header(Slice::copy_of(Bytes(std::as_bytes(std::span(lie))))));
  const std::uint32_t small[2] = {1, 0};
  EXPECT_FALSE(decode_frame_header(Slice::copy_of(Bytes(std::as_bytes(std::span(small))))));
}

}  // namespace
}  // namespace kontiki::multiraft
