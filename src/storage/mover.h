// Mover: empties the oldest WAL file so that it can be removed. Of each group that has a record in it, the
// committed entries go to segments and are synced (large ones stay in the file, if half of it is such, and
// only their place goes there: kept_files.h); then the group's state (which says how far) and its uncommitted
// entries are said again in the newest WAL file; when that is flushed, the old file goes.
//
// Works in steps of a few MiB, each a task of its own, with the syncs off the shard; the groups go on
// meanwhile. A run is spread over what comes in: for each byte that is appended it may move two, so that
// flushes do not have to share the disk with a whole file at once. Owned by the Store.
#pragma once

#include "env/executor.h"
#include "storage/group.h"
#include "storage/kept_files.h"
#include "storage/segments.h"
#include "storage/wal.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

namespace kontiki::storage {

class Mover {
 public:
  struct Hooks {
    std::function<void(Group&)> stage_state;
    std::function<void()> flush;  // what was staged, now or after the flush that is on its way
  };
  Mover(env::Executor& executor, GroupTable& groups, Wal& wal, Segments& segments, KeptFiles& kept,
        Hooks hooks)
      : executor_(executor),
        groups_(groups),
        wal_(wal),
        segments_(segments),
        kept_(kept),
        hooks_(std::move(hooks)) {}

  // Begins to empty the oldest file if the WAL has outgrown `bytes_max` and enough was appended since the
  // last time. Goes on with one that waits until more is appended.
  void start_if_due(std::uint64_t bytes_max, std::uint64_t fresh_bytes_min);
  // Called about once a second: goes on also when nothing is appended.
  void go_on_idle();
  bool is_due(std::uint64_t bytes_max, std::uint64_t fresh_bytes_min) const {
    return wal_.bytes() > bytes_max && fresh_bytes_ >= fresh_bytes_min;
  }
  bool active() const { return file_ != 0; }
  // A flush is durable: if it was the one that released the file, that goes.
  void flushed();
  // The same as start and all steps, blocking; for when nothing may wait. Flushes.
  void empty_oldest_now();
  // Moves all committed entries of groups with at least `bytes_min` of them, blocking. Their states are
  // staged.
  void move_all_now(std::size_t bytes_min);
  // The folder is gone: what was written there need not be synced.
  void forget(const std::string& folder);
  // Bytes of new entries, as opposed to those said again.
  void count_fresh(std::size_t bytes);

 private:
  struct Moved {  // a group whose entries were written and wait for the sync
    GroupId group;
    std::uint64_t epoch;
    SegmentsEnd end;
  };
  void begin();
  void keep_if_worth(const WalFile& file);
  void post_step();
  void step();
  bool write_some(std::size_t bytes_max);  // true when every group of the file was written
  bool write_group(Group& group, std::size_t& budget);
  void carry(Group& group, bool all);
  void sync();
  void sync_now();
  void synced();
  void record();
  void release();

  env::Executor& executor_;
  GroupTable& groups_;
  Wal& wal_;
  Segments& segments_;
  KeptFiles& kept_;
  Hooks hooks_;

  std::uint64_t file_ = 0;     // being emptied; 0 = none
  std::vector<GroupId> todo_;  // groups of the file, last first
  std::vector<Moved> moved_;
  Unsynced unsynced_;
  std::size_t syncs_left_ = 0;
  bool released_ = false;  // the next flush lets the file go
  std::uint64_t run_ = 0;  // numbers the runs and steps: a callback of an older one is void
  std::uint64_t fresh_bytes_ = 0;
  std::int64_t credit_ = 0;  // bytes that may be moved now; below 0: the last step took more
  bool waiting_ = false;     // for credit
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace kontiki::storage
