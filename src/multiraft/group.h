// Group: one raft group on this node: the core, its log in the shard's store, and the state machine that it
// feeds. Owned by its Shard; used only there. The broker holds a Group* from Shard::create_group until
// Shard::remove_group.
#pragma once

#include "base/queue.h"
#include "base/result.h"
#include "model/entry.h"
#include "multiraft/state_machine.h"
#include "raft/core.h"
#include "storage/store.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <variant>
#include <vector>

namespace kontiki::multiraft {

class Shard;

// An entry to be appended; index, term and base offset are given by the group.
struct Proposal {
  EntryKind kind = EntryKind::kData;
  Slice payload;  // kData: the stamped batch, with base offset == next_offset() at the proposal
  std::uint32_t offset_count = 0;   // kData: records in the batch
  std::int64_t max_timestamp = -1;  // kData: of the batch, ms
};

enum class ProposeError : std::uint8_t {
  kNotLeader,
  kBusy,  // more is uncommitted than limits allow: try again when entries have been applied
};

// How this node came to be a member, for one that was added after the group was created: see
// raft::Options::member_since. An empty member starts in `term`, so that entries of leaders that did not know
// of its removal are refused; whatever its node was a member of before, it has forgotten.
struct Seat {
  std::uint64_t since = 0;  // epoch of the configurations that mean it
  Term term;
};

class Group {
 public:
  Group(Shard& shard, GroupId id, const raft::Options& options, const raft::Restored& restored, Prng prng,
        StateMachine& machine);

  GroupId id() const { return id_; }
  const raft::Core& core() const { return core_; }
  bool is_leader() const { return core_.role() == raft::Role::kLeader && !damaged_; }
  Term term() const { return core_.term(); }
  NodeId leader() const { return core_.leader(); }
  Index applied() const { return applied_; }
  // Log end offset, uncommitted entries included: the base offset of the next kData proposal.
  Offset next_offset() const;
  LogStart log_start() const;

  // Appends all proposals, in order, as consecutive entries, or none. The value is the entry index of the
  // first; the proposal is committed when an entry with this index AND the term at the time of the call is
  // applied.
  Result<Index, ProposeError> propose(std::span<const Proposal> proposals);
  // Whether propose() would say kBusy to a leader.
  bool is_busy() const;

  // Reads committed, applied data: batches from the one holding `from` on, at most `bytes_max` of payload but
  // at least one batch if there is one below the applied index. Wait::kNo: see storage::Store.
  Result<std::vector<Entry>, storage::Error> read_from_offset(Offset from, std::size_t bytes_max,
                                                              storage::Wait wait = storage::Wait::kForDevice);
  // Brings what a read did not find in memory there; `done` runs on the shard's executor.
  void load(const storage::Piece& piece, env::Task done);
  // Among the batches that end after offset `from`: see storage::Store.
  Result<std::optional<storage::TimestampOffset>, storage::Error> find_timestamp(std::int64_t timestamp_ms,
                                                                                 Offset from);
  Result<std::optional<storage::TimestampOffset>, storage::Error> find_max_timestamp(Offset from);
  std::uint64_t size_bytes() const;

  // For reads that must not be stale. done(true): a majority has confirmed since the call that this node
  // leads, and all that was committed at the call is applied. done(false): it does not lead, has not opened
  // its term yet, or too many wait. Runs once, perhaps before this returns; nothing may be proposed in it.
  using Confirmed = std::move_only_function<void(bool)>;
  void confirm_lead(Confirmed done);

  // Changes the members (on the leader): by joint consensus if the voters change. The value says only that it
  // is proposed: it stands when core().is_settled() with it. kBusy: a change is under way, the term is not
  // open yet, nothing would change, or the epoch is older than the current one's.
  Result<void, ProposeError> change_configuration(const Configuration& next);

  // Asks the leader (this node) to hand its lead to `to`; best effort. False if this node does not lead.
  bool transfer_leader(NodeId to);
  // Starts an election now instead of after a timeout; for the preferred leader of a new group.
  void campaign();
  void set_segment_bytes(std::size_t bytes);
  void set_retention(const storage::Retention& retention) { retention_ = retention; }

 private:
  friend class Shard;
  template <class T>
  Result<T, storage::Error> noticed(Result<T, storage::Error> read);
  // The log begins anew; what the machine has applied stays.
  void restart(const raft::Restored& restored, Prng prng);
  void confirmed_or_not(std::uint64_t read, bool leads);
  void refuse_reads();
  // What the state machine is yet to be told, in order.
  using Notice = std::variant<raft::RoleChange, raft::CommitRange, raft::ReadState>;

  struct Proposed {  // by this leader, not applied yet
    Index last;
    std::size_t bytes = 0;
    std::int64_t at_us = 0;
  };

  Shard& shard_;
  const GroupId id_;
  const NodeId self_;  // this node's member id
  const raft::Options core_options_;
  raft::Core core_;
  StateMachine& machine_;
  storage::Retention retention_;
  Queue<Notice> notices_;
  Index applied_;  // by the state machine
  Queue<Proposed> proposed_;
  std::size_t proposed_bytes_ = 0;
  std::uint64_t next_read_ = 1;
  std::map<std::uint64_t, Confirmed>
      reads_;  // not confirmed yet; bounded by raft::Options::pending_reads_max
  std::size_t bytes_since_snapshot_ = 0;
  Index snapshot_applied_;  // of the newest snapshot known to be durable: one that was
                            // found at the start may have lost its name to a crash before the sync
  bool snapshot_under_way_ = false;
  bool damaged_ = false;         // must not vote or serve: steps nothing any more
  bool apply_paused_ = false;    // a read failed: tried again after a while
  bool active_ = false;          // is in the shard's list of groups to tick
  bool notified_ = false;        // is in the shard's list of groups with notices
  Configuration told_;           // of whose members the core was told whether they are up
  std::vector<NodeId> in_sync_;  // as last announced, while leading
};

}  // namespace kontiki::multiraft
