#include "group/command.h"

#include "group/fields.h"

#include <optional>

namespace kontiki::group {
namespace {

constexpr std::uint8_t kVersion = 1;

// The kind of a command is its place in the variant, from 1: never reorder, only append.
static_assert(std::variant_size_v<Command> == 8);
constexpr std::uint8_t kKindMax = std::variant_size_v<Command>;

void write(ByteWriter& out, const BeginGeneration& command) {
  out.text(command.group);
  out.fixed(command.generation);
  out.fixed(command.time_ms);
  out.text(command.protocol_type);
  out.text(command.protocol_name);
  out.text(command.leader);
  write_members(out, command.members);
}
void write(ByteWriter& out, const Assign& command) {
  out.text(command.group);
  out.fixed(command.generation);
  out.fixed(static_cast<std::uint32_t>(command.assignments.size()));
  for (const auto& [member, assignment] : command.assignments) {
    out.text(member);
    write_bytes(out, assignment);
  }
}
void write(ByteWriter& out, const ReplaceMember& command) {
  out.text(command.group);
  out.text(command.old_id);
  write_member(out, command.member);
}
void write(ByteWriter& out, const CommitOffsets& command) {
  out.text(command.group);
  write_offsets(out, command.offsets);
}
void write(ByteWriter& out, const DeleteOffsets& command) {
  out.text(command.group);
  out.fixed(static_cast<std::uint32_t>(command.partitions.size()));
  for (const TopicPartition& partition : command.partitions) write_partition(out, partition);
}
void write(ByteWriter& out, const DeleteGroup& command) {
  out.text(command.group);
}
void write(ByteWriter& out, const DeleteTopicOffsets& command) {
  out.text(command.topic);
  out.uuid(command.id);
}
void write(ByteWriter& out, const Expire& command) {
  out.text(command.group);
  out.fixed(command.now_ms);
  out.fixed(command.retention_ms);
}

bool read(ByteReader& in, BeginGeneration& command) {
  command.group = in.text();
  command.generation = in.fixed<std::int32_t>();
  command.time_ms = in.fixed<std::int64_t>();
  command.protocol_type = in.text();
  command.protocol_name = in.text();
  command.leader = in.text();
  if (!read_members(in, command.members)) return false;
  return command.members.empty() || command.members.contains(command.leader);
}
bool read(ByteReader& in, Assign& command) {
  command.group = in.text();
  command.generation = in.fixed<std::int32_t>();
  const std::size_t count = in.count(4 + 4);
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    std::string member = in.text();
    if (!command.assignments.emplace(std::move(member), read_bytes(in)).second) return false;
  }
  return in.ok();
}
bool read(ByteReader& in, ReplaceMember& command) {
  command.group = in.text();
  command.old_id = in.text();
  command.member = read_member(in);
  return in.ok();
}
bool read(ByteReader& in, CommitOffsets& command) {
  command.group = in.text();
  return read_offsets(in, command.offsets);
}
bool read(ByteReader& in, DeleteOffsets& command) {
  command.group = in.text();
  const std::size_t count = in.count(kPartitionBytesMin);
  for (std::size_t i = 0; i < count && in.ok(); ++i)
    if (!command.partitions.insert(read_partition(in)).second) return false;
  return in.ok();
}
bool read(ByteReader& in, DeleteGroup& command) {
  command.group = in.text();
  return in.ok();
}
bool read(ByteReader& in, DeleteTopicOffsets& command) {
  command.topic = in.text();
  command.id = in.uuid();
  return in.ok();
}
bool read(ByteReader& in, Expire& command) {
  command.group = in.text();
  command.now_ms = in.fixed<std::int64_t>();
  command.retention_ms = in.fixed<std::int64_t>();
  return in.ok();
}

template <std::size_t kIndex = 0>
std::optional<Command> read_kind(std::size_t index, ByteReader& in) {
  if constexpr (kIndex < kKindMax) {
    if (index != kIndex) return read_kind<kIndex + 1>(index, in);
    std::variant_alternative_t<kIndex, Command> command;
    if (!read(in, command) || !in.at_end()) return std::nullopt;
    return command;
  }
  return std::nullopt;
}

}  // namespace

Slice encode(const Command& command) {
  ByteWriter out;
  out.fixed(kVersion);
  out.fixed(static_cast<std::uint8_t>(command.index() + 1));
  std::visit([&](const auto& body) { write(out, body); }, command);
  return out.take();
}

Result<Command, DecodeError> decode(Bytes bytes) {
  ByteReader in(bytes);
  const auto version = in.fixed<std::uint8_t>();
  if (version == 0) return unexpected(DecodeError::kDamaged);
  if (version > kVersion) return unexpected(DecodeError::kNewer);
  const auto kind = in.fixed<std::uint8_t>();
  if (!in.ok() || kind == 0) return unexpected(DecodeError::kDamaged);
  if (kind > kKindMax) return unexpected(DecodeError::kNewer);
  auto command = read_kind(kind - 1u, in);
  if (!command) return unexpected(DecodeError::kDamaged);
  return std::move(*command);
}

}  // namespace kontiki::group
