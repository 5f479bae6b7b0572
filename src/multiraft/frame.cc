#include "multiraft/frame.h"

#include "base/bytes_io.h"
#include "base/crc32c.h"
#include "base/limits.h"
#include "multiraft/configuration_codec.h"
#include "raft/quorum.h"

#include <utility>

namespace kontiki::multiraft {
namespace {

// ---- fields shared by several frames; put() and take() of one type stand together
// -------------------------------

void put(ByteWriter& out, NodeId node) {
  out.fixed(node.value);
}
void put(ByteWriter& out, GroupId group) {
  out.fixed(group.value);
}
void put(ByteWriter& out, Term term) {
  out.fixed(term.value);
}
void put(ByteWriter& out, Index index) {
  out.fixed(index.value);
}
void put(ByteWriter& out, bool v) {
  out.fixed(static_cast<std::uint8_t>(v));
}

NodeId take_node(ByteReader& in) {
  return NodeId(in.fixed<std::int32_t>());
}
GroupId take_group(ByteReader& in) {
  return GroupId(in.fixed<std::uint64_t>());
}
Term take_term(ByteReader& in) {
  return Term(in.fixed<std::uint64_t>());
}
Index take_index(ByteReader& in) {
  return Index(in.fixed<std::uint64_t>());
}
bool take_bool(ByteReader& in) {
  return in.fixed<std::uint8_t>() != 0;
}

void put(ByteWriter& out, const std::vector<NodeId>& nodes) {
  write_nodes(out, nodes);
}
void put(ByteWriter& out, const Configuration& configuration) {
  write_configuration(out, configuration);
}

void put(ByteWriter& out, const EntryHeader& h, std::size_t payload_bytes) {
  out.fixed(static_cast<std::uint32_t>(payload_bytes));
  put(out, h.index);
  put(out, h.term);
  out.fixed(h.base_offset.value);
  out.fixed(h.max_timestamp);
  out.fixed(h.offset_count);
  out.fixed(static_cast<std::uint8_t>(h.kind));
}
constexpr std::size_t kEntryHeaderBytes = 4 + 8 + 8 + 8 + 8 + 4 + 1;
EntryHeader take_entry_header(ByteReader& in) {
  EntryHeader h;
  h.index = take_index(in);
  h.term = take_term(in);
  h.base_offset = Offset(in.fixed<std::int64_t>());
  h.max_timestamp = in.fixed<std::int64_t>();
  h.offset_count = in.fixed<std::uint32_t>();
  h.kind = static_cast<EntryKind>(in.fixed<std::uint8_t>());
  return h;
}

// ---- raft messages
// ------------------------------------------------------------------------------------------------

enum class Body : std::uint8_t {
  kVoteRequest = 1,
  kVoteReply,
  kAppendRequest,
  kAppendReply,
  kTimeoutNow,
  kNotLeader
};

struct BodyWriter {
  ByteWriter& out;
  void type(Body body) const { out.fixed(static_cast<std::uint8_t>(body)); }

  void operator()(const raft::VoteRequest& m) const {
    type(Body::kVoteRequest);
    put(out, m.pre_vote);
    put(out, m.transfer);
    put(out, m.last_index);
    put(out, m.last_term);
  }
  void operator()(const raft::VoteReply& m) const {
    type(Body::kVoteReply);
    put(out, m.pre_vote);
    put(out, m.granted);
  }
  void operator()(const raft::AppendRequest& m) const {
    type(Body::kAppendRequest);
    put(out, m.prev_index);
    put(out, m.prev_term);
    out.fixed(m.count);
    out.fixed(static_cast<std::uint32_t>(m.runs.size()));
    for (const raft::TermRun& run : m.runs) {
      put(out, run.term);
      put(out, run.last);
    }
    out.fixed(static_cast<std::uint32_t>(m.configurations.size()));
    for (const auto& [index, configuration] : m.configurations) {
      put(out, index);
      put(out, configuration);
    }
    put(out, m.commit);
    out.fixed(m.round);
    out.fixed(m.settles);
  }
  void operator()(const raft::AppendReply& m) const {
    type(Body::kAppendReply);
    put(out, m.accepted);
    put(out, m.match);
    put(out, m.match_term);
    put(out, m.commit);
    out.fixed(m.round);
    out.fixed(m.doubt);
  }
  void operator()(const raft::TimeoutNow&) const { type(Body::kTimeoutNow); }
  void operator()(const raft::NotLeader&) const { type(Body::kNotLeader); }
};

raft::AppendRequest take_append_request(ByteReader& in) {
  raft::AppendRequest m;
  m.prev_index = take_index(in);
  m.prev_term = take_term(in);
  m.count = in.fixed<std::uint64_t>();
  m.runs.resize(in.count(16));
  for (raft::TermRun& run : m.runs) {
    run.term = take_term(in);
    run.last = take_index(in);
  }
  m.configurations.resize(in.count(8 + kConfigurationBytesMin));
  for (auto& [index, configuration] : m.configurations) {
    index = take_index(in);
    configuration = read_configuration(in);
  }
  m.commit = take_index(in);
  m.round = in.fixed<std::uint64_t>();
  m.settles = in.fixed<std::uint64_t>();
  return m;
}

// False for an unknown body.
bool take_body(ByteReader& in, raft::Message& message) {
  switch (static_cast<Body>(in.fixed<std::uint8_t>())) {
    case Body::kVoteRequest: {
      raft::VoteRequest m;
      m.pre_vote = take_bool(in);
      m.transfer = take_bool(in);
      m.last_index = take_index(in);
      m.last_term = take_term(in);
      message.body = m;
      return true;
    }
    case Body::kVoteReply: {
      raft::VoteReply m;
      m.pre_vote = take_bool(in);
      m.granted = take_bool(in);
      message.body = m;
      return true;
    }
    case Body::kAppendRequest:
      message.body = take_append_request(in);
      return true;
    case Body::kAppendReply: {
      raft::AppendReply m;
      m.accepted = take_bool(in);
      m.match = take_index(in);
      m.match_term = take_term(in);
      m.commit = take_index(in);
      m.round = in.fixed<std::uint64_t>();
      m.doubt = in.fixed<std::uint64_t>();
      message.body = m;
      return true;
    }
    case Body::kTimeoutNow:
      message.body = raft::TimeoutNow{};
      return true;
    case Body::kNotLeader:
      message.body = raft::NotLeader{};
      return true;
  }
  return false;
}

// The configurations that a message names must be those that its entries hold: the core believes the ones,
// the next start the others.
bool configurations_fit(const raft::AppendRequest& request, const std::vector<Entry>& entries) {
  auto named = request.configurations.begin();
  for (const Entry& entry : entries) {
    if (entry.header.kind != EntryKind::kConfiguration) continue;
    if (named == request.configurations.end() || named->first != entry.header.index) return false;
    const auto held = decode_configuration(entry.payload.bytes());
    if (!held || *held != named->second) return false;
    ++named;
  }
  return named == request.configurations.end();
}

// An AppendRequest must bring exactly the entries that it names, one index after the other, in the terms of
// its runs.
bool entries_fit(const GroupMessage& m) {
  const auto* request = std::get_if<raft::AppendRequest>(&m.message.body);
  if (request == nullptr) return m.entries.empty();
  if (request->count != m.entries.size()) return false;
  if (!configurations_fit(*request, m.entries)) return false;
  if (m.entries.empty()) return request->runs.empty();
  std::size_t run = 0;
  Index index = request->prev_index;
  for (const Entry& entry : m.entries) {
    ++index;
    if (entry.header.index != index) return false;
    while (run < request->runs.size() && request->runs[run].last < index) ++run;
    if (run == request->runs.size() || request->runs[run].term != entry.header.term) return false;
  }
  return run + 1 == request->runs.size() && request->runs[run].last == index;
}

// ---- frames
// ---------------------------------------------------------------------------------------------------------

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
    meta.fixed(static_cast<std::uint32_t>(f.messages.size()));
    for (const GroupMessage& m : f.messages) {
      put(meta, m.group);
      put(meta, m.message.from);
      put(meta, m.message.to);
      put(meta, m.message.term);
      std::visit(BodyWriter{meta}, m.message.body);
      meta.fixed(static_cast<std::uint32_t>(m.entries.size()));
      for (const Entry& entry : m.entries) {
        put(meta, entry.header, entry.payload.size());
        if (!entry.payload.empty()) payload.push_back(entry.payload);
      }
    }
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
  return f;
}

// Entries' headers stand in the meta section, their bytes one after the other in `payload`.
bool take_group_messages(ByteReader& in, Slice payload, GroupMessages& f) {
  f.messages.resize(in.count(8 + 4 + 4 + 8 + 1 + 4));
  for (GroupMessage& m : f.messages) {
    m.group = take_group(in);
    m.message.from = take_node(in);
    m.message.to = take_node(in);
    m.message.term = take_term(in);
    if (!take_body(in, m.message)) return false;
    m.entries.resize(in.count(kEntryHeaderBytes));
    for (Entry& entry : m.entries) {
      const auto size = in.fixed<std::uint32_t>();
      entry.header = take_entry_header(in);
      if (!in.ok() || size > payload.size() || entry.header.kind > EntryKind::kConfiguration) return false;
      entry.payload = payload.sub(0, size);
      payload = payload.sub(size);
    }
    if (!in.ok() || !entries_fit(m)) return false;
  }
  return payload.empty();
}

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
      if (!take_group_messages(in, payload, f)) return unexpected(FrameError::kMalformed);
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
  if (frame && !meta.at_end()) return unexpected(FrameError::kMalformed);
  return frame;
}

}  // namespace kontiki::multiraft
