// StateMachine: what a raft group's log is applied to. A deterministic function of the log: the state after
// entry n depends on entries 1..n only. Owned by the broker, called only on the group's shard, in log order,
// without gaps, never from inside a call to Group.
#pragma once

#include "base/slice.h"
#include "model/entry.h"
#include "raft/core.h"

#include <span>

namespace kontiki::multiraft {

class StateMachine {
 public:
  virtual ~StateMachine() = default;
  // The next committed entries. Those up to a restored snapshot's index do not come again.
  virtual void apply(std::span<const Entry> entries) = 0;
  // The member's role changed; comes before the first entry applied under it, and after the last one before
  // it.
  virtual void role_changed(const raft::RoleChange& change) = 0;
  // The state as of the last entry applied, and back.
  virtual Slice snapshot() const = 0;
  // False if the bytes are damaged or of an unknown version.
  virtual bool restore(const Slice& snapshot) = 0;
  // The state as of the last entry applied says that records below this offset are deleted: whole segments of
  // them may go.
  virtual Offset deleted_below() const { return Offset(0); }
  // The log's start moved (retention, or a snapshot was installed): earlier offsets are gone.
  virtual void log_start_moved(const LogStart& start) = 0;
};

}  // namespace kontiki::multiraft
