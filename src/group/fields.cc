#include "group/fields.h"

namespace kontiki::group {
namespace {

constexpr std::size_t kProtocolBytesMin = 4 + 4;
constexpr std::size_t kMemberBytesMin = 4 + 1 + 4 + 4 + 4 + 4 + 4 + 4;
constexpr std::size_t kOffsetBytesMin = kPartitionBytesMin + 8 + 4 + 4 + 8 + 8 + 16;

Committed read_committed(ByteReader& in) {
  Committed committed;
  committed.offset = Offset(in.fixed<std::int64_t>());
  committed.leader_epoch = in.fixed<std::int32_t>();
  committed.metadata = in.text();
  committed.commit_ms = in.fixed<std::int64_t>();
  committed.expire_ms = in.fixed<std::int64_t>();
  committed.topic_id = in.uuid();
  return committed;
}

}  // namespace

void write_bytes(ByteWriter& out, const Slice& bytes) {
  out.sized(bytes.bytes());
}
Slice read_bytes(ByteReader& in) {
  return Slice::copy_of(in.sized());
}

void write_partition(ByteWriter& out, const TopicPartition& partition) {
  out.text(partition.topic);
  out.fixed(partition.partition);
}
TopicPartition read_partition(ByteReader& in) {
  TopicPartition partition;
  partition.topic = in.text();
  partition.partition = in.fixed<std::int32_t>();
  return partition;
}

void write_member(ByteWriter& out, const Member& member) {
  out.text(member.id);
  out.fixed(static_cast<std::uint8_t>(member.instance_id.has_value()));
  if (member.instance_id) out.text(*member.instance_id);
  out.text(member.client_id);
  out.text(member.client_host);
  out.fixed(member.session_timeout_ms);
  out.fixed(member.rebalance_timeout_ms);
  out.fixed(static_cast<std::uint32_t>(member.protocols.size()));
  for (const Protocol& protocol : member.protocols) {
    out.text(protocol.name);
    write_bytes(out, protocol.metadata);
  }
  write_bytes(out, member.assignment);
}

Member read_member(ByteReader& in) {
  Member member;
  member.id = in.text();
  if (in.fixed<std::uint8_t>() != 0) member.instance_id = in.text();
  member.client_id = in.text();
  member.client_host = in.text();
  member.session_timeout_ms = in.fixed<std::int32_t>();
  member.rebalance_timeout_ms = in.fixed<std::int32_t>();
  const std::size_t protocols = in.count(kProtocolBytesMin);
  for (std::size_t i = 0; i < protocols && in.ok(); ++i) {
    Protocol& protocol = member.protocols.emplace_back();
    protocol.name = in.text();
    protocol.metadata = read_bytes(in);
  }
  member.assignment = read_bytes(in);
  return member;
}

void write_members(ByteWriter& out, const Members& members) {
  out.fixed(static_cast<std::uint32_t>(members.size()));
  for (const auto& [id, member] : members) write_member(out, member);
}

bool read_members(ByteReader& in, Members& members) {
  const std::size_t count = in.count(kMemberBytesMin);
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    Member member = read_member(in);
    std::string id = member.id;
    if (!members.emplace(std::move(id), std::move(member)).second) return false;
  }
  return in.ok();
}

void write_offsets(ByteWriter& out, const Offsets& offsets) {
  out.fixed(static_cast<std::uint32_t>(offsets.size()));
  for (const auto& [partition, committed] : offsets) {
    write_partition(out, partition);
    out.fixed(committed.offset.value);
    out.fixed(committed.leader_epoch);
    out.text(committed.metadata);
    out.fixed(committed.commit_ms);
    out.fixed(committed.expire_ms);
    out.uuid(committed.topic_id);
  }
}

bool read_offsets(ByteReader& in, Offsets& offsets) {
  const std::size_t count = in.count(kOffsetBytesMin);
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    TopicPartition partition = read_partition(in);
    if (!offsets.emplace(std::move(partition), read_committed(in)).second) return false;
  }
  return in.ok();
}

}  // namespace kontiki::group
