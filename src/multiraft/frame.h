// The peer protocol: what nodes say to each other over their links. Little-endian; exact bytes in
// docs/format/peer.md. A frame carries the messages of many groups at once; the bytes of entries follow the
// frame's meta section unchanged and are shared, not copied, on both sides. Frames come from the network:
// every length is checked before use.
#pragma once

#include "base/result.h"
#include "base/slice.h"
#include "model/entry.h"
#include "multiraft/leader_table.h"
#include "raft/message.h"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace kontiki::multiraft {

inline constexpr std::uint32_t kPeerMagic = 0x504b4e4b;  // "KNKP"
inline constexpr std::uint16_t kPeerVersion = 3;
// u32 length of the body, u32 CRC-32C of the body. The body starts with u8 type, u32 length of the meta
// section.
inline constexpr std::size_t kFrameHeaderBytes = 8;

// First frame of a link, from the node that connected.
struct Hello {
  std::uint32_t magic = kPeerMagic;
  std::uint16_t version = kPeerVersion;
  NodeId node;                // broker id
  NodeId slot;                // seed slot
  NodeId to_slot;             // whom the sender believes to have reached
  Uuid cluster_id;            // zero while unknown
  Uuid incarnation;           // of the data folder
  std::uint64_t process = 0;  // differs for every start of the process
  std::uint64_t seeds_hash = 0;
  std::uint32_t shard = 0;  // of the sender: whose groups' messages come on this link
};
// The answer. A link carries nothing else in this direction.
struct HelloReply {
  bool accepted = false;
  NodeId node;
  std::string reason;  // why it was refused
};
struct Heartbeat {
  std::uint64_t founding =
      0;  // what the sender calls the founding of the group of all seeds; 0 = nothing yet
};
// A raft message and the entries that an AppendRequest among them names.
struct GroupMessage {
  GroupId group;
  raft::Message message;
  std::vector<Entry> entries;
};
struct GroupMessages {
  std::vector<GroupMessage> messages;
};
struct Leaderships {
  std::vector<Leadership> news;
};
// The state that a member needs whose next entry lies before the log's start.
struct SnapshotTransfer {
  GroupId group;
  NodeId from;
  NodeId to;
  Term term;       // the leader's
  LogStart start;  // the receiver's log starts after it
  Index applied;   // the state is that after this entry
  Configuration configuration;
  Slice state;
};
struct SnapshotDone {
  GroupId group;
  NodeId from;
  NodeId to;
  bool installed = false;
};
struct Call {
  std::uint64_t id = 0;
  Slice request;
};
struct Answer {
  std::uint64_t id = 0;
  Slice answer;
};

using Frame = std::variant<Hello, HelloReply, Heartbeat, GroupMessages, Leaderships, SnapshotTransfer,
                           SnapshotDone, Call, Answer>;

// The frame as pieces to send, header included.
std::vector<Slice> encode_frame(const Frame& frame);

struct FrameHeader {
  std::uint32_t length = 0;
  std::uint32_t crc = 0;
};
// None if the length is out of bounds: the stream is not to be trusted further.
std::optional<FrameHeader> decode_frame_header(const Slice& bytes);

enum class FrameError : std::uint8_t { kBadCrc, kMalformed, kUnknownType };
const char* to_string(FrameError error);
Result<Frame, FrameError> decode_frame(const FrameHeader& header, const Slice& body);

}  // namespace kontiki::multiraft
