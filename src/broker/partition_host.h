// PartitionHost: one topic-partition of messages on this broker: the raft group's state machine, what its
// leader has promised to producers, and who waits to read.
#pragma once

#include "base/queue.h"
#include "broker/deadlines.h"
#include "broker/purgatory.h"
#include "broker/replica_host.h"
#include "kafka/messages/fetch.h"
#include "kafka/messages/list_offsets.h"
#include "kafka/messages/offset_for_leader_epoch.h"
#include "partition/partition.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace kontiki::broker {

// The answer to one produced batch.
struct ProduceResult {
  kafka::ErrorCode error = kafka::ErrorCode::kNone;
  std::int64_t base_offset = -1;
  std::int64_t log_append_time_ms = -1;
  std::int64_t log_start_offset = -1;
  std::string message = {};  // for people; empty unless an error
  NodeId leader = kNoNode;
  std::int32_t leader_epoch = -1;
};
using ProduceDone = std::move_only_function<void(ProduceResult)>;

// One partition of a fetch, read.
struct FetchAnswer {
  kafka::FetchResponse::Partition data;  // without its records
  std::vector<Slice> batches;
  std::size_t bytes = 0;                  // of all batches
  Offset next = kNoOffset;                // behind the last of the batches
  bool more = false;                      // there is more to be read there
  std::optional<storage::Piece> missing;  // there is something to be read, and only the device has it
};
// What a fetch saw of a partition; if it is different later, there is news.
struct FetchMark {
  Offset high_watermark = kNoOffset;
  Offset log_start = kNoOffset;
  Term term;
  bool leads = false;
  friend bool operator==(const FetchMark&, const FetchMark&) = default;
};

class PartitionHost final : public ReplicaHost {
 public:
  PartitionHost(ShardBroker& shard, GroupId group, TopicPartition name,
                const metadata::TopicSettings& settings);
  ~PartitionHost() override;

  const partition::Partition& partition() const { return partition_; }
  // Leads, and has applied everything that leaders before it committed.
  bool serves() const { return leads() && led_term_ == group_->term() && partition_.can_produce(); }
  // The first offset that can be read.
  Offset log_start() const;

  // Appends a batch as a producer sent it, in bytes that nobody else reads: it is stamped there. `done` once,
  // perhaps before this returns: when the batch is committed, or refused. Batches are appended in the order
  // of the calls. While the group takes no more, they wait here, at most until `deadline_us` (monotonic).
  void produce(const Slice& batch, std::int64_t deadline_us, ProduceDone done);

  // Reads about `step_bytes`, since the shard has others to serve, and at most `bytes_max`; one batch more
  // than either if `whole_first` and not even one fits.
  struct FetchLimits {
    std::size_t step_bytes = 0;
    std::size_t bytes_max = 0;
    bool whole_first = false;
  };
  FetchAnswer fetch(const kafka::FetchRequest::Partition& want, std::int8_t isolation_level,
                    const FetchLimits& limits);
  FetchMark mark() const;
  // Brings into memory what a fetch from this offset misses (FetchAnswer::missing); then `then` runs.
  void load(Offset offset, const storage::Piece& piece, env::Task then);
  Purgatory& purgatory() { return purgatory_; }

  kafka::ListOffsetsResponse::Partition list_offsets(const kafka::ListOffsetsRequest::Partition& want,
                                                     std::int16_t version);
  kafka::OffsetForLeaderEpochResponse::Partition end_of_epoch(
      const kafka::OffsetForLeaderEpochRequest::Partition& want) const;

  // Deletes the records below `offset`, or all committed ones (kAllRecords), on every replica. `done` once,
  // perhaps before this returns, with the log's start after it: when the deletion is committed, refused, or
  // not committed by `deadline_us` (monotonic); then it may still happen.
  static constexpr Offset kAllRecords{-1};
  using DeleteDone = std::move_only_function<void(kafka::ErrorCode, Offset log_start)>;
  void delete_records(Offset offset, std::int64_t deadline_us, DeleteDone done);

  // ReplicaHost
  void set_settings(const metadata::TopicSettings& settings) override;
  void gone(kafka::ErrorCode why) override;
  // Proposes what the partition has to say on its own (expiry of producers).
  void upkeep(std::int64_t wall_ms) override;

  // multiraft::StateMachine
  void apply(std::span<const Entry> entries) override;
  void role_changed(const raft::RoleChange& change) override;
  Slice snapshot() const override;
  bool restore(const Slice& snapshot) override;
  Offset deleted_below() const override { return partition_.log_start_offset(); }
  void log_start_moved(const LogStart& start) override;

 private:
  // Which batch of which producer.
  struct Turn {
    ProducerId producer = kNoProducer;
    std::int16_t epoch = 0;
    std::int32_t sequence = 0;
  };
  // A batch that was proposed here.
  struct Pending {
    Index index;
    Term term;
    Offset base_offset;
    std::int64_t log_append_time_ms;
    Turn turn;
    ProduceDone done;
  };
  // A retry of a batch that is not committed yet.
  struct Repeat {
    Offset base_offset;
    Offset last_offset;
    ProduceDone done;
  };
  // A deletion that was proposed here.
  struct Deletion {
    Index index;
    Term term;
    Deadlines::Id deadline;
    DeleteDone done;
  };
  // A batch for which the group has no room.
  struct Queued {
    Slice batch;
    std::int64_t deadline_us;
    ProduceDone done;
  };

  // What was refused because this broker does not lead, of a producer of whom the partition knows nothing.
  struct Refused {
    std::int16_t epoch = 0;
    std::int32_t sequence = 0;
    std::int64_t at_us = 0;
  };
  static Turn turn_of(const Slice& batch);
  void note_refused(const Turn& turn);
  bool must_wait_for_earlier(const Turn& turn);

  // False if the group has no room for it: nothing has happened, and `done` is untouched.
  bool try_produce(const Slice& batch, ProduceDone& done);
  void refuse(const partition::Admission& admission, ProduceDone done);
  bool propose(const Slice& batch, const partition::Admission& admission, ProduceDone& done);
  void enqueue(const Slice& batch, std::int64_t deadline_us, ProduceDone done);
  void drain();
  void drain_later();
  void settle(const EntryHeader& applied);
  void settle_repeats();
  void settle_deletions(const EntryHeader& applied);
  void deletion_late(Index index, Term term);
  void finish(Deletion deletion, kafka::ErrorCode error, Offset log_start);
  void fail_all(kafka::ErrorCode error);
  void wake();
  ProduceResult success(Offset base_offset, std::int64_t log_append_time_ms) const;
  ProduceResult failure(kafka::ErrorCode error, std::string message = {}) const;
  // kNone if this is the leader and the client's idea of its epoch is right.
  kafka::ErrorCode check_leader(std::int32_t current_leader_epoch) const;
  kafka::ErrorCode find_timestamp(std::int64_t timestamp, kafka::ListOffsetsResponse::Partition& answer);
  bool is_surely_beyond(Offset offset);
  void read(const kafka::FetchRequest::Partition& want, const FetchLimits& limits, FetchAnswer& answer);
  void load_ahead(Offset offset, const storage::Piece& piece);
  struct Load;
  std::shared_ptr<Load> load_of(const storage::Piece& piece) const;
  std::shared_ptr<Load> begin_load(Offset offset, const storage::Piece& piece);

  partition::Partition partition_;
  std::optional<Term> led_term_;  // that the partition was told to lead in; raft may know better already

  Queue<Pending> pending_;  // Invariant: indexes rise; bounded by the group's uncommitted bytes
  Queue<Repeat> repeats_;   // bounded by the shard's budget for requests, as is
  Queue<Queued> queue_;     // this, and by produce_queue_bytes_max
  std::size_t queue_bytes_ = 0;
  bool drain_posted_ = false;
  std::vector<Deletion> deletions_;  // Invariant: indexes rise; bounded by the shard's budget for requests
  static constexpr std::size_t kRefusedMax = 64;
  static constexpr std::int64_t kRefusedUs = 30'000'000;
  std::map<ProducerId, Refused> refused_;
  Purgatory purgatory_;
  // Offsets beyond the end that were asked for, and whether the lead was confirmed since.
  static constexpr std::size_t kBeyondMax = 64;
  std::map<Offset, bool> beyond_;
  // Loads under way of what only the device has, and who waits for them.
  struct Load {
    storage::Piece piece;
    std::vector<env::Task> waiting;
  };
  static constexpr std::size_t kLoadsAheadMax = 2;  // beside those that fetches wait for
  std::vector<std::shared_ptr<Load>> loads_;
  // How many loads in a row were begun for a fetch from an offset. After so many, what is loaded is taken
  // from memory again, or cannot be kept there, and the shard waits for the device.
  static constexpr std::size_t kLoadCountsMax = 64;
  static constexpr unsigned kLoadsInARowMax = 16;  // index, place and payload are three
  std::map<Offset, unsigned> loads_in_a_row_;
};

}  // namespace kontiki::broker
