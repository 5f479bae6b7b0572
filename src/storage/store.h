// Store: the durable logs of all groups of ONE shard. One write-ahead log (WAL) shared by all groups gives
// every turn of the shard one write and one fsync (group commit); committed entries move lazily to segment
// files per group. Knows nothing of raft beyond the two durable values it keeps for it (HardState, LogStart).
//
// Owned by the shard (multiraft::Shard), used only there, on that shard's executor. Formats: docs/format/.
//
// Life of an entry: append() puts it in the group's tail in memory and stages it for the WAL; flush() makes
// all that is staged durable; set_committed() allows it to move to a segment; before its WAL file is recycled
// it must have moved (or is carried forward into the newest WAL file when it is not committed). A failed
// write or fsync is fatal (Reason::kDiskFailed or kDiskFull): the process ends and nothing is acknowledged.
#pragma once

#include "base/result.h"
#include "base/uuid.h"
#include "env/clock.h"
#include "env/disk.h"
#include "env/executor.h"
#include "model/entry.h"
#include "model/ids.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace kontiki::storage {

struct Options {
  std::size_t wal_file_bytes = 64u << 20;       // a WAL file is closed at about this size
  std::size_t wal_bytes_max = 256u << 20;       // backlog at which the oldest file is emptied into segments
  std::size_t wal_batch_bytes_max = 16u << 20;  // a larger flush is several batches, still with one sync
  // A payload of at least this size is not copied to its segment if half of its WAL file is such: the file is
  // kept. At least 20.
  std::size_t kept_payload_bytes_min = 64u << 10;
  std::size_t segment_bytes = 1u << 30;          // default of groups
  std::size_t index_interval_bytes = 16u << 10;  // one sparse index entry per so many bytes of a segment
  std::uint64_t seed = 1;                        // of ids: should differ between nodes and starts
  std::size_t open_files_max = 256;  // segment descriptors kept open, least recently used closed first
};

enum class ErrorCode : std::uint8_t {
  kNotFound,   // the index or offset lies before the start or after the end of the log
  kDamaged,    // acknowledged data does not match its checksum or is missing
  kIo,         // the disk failed to open or read
  kFormat,     // made by a newer or unknown version
  kNotCached,  // only the device has it, and the read was not to wait: load() the piece and read again
};
struct Piece {  // of a file
  std::string path;
  std::uint64_t at = 0;
  std::size_t bytes = 0;
};
struct Error {
  ErrorCode code;
  std::string message;           // what, which file and byte, what to do
  std::optional<Piece> piece{};  // kNotCached
};
enum class Wait : bool { kNo, kForDevice };

// Terms of a run of entries: (previous run's last, last] have `term`.
struct TermSpan {
  Term term;
  Index last;
  friend bool operator==(const TermSpan&, const TermSpan&) = default;
};

struct RecoveredGroup {
  GroupId group;
  HardState hard_state;
  LogStart start;
  std::vector<TermSpan> terms;              // of the entries after `start`
  Index last;                               // == start.index if the log is empty
  Offset next_offset{0};                    // log end offset
  Index committed;                          // lower bound: everything in segments is committed
  std::vector<EntryHeader> configurations;  // headers of kConfiguration entries after `start`
  std::optional<std::string> damage;  // acknowledged data is damaged: this replica must not vote or serve
};

struct Stats {                  // of the shard
  std::uint64_t wal_bytes = 0;  // backlog in WAL files, staged included
  std::uint64_t wal_files = 0;
  std::uint64_t kept_files = 0;  // that were emptied, and stay for what segments point to in them
  std::uint64_t kept_bytes = 0;  // that they take
  std::uint64_t flushes = 0;     // fsyncs of the WAL
  std::uint64_t flushed_bytes = 0;
  std::uint64_t open_files = 0;
  std::uint64_t tail_bytes = 0;  // entry bytes held in memory
};

struct Retention {            // of a group; < 0 = unlimited
  std::int64_t bytes = -1;    // retention.bytes
  std::int64_t time_ms = -1;  // retention.ms, against Kafka max_timestamp of a segment
  Offset below{0};            // records below were deleted: their segments go whatever their age and size

  bool wants_anything() const { return bytes >= 0 || time_ms >= 0 || below > Offset(0); }
};

// Where a batch of records is found; for ListOffsets.
struct TimestampOffset {
  std::int64_t timestamp = -1;  // max_timestamp of the batch found
  EntryHeader header;           // of the batch that holds the first record with timestamp >= the one asked
  Slice batch;                  // its bytes, so that the caller can find the very record
};

class Store {
 public:
  // Opens or creates the store in folder `dir`, recovering every group. `executor` is the shard's. Where
  // acknowledged data in the WAL is damaged, all of the folder is set aside (`dir`.damaged) and a new store
  // begins: see set_aside(). Errors: kIo, kFormat.
  static Result<std::unique_ptr<Store>, Error> open(env::Disk& disk, env::Executor& executor,
                                                    env::Clock& clock, std::string dir,
                                                    const Options& options);
  virtual ~Store() = default;

  // Differs between stores: what another one held is not here.
  virtual const Uuid& id() const = 0;
  // Why an earlier store of this folder was set aside, unless it was dropped since. What it held is kept for
  // the case that too few replicas are left elsewhere.
  virtual const std::optional<std::string>& set_aside() const = 0;
  virtual void drop_set_aside() = 0;

  // What was found at open, sorted by group; call once.
  virtual std::vector<RecoveredGroup> take_recovered() = 0;

  // ---- staging: in memory at once, durable after the next flush
  // An empty log; must not exist. A removed one may be created again once a flush after the removal is done:
  // its files are gone then.
  virtual void create(GroupId group) = 0;
  virtual void remove(GroupId group) = 0;  // the log and its files; fine if it does not exist
  virtual bool has(GroupId group) const = 0;
  // Cuts away every entry from entries.front().header.index on, then appends. Indexes follow on one by one,
  // and the first is at most last + 1. Committed entries are never cut (CHECK).
  virtual void append(GroupId group, std::span<const Entry> entries) = 0;
  virtual void set_hard_state(GroupId group, const HardState& state) = 0;
  // A snapshot was installed: the whole log is dropped and starts anew after `start`.
  virtual void reset(GroupId group, const LogStart& start) = 0;

  // What is here of the group cannot be trusted: all of it is set aside (DIR/damaged/<group>) until the doubt
  // of `state`, which is open, is settled. Its log starts anew, empty. The tasks of snapshots on their way
  // never run.
  virtual void discard(GroupId group, const HardState& state) = 0;

  // Makes everything staged before the call durable, then runs `done` on the executor. One flush is in flight
  // at a time; calling while in_flight() is a programmer's error. With nothing staged `done` still runs
  // (soon, no fsync).
  virtual void flush(env::Task done) = 0;
  virtual bool in_flight() const = 0;
  // True while anything is staged and not durable yet: also what the store flushes by itself at the moment.
  // Then an answer that depends on it must wait for a flush().
  virtual bool has_staged() const = 0;

  // ---- the log of a group
  virtual void set_committed(GroupId group, Index committed) = 0;
  virtual LogStart start(GroupId group) const = 0;
  virtual Index last(GroupId group) const = 0;
  virtual Offset next_offset(GroupId group) const = 0;  // log end offset, uncommitted entries included
  virtual std::optional<Term> term_at(GroupId group, Index index) = 0;

  // Entries [first, ...] up to `last`, at most `bytes_max` of payload but at least one entry. Shares the
  // cached bytes.
  virtual Result<std::vector<Entry>, Error> read(GroupId group, Index first, Index last,
                                                 std::size_t bytes_max) = 0;
  // kData entries from the one that holds `from` on (it may begin below), with index <= `last`, at most
  // `bytes_max` of payload but at least one entry if there is any. Empty when `from` is at the end. kNotFound
  // when below the start. With Wait::kNo it gives what is in memory, and kNotCached if that is nothing.
  virtual Result<std::vector<Entry>, Error> read_from_offset(GroupId group, Offset from, Index last,
                                                             std::size_t bytes_max,
                                                             Wait wait = Wait::kForDevice) = 0;
  // Brings a piece into memory without waiting for it; `done` runs on the executor, whatever came of it.
  virtual void load(const Piece& piece, env::Task done) = 0;
  // Both look at batches that end after offset `from`, up to index `last`; none if there is no such batch.
  // The first with max_timestamp >= `timestamp_ms`.
  virtual Result<std::optional<TimestampOffset>, Error> find_timestamp(GroupId group,
                                                                       std::int64_t timestamp_ms, Offset from,
                                                                       Index last) = 0;
  // The one with the largest max_timestamp (the first of equals).
  virtual Result<std::optional<TimestampOffset>, Error> find_max_timestamp(GroupId group, Offset from,
                                                                           Index last) = 0;
  virtual std::uint64_t size_bytes(
      GroupId group) const = 0;  // payload on disk and in the tail, for retention and metrics

  // ---- snapshots of the group's state machine
  // Replaces the group's snapshot file with
  // the state as of `applied`, off the turn; `done` on the executor when durable. The newest one is kept.
  virtual void save_snapshot(GroupId group, Index applied, const Slice& state, env::Task done) = 0;
  struct Snapshot {
    Index applied;
    Slice state;
  };
  virtual Result<std::optional<Snapshot>, Error> load_snapshot(GroupId group) = 0;

  // ---- upkeep
  virtual void set_segment_bytes(GroupId group, std::size_t bytes) = 0;
  // Drops whole old segments that `retention` no longer wants, never past `up_to` (the applied index of the
  // newest durable snapshot) and never the active one's committed tail beyond it. Returns the (new) start of
  // the log, which is staged; the files go after the flush that makes it durable.
  virtual LogStart retain(GroupId group, const Retention& retention, std::int64_t wall_ms, Index up_to) = 0;
  // True if retain() with a larger `up_to` would drop more: time for a newer snapshot.
  virtual bool retention_due(GroupId group, const Retention& retention, std::int64_t wall_ms,
                             Index up_to) const = 0;
  // Called by the shard when it is idle and about once a second: seals the WAL's end, moves entries on.
  virtual void upkeep() = 0;
  // For a clean stop: flushes, moves the committed entries of groups that hold many in memory to their
  // segments, and seals the WAL, all blocking. The tasks of flushes and snapshots on their way still run if
  // the executor does.
  virtual void close() = 0;
  virtual Stats stats() const = 0;
};

}  // namespace kontiki::storage
