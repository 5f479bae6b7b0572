// StoreImpl: the Store. It owns the table of groups and joins the parts: Wal (writing), Recovery (reading it
// back), Segments (files of committed entries), Mover (from the one to the other), Snapshots.
// Single-threaded, on the shard.
#pragma once

#include "storage/file_cache.h"
#include "storage/group.h"
#include "storage/kept_files.h"
#include "storage/mover.h"
#include "storage/recovery.h"
#include "storage/segments.h"
#include "storage/snapshots.h"
#include "storage/store.h"
#include "storage/wal.h"

#include <memory>
#include <string>
#include <vector>

namespace kontiki::storage {

class StoreImpl final : public Store {
 public:
  StoreImpl(env::Disk& disk, env::Executor& executor, std::string dir, const Uuid& store,
            const Options& options);
  // Once, before anything else.
  Result<void, Error> recover();

  const Uuid& id() const override { return store_; }
  const std::optional<std::string>& set_aside() const override { return set_aside_; }
  void drop_set_aside() override;
  void note_set_aside(std::string why) { set_aside_ = std::move(why); }

  std::vector<RecoveredGroup> take_recovered() override { return std::move(recovered_); }
  void create(GroupId group) override;
  void remove(GroupId group) override;
  bool has(GroupId group) const override { return groups_.contains(group); }
  void append(GroupId group, std::span<const Entry> entries) override;
  void set_hard_state(GroupId group, const HardState& state) override;
  void reset(GroupId group, const LogStart& start) override;
  void discard(GroupId group, const HardState& state) override;
  void flush(env::Task done) override;
  bool in_flight() const override { return waiting_ != nullptr || flushing_ != nullptr; }
  // What a flush of the store's own has taken is not durable before that flush is.
  bool has_staged() const override { return io_ || wal_.has_staged(); }
  void set_committed(GroupId group, Index committed) override;
  LogStart start(GroupId group) const override { return find(group).start; }
  Index last(GroupId group) const override { return find(group).last(); }
  Offset next_offset(GroupId group) const override { return find(group).next_offset(); }
  std::optional<Term> term_at(GroupId group, Index index) override { return find(group).term_at(index); }
  Result<std::vector<Entry>, Error> read(GroupId group, Index first, Index last,
                                         std::size_t bytes_max) override;
  Result<std::vector<Entry>, Error> read_from_offset(GroupId group, Offset from, Index last,
                                                     std::size_t bytes_max, Wait wait) override;
  void load(const Piece& piece, env::Task done) override;
  Result<std::optional<TimestampOffset>, Error> find_timestamp(GroupId group, std::int64_t timestamp_ms,
                                                               Offset from, Index last) override;
  Result<std::optional<TimestampOffset>, Error> find_max_timestamp(GroupId group, Offset from,
                                                                   Index last) override;
  std::uint64_t size_bytes(GroupId group) const override;
  void save_snapshot(GroupId group, Index applied, const Slice& state, env::Task done) override;
  Result<std::optional<Snapshot>, Error> load_snapshot(GroupId group) override;
  void set_segment_bytes(GroupId group, std::size_t bytes) override { find(group).segment_bytes = bytes; }
  LogStart retain(GroupId group, const Retention& retention, std::int64_t wall_ms, Index up_to) override;
  bool retention_due(GroupId group, const Retention& retention, std::int64_t wall_ms,
                     Index up_to) const override;
  void upkeep() override;
  void close() override;
  Stats stats() const override;

 private:
  struct Collect {  // the entries of a read, up to its limits
    Index last;
    std::size_t bytes_max = 0;
    std::vector<Entry> entries{};
    std::size_t bytes = 0;
    bool is_full(const EntryHeader& header, std::size_t payload_bytes) const;  // for this entry
    bool add(const EntryHeader& header, const Slice& payload);                 // false if it is
  };
  Group& find(GroupId group) const;
  std::string damaged_folder_of(GroupId group) const {
    return dir_ + "/damaged/" + std::to_string(group.value);
  }
  Result<void, Error> recover_group(GroupId id, ReplayedGroup& from, bool folder);
  void drop_damaged(GroupId group);
  void remove_stale_damaged();
  void restart_log(Group& group, const LogStart& start);
  void stage_state(Group& group, RecordType type = RecordType::kState);
  void after_flush(env::Task cleanup) { cleanups_.push_back(std::move(cleanup)); }
  void flush_soon();
  void start_flush();
  void flush_done();
  void run_cleanups(std::vector<env::Task> cleanups);
  void lengthen_wal();  // piece by piece, with pauses

  // store_read.cc
  Result<bool, Error> read_segments(Group& group, Index first, Collect& out);  // false: full before their end
  // The data entries among which a lookup by timestamp chooses.
  struct Span {
    Offset from;  // below the end of the first
    Index last;
    bool has(const EntryHeader& header) const {
      return header.kind == EntryKind::kData && header.next_offset() > from && header.index <= last;
    }
  };
  Result<std::optional<TimestampOffset>, Error> first_in_segment(Group& group, Segment& segment,
                                                                 std::int64_t timestamp_ms, Span span);
  Result<std::int64_t, Error> max_timestamp_in(Group& group, Segment& segment, Span span);
  // store_retain.cc
  std::size_t droppable(const Group& group, const Retention& retention, std::int64_t wall_ms,
                        Index up_to) const;

  env::Disk& disk_;
  env::Executor& executor_;
  const std::string dir_;
  const Options options_;
  const Uuid store_;

  GroupTable groups_;
  Wal wal_;
  FileCache files_;
  KeptFiles kept_;
  Segments segments_;
  Snapshots snapshots_;
  Mover mover_;
  std::vector<RecoveredGroup> recovered_;
  std::optional<std::string> set_aside_;

  // One flush is on its way at a time: the caller's, the mover's, or both in one.
  bool io_ = false;
  bool flush_wanted_ = false;        // by the mover
  env::Task waiting_;                // of a flush() that came while the mover's own was on its way
  env::Task flushing_;               // of the flush on its way
  std::vector<env::Task> cleanups_;  // to run when what is staged is durable
  std::vector<env::Task> flushing_cleanups_;
  env::TimerId lengthening_ = env::TimerId::kNone;  // for the next piece
  std::uint64_t lives_ = 0;                         // groups created since the start; see Group::epoch
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace kontiki::storage
