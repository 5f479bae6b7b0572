// Groups: the consumer groups of one coordinator, as every replica of its raft group knows them, as a pure
// state machine: a function of the applied log entries and of nothing else. It holds what must survive a
// coordinator's death; what may be lost with it is the Coordinator's (coordinator.h). ADR 9 has the split.
// Owned by the broker's host of the raft group; used only on the group's shard. Copyable.
//
// References into it are valid until the next apply() or restore().
#pragma once

#include "base/bytes_io.h"
#include "base/result.h"
#include "base/slice.h"
#include "group/command.h"
#include "group/subscription.h"
#include "group/types.h"
#include "model/entry.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace kontiki::group {

enum class RestoreError : std::uint8_t {
  kDamaged,  // cut, flipped or made-up bytes
  kNewer,    // made by a newer program
};
const char* to_string(RestoreError error);

class Groups {
 public:
  using Map = std::map<std::string, Group, std::less<>>;

  // The next entry of the log, without gaps (a violation is a programmer's error). A command that this
  // program does not understand ends the process (Reason::kDataMismatch): to skip what others apply is to
  // diverge.
  void apply(const Entry& entry);

  // ---- queries ----
  Index applied() const { return applied_; }
  Term started_term() const { return started_term_; }  // of the last term-start entry
  const Map& all() const { return groups_; }           // by name
  const Group* find(std::string_view name) const;
  // Whether Expire would remove anything.
  bool has_expired(const Group& group, std::int64_t now_ms, std::int64_t retention_ms) const;
  // The topics that offsets are committed for, by name and id (zero: not known): for a new leader to find
  // those that were deleted while nobody led. Walks over all offsets.
  std::set<std::pair<std::string, TopicId>> topics() const;

  // ---- snapshot ----
  // The whole state, with a version and a CRC. Format: docs/format/group-snapshot.md.
  Slice snapshot() const;
  // Replaces the whole state; on an error nothing is changed.
  Result<void, RestoreError> restore(Bytes snapshot);

  friend bool operator==(const Groups&, const Groups&) = default;

 private:
  void execute(BeginGeneration&& command);
  void execute(Assign&& command);
  void execute(ReplaceMember&& command);
  void execute(CommitOffsets&& command);
  void execute(DeleteOffsets&& command);
  void execute(DeleteGroup&& command);
  void execute(DeleteTopicOffsets&& command);
  void execute(Expire&& command);
  Group* find_for_change(std::string_view name);
  bool read_state(ByteReader& in);

  Index applied_;
  Term started_term_;
  Map groups_;
};

}  // namespace kontiki::group
