#include "multiraft/frame.h"

#include "base/bytes_io.h"
#include "base/crc32c.h"
#include "base/limits.h"
#include "multiraft/configuration_codec.h"
#include "multiraft/frame_fields.h"
#include "multiraft/group_messages.h"
#include "raft/quorum.h"

#include <utility>

namespace kontiki::multiraft {
namespace {

enum class Type : std::uint8_t {
  kHello = 1,
  kHelloReply,
  kHeartbeat,
  kGroupMessages,
  kLeaderships,
  kSnapshotTransfer,
  kSnapshotDone,
  kCall,
  kAnswer
};

// Writes a frame's meta section and collects the payload pieces that follow it.
struct FrameWriter {
  ByteWriter& meta;
  std::vector<Slice>& payload;

  Type operator()(const Hello& f) const {
    meta.fixed(f.magic);
    meta.fixed(f.version);
    put(meta, f.node);
    put(meta, f.slot);
    put(meta, f.to_slot);
    meta.uuid(f.cluster_id);
    meta.uuid(f.incarnation);
    meta.fixed(f.process);
    meta.fixed(f.seeds_hash);
    meta.fixed(f.shard);
    return Type::kHello;
  }
  Type operator()(const HelloReply& f) const {
    put(meta, f.accepted);
    put(meta, f.node);
    meta.text(f.reason);
    return Type::kHelloReply;
  }
  Type operator()(const Heartbeat& f) const {
    meta.fixed(f.founding);
    return Type::kHeartbeat;
  }
  Type operator()(const GroupMessages& f) const {
    write_group_messages(meta, f, payload);
    return Type::kGroupMessages;
  }
  Type operator()(const Leaderships& f) const {
    meta.fixed(static_cast<std::uint32_t>(f.news.size()));
    for (const Leadership& l : f.news) {
      put(meta, l.group);
      put(meta, l.term);
      put(meta, l.leader);
      put(meta, l.in_sync);
    }
    return Type::kLeaderships;
  }
  Type operator()(const SnapshotTransfer& f) const {
    put(meta, f.group);
    put(meta, f.from);
    put(meta, f.to);
    put(meta, f.term);
    put(meta, f.start.index);
    put(meta, f.start.term);
    meta.fixed(f.start.next_offset.value);
    put(meta, f.applied);
    put(meta, f.configuration);
    payload.push_back(f.state);
    return Type::kSnapshotTransfer;
  }
  Type operator()(const SnapshotDone& f) const {
    put(meta, f.group);
    put(meta, f.from);
    put(meta, f.to);
    put(meta, f.installed);
    return Type::kSnapshotDone;
  }
  Type operator()(const Call& f) const {
    meta.fixed(f.id);
    payload.push_back(f.request);
    return Type::kCall;
  }
  Type operator()(const Answer& f) const {
    meta.fixed(f.id);
    payload.push_back(f.answer);
    return Type::kAnswer;
  }
};

Hello take_hello(ByteReader& in) {
  Hello f;
  f.magic = in.fixed<std::uint32_t>();
  f.version = in.fixed<std::uint16_t>();
  f.node = take_node(in);
  f.slot = take_node(in);
  f.to_slot = take_node(in);
  f.cluster_id = in.uuid();
  f.incarnation = in.uuid();
  f.process = in.fixed<std::uint64_t>();
  f.seeds_hash = in.fixed<std::uint64_t>();
  if (f.version == kPeerVersion) f.shard = in.fixed<std::uint32_t>();
  return f;
}

// Entries' headers stand in the meta section, their bytes one after the other in `payload`.
Leaderships take_leaderships(ByteReader& in) {
  Leaderships f;
  f.news.resize(in.count(8 + 8 + 4 + 4));
  for (Leadership& l : f.news) {
    l.group = take_group(in);
    l.term = take_term(in);
    l.leader = take_node(in);
    l.in_sync = read_nodes(in);
  }
  return f;
}

SnapshotTransfer take_snapshot_transfer(ByteReader& in, const Slice& payload) {
  SnapshotTransfer f;
  f.group = take_group(in);
  f.from = take_node(in);
  f.to = take_node(in);
  f.term = take_term(in);
  f.start.index = take_index(in);
  f.start.term = take_term(in);
  f.start.next_offset = Offset(in.fixed<std::int64_t>());
  f.applied = take_index(in);
  f.configuration = read_configuration(in);
  f.state = payload;
  return f;
}

Result<Frame, FrameError> take_frame(Type type, ByteReader& in, const Slice& payload) {
  switch (type) {
    case Type::kHello:
      return take_hello(in);
    case Type::kHelloReply: {
      HelloReply f;
      f.accepted = take_bool(in);
      f.node = take_node(in);
      f.reason = in.text();
      return f;
    }
    case Type::kHeartbeat:
      return Heartbeat{in.fixed<std::uint64_t>()};
    case Type::kGroupMessages: {
      GroupMessages f;
      if (!read_group_messages(in, payload, f)) return unexpected(FrameError::kMalformed);
      return f;
    }
    case Type::kLeaderships:
      return take_leaderships(in);
    case Type::kSnapshotTransfer: {
      SnapshotTransfer f = take_snapshot_transfer(in, payload);
      if (!raft::is_valid(f.configuration)) return unexpected(FrameError::kMalformed);
      return f;
    }
    case Type::kSnapshotDone: {
      SnapshotDone f;
      f.group = take_group(in);
      f.from = take_node(in);
      f.to = take_node(in);
      f.installed = take_bool(in);
      return f;
    }
    case Type::kCall:
      return Call{in.fixed<std::uint64_t>(), payload};
    case Type::kAnswer:
      return Answer{in.fixed<std::uint64_t>(), payload};
  }
  return unexpected(FrameError::kUnknownType);
}

}  // namespace

const char* to_string(FrameError error) {
  switch (error) {
    case FrameError::kBadCrc:
      return "checksum does not match";
    case FrameError::kMalformed:
      return "malformed frame";
    case FrameError::kUnknownType:
      return "unknown frame type";
  }
  return "unknown error";
}

std::vector<Slice> encode_frame(const Frame& frame) {
  ByteWriter meta;
  std::vector<Slice> pieces(1);
  const Type type = std::visit(FrameWriter{meta, pieces}, frame);

  ByteWriter head;
  head.fixed(std::uint32_t{0});  // length and CRC, patched below
  head.fixed(std::uint32_t{0});
  head.fixed(static_cast<std::uint8_t>(type));
  head.fixed(static_cast<std::uint32_t>(meta.size()));
  head.raw(meta.bytes());

  std::size_t length = head.size() - kFrameHeaderBytes;
  std::uint32_t crc = crc32c(head.bytes().subspan(kFrameHeaderBytes));
  for (std::size_t i = 1; i < pieces.size(); ++i) {
    length += pieces[i].size();
    crc = crc32c(pieces[i].bytes(), crc);
  }
  CHECK(length <= limits::kPeerFrameBytesMax, "a frame outgrew its bound");
  const auto length32 = static_cast<std::uint32_t>(length);
  std::memcpy(head.data(), &length32, sizeof length32);
  std::memcpy(head.data() + sizeof length32, &crc, sizeof crc);
  pieces[0] = head.take();
  return pieces;
}

std::optional<FrameHeader> decode_frame_header(const Slice& bytes) {
  ByteReader in(bytes.bytes());
  FrameHeader header;
  header.length = in.fixed<std::uint32_t>();
  header.crc = in.fixed<std::uint32_t>();
  constexpr std::size_t kBodyBytesMin = 1 + 4;
  if (!in.at_end() || header.length < kBodyBytesMin || header.length > limits::kPeerFrameBytesMax)
    return std::nullopt;
  return header;
}

Result<Frame, FrameError> decode_frame(const FrameHeader& header, const Slice& body) {
  if (body.size() != header.length || crc32c(body.bytes()) != header.crc)
    return unexpected(FrameError::kBadCrc);
  ByteReader in(body.bytes());
  const auto type = static_cast<Type>(in.fixed<std::uint8_t>());
  const auto meta_bytes = in.fixed<std::uint32_t>();
  ByteReader meta(in.raw(meta_bytes));
  if (!in.ok()) return unexpected(FrameError::kMalformed);
  auto frame = take_frame(type, meta, body.sub(body.size() - in.left()));
  // What a newer node adds to its greeting is no reason not to tell it why it is refused.
  const auto* hello = frame ? std::get_if<Hello>(&*frame) : nullptr;
  const bool is_foreign = hello != nullptr && hello->version != kPeerVersion;
  if (frame && !meta.at_end() && !is_foreign) return unexpected(FrameError::kMalformed);
  return frame;
}

}  // namespace kontiki::multiraft
