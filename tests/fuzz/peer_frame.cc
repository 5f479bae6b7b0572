// Frames of other brokers. Input: the body of a frame; length and checksum are put right, as anybody who
// reaches the port can do. What is accepted must be stable, and what it asks of raft is well formed or
// dropped by the core.
#include "base/check.h"
#include "base/crc32c.h"
#include "fuzz/fuzzer.h"
#include "multiraft/frame.h"
#include "raft/core.h"

#include <vector>

using namespace kontiki;

namespace {

std::vector<std::byte> joined(const std::vector<Slice>& pieces) {
  std::vector<std::byte> all;
  for (const Slice& piece : pieces) all.insert(all.end(), piece.bytes().begin(), piece.bytes().end());
  return all;
}

Result<multiraft::Frame, multiraft::FrameError> decode(Bytes body) {
  const multiraft::FrameHeader header{.length = static_cast<std::uint32_t>(body.size()), .crc = crc32c(body)};
  return multiraft::decode_frame(header, Slice::copy_of(body));
}

// A follower with three entries takes any message that comes over a link, whatever it says.
void give_to_a_core(const raft::Message& message) {
  raft::Options options;
  options.self = NodeId{1};
  raft::Restored restored;
  restored.hard_state.term = Term{3};
  restored.trail = {{Term{1}, Index{2}}, {Term{3}, Index{3}}};
  restored.configuration.voters = {NodeId{1}, NodeId{2}, NodeId{3}};
  raft::Core core(options, restored, Prng(1));
  raft::Effects effects;
  raft::Message to_us = message;
  to_us.to = NodeId{1};
  core.step(raft::Receive{to_us}, effects);
}

}  // namespace

KONTIKI_FUZZER(peer_frame) {
  (void)multiraft::decode_frame_header(Slice::copy_of(input));
  const auto frame = decode(input);
  if (!frame) return;
  const std::vector<std::byte> first = joined(multiraft::encode_frame(*frame));
  CHECK(first.size() >= multiraft::kFrameHeaderBytes);
  const auto again = decode(Bytes(first).subspan(multiraft::kFrameHeaderBytes));
  CHECK(again.has_value() && joined(multiraft::encode_frame(*again)) == first, "what is accepted is stable");
  if (const auto* messages = std::get_if<multiraft::GroupMessages>(&*frame)) {
    for (const auto& message : messages->messages) give_to_a_core(message.message);
  }
}
KONTIKI_FUZZER_END
