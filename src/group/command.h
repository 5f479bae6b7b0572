// The commands of a coordinator's log (EntryKind::kCommand of its raft group). Values; made by the
// Coordinator of the leader, decoded by Groups::apply on every replica. They are decisions, not requests:
// whoever proposes one has checked it against everything before it in the log, so applying one refuses
// nothing.
//
// Encoding, little-endian: u8 version (1), u8 kind, then the fields of the kind; nothing after them. Counts
// and lengths are checked against what is left before anything is allocated. docs/format/group-snapshot.md.
#pragma once

#include "base/result.h"
#include "base/slice.h"
#include "group/types.h"

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

namespace kontiki::group {

// A join phase has ended: these are the members now, and none has an assignment. Without members: the group
// is Empty.
struct BeginGeneration {
  std::string group;
  std::int32_t generation = 0;
  std::int64_t time_ms = 0;
  std::string protocol_type;
  std::string protocol_name;
  std::string leader;
  Members members;
  friend bool operator==(const BeginGeneration&, const BeginGeneration&) = default;
};

// The leader's assignment makes the generation Stable. Members that are not named have an empty one. Ignored
// when the generation is not current.
struct Assign {
  std::string group;
  std::int32_t generation = 0;
  std::map<std::string, Slice> assignments;  // by member
  friend bool operator==(const Assign&, const Assign&) = default;
};

// A static member came back under another id: it takes the old one's place, lead and assignment. Ignored when
// the old one is not there.
struct ReplaceMember {
  std::string group;
  std::string old_id;
  Member member;  // its assignment does not matter
  friend bool operator==(const ReplaceMember&, const ReplaceMember&) = default;
};

// Creates the group if need be.
struct CommitOffsets {
  std::string group;
  Offsets offsets;
  friend bool operator==(const CommitOffsets&, const CommitOffsets&) = default;
};

struct DeleteOffsets {
  std::string group;
  std::set<TopicPartition> partitions;
  friend bool operator==(const DeleteOffsets&, const DeleteOffsets&) = default;
};

// With all its offsets. Ignored when it has members.
struct DeleteGroup {
  std::string group;
  friend bool operator==(const DeleteGroup&, const DeleteGroup&) = default;
};

// A topic is gone, and in all groups the offsets that were committed for it: those of that id, and those of
// that name without an id.
struct DeleteTopicOffsets {
  std::string topic;
  TopicId id;
  friend bool operator==(const DeleteTopicOffsets&, const DeleteTopicOffsets&) = default;
};

// Removes what has outlived its retention, and then the group if it is Empty and has no offsets. Evaluated
// when it is applied, so it cannot hit a commit that came before it in the log.
struct Expire {
  std::string group;
  std::int64_t now_ms = 0;
  std::int64_t retention_ms = 0;
  friend bool operator==(const Expire&, const Expire&) = default;
};

using Command = std::variant<BeginGeneration, Assign, ReplaceMember, CommitOffsets, DeleteOffsets,
                             DeleteGroup, DeleteTopicOffsets, Expire>;

enum class DecodeError : std::uint8_t {
  kDamaged,  // cut, trailing or out of range
  kNewer,    // an unknown version or kind
};

Slice encode(const Command& command);
Result<Command, DecodeError> decode(Bytes bytes);

}  // namespace kontiki::group
