// Groups::snapshot and restore. Format: docs/format/group-snapshot.md.
#include "base/crc32c.h"
#include "group/fields.h"
#include "group/groups.h"

namespace kontiki::group {
namespace {

constexpr std::uint32_t kMagic = 0x5347504B;  // "KPGS"
constexpr std::uint16_t kVersion = 1;
constexpr std::size_t kCrcBytes = 4;
constexpr std::size_t kGroupBytesMin = 4 + 1 + 4 + 4 + 4 + 4 + 8 + 4 + 4;

void write_group(ByteWriter& out, const std::string& name, const Group& group) {
  out.text(name);
  out.fixed(static_cast<std::uint8_t>(group.state));
  out.fixed(group.generation);
  out.text(group.protocol_type);
  out.text(group.protocol_name);
  out.text(group.leader);
  out.fixed(group.empty_ms);
  write_members(out, group.members);
  write_offsets(out, group.offsets);
}

bool is_sound(const Group& group) {
  switch (group.state) {
    case State::kEmpty:
      return group.members.empty();
    case State::kCompletingRebalance:
    case State::kStable:
      return group.members.contains(group.leader);
    default:
      return false;
  }
}

bool read_group(ByteReader& in, std::string& name, Group& group) {
  name = in.text();
  group.state = static_cast<State>(in.fixed<std::uint8_t>());
  group.generation = in.fixed<std::int32_t>();
  group.protocol_type = in.text();
  group.protocol_name = in.text();
  group.leader = in.text();
  group.empty_ms = in.fixed<std::int64_t>();
  return read_members(in, group.members) && read_offsets(in, group.offsets) && is_sound(group);
}

}  // namespace

const char* to_string(RestoreError error) {
  switch (error) {
    case RestoreError::kDamaged:
      return "the snapshot is damaged";
    case RestoreError::kNewer:
      return "the snapshot was made by a newer version";
  }
  return "?";
}

Slice Groups::snapshot() const {
  ByteWriter out;
  out.fixed(kMagic);
  out.fixed(kVersion);
  out.fixed(applied_.value);
  out.fixed(started_term_.value);
  out.fixed(static_cast<std::uint32_t>(groups_.size()));
  for (const auto& [name, group] : groups_) write_group(out, name, group);
  out.fixed(crc32c(out.bytes()));
  return out.take();
}

Result<void, RestoreError> Groups::restore(Bytes snapshot) {
  if (snapshot.size() < kCrcBytes) return unexpected(RestoreError::kDamaged);
  const Bytes body = snapshot.first(snapshot.size() - kCrcBytes);
  ByteReader crc(snapshot.last(kCrcBytes));
  if (crc.fixed<std::uint32_t>() != crc32c(body)) return unexpected(RestoreError::kDamaged);
  ByteReader in(body);
  if (in.fixed<std::uint32_t>() != kMagic) return unexpected(RestoreError::kDamaged);
  const auto version = in.fixed<std::uint16_t>();
  if (version > kVersion) return unexpected(RestoreError::kNewer);
  Groups restored;
  if (version < 1 || !restored.read_state(in)) return unexpected(RestoreError::kDamaged);
  *this = std::move(restored);
  return {};
}

bool Groups::read_state(ByteReader& in) {
  applied_ = Index(in.fixed<std::uint64_t>());
  started_term_ = Term(in.fixed<std::uint64_t>());
  const std::size_t count = in.count(kGroupBytesMin);
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    std::string name;
    Group group;
    if (!read_group(in, name, group)) return false;
    if (!groups_.emplace(std::move(name), std::move(group)).second) return false;
  }
  return in.at_end();
}

}  // namespace kontiki::group
