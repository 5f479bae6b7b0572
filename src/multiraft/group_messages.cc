#include "multiraft/group_messages.h"

#include "multiraft/configuration_codec.h"
#include "multiraft/frame_fields.h"

namespace kontiki::multiraft {
namespace {

void put_entry_header(ByteWriter& out, const EntryHeader& h, std::size_t payload_bytes) {
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

}  // namespace

void write_group_messages(ByteWriter& meta, const GroupMessages& f, std::vector<Slice>& payload) {
  meta.fixed(static_cast<std::uint32_t>(f.messages.size()));
  for (const GroupMessage& m : f.messages) {
    put(meta, m.group);
    put(meta, m.message.from);
    put(meta, m.message.to);
    put(meta, m.message.term);
    std::visit(BodyWriter{meta}, m.message.body);
    meta.fixed(static_cast<std::uint32_t>(m.entries.size()));
    for (const Entry& entry : m.entries) {
      put_entry_header(meta, entry.header, entry.payload.size());
      if (!entry.payload.empty()) payload.push_back(entry.payload);
    }
  }
}

bool read_group_messages(ByteReader& in, Slice payload, GroupMessages& f) {
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

}  // namespace kontiki::multiraft
