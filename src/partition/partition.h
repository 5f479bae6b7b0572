// Partition: one topic-partition as a pure state machine. Its state (high watermark, log start, leader
// epochs, producer table) is a function of the applied log entries and of nothing else: not of the
// configuration, a clock or the leader. Owned by the broker's host of the group; used only on the group's
// shard. Copyable.
//
// On top of that, while this replica leads, a pending overlay: the batches appended by this leader and not
// yet applied, so that a retry of a batch that is still on its way is recognised. It is dropped whenever the
// lead is lost; whatever of it survives comes back as entries to apply().
//
// The leader's path of one batch, all within one turn of the shard:
//   Admission a = partition.admit(batch, now_ms);
//   kAppend:    if the log has room: partition.stamp(batch.writable(), a);
//               propose it with a.base_offset, a.offset_count, ...; if it was taken:
//               partition.appended(*RecordBatchView::parse(batch.bytes()), a.base_offset, term);
//               answer when high_watermark() > a.last_offset
//   kDuplicate: answer a.base_offset; at once, or if a.pending when high_watermark() > a.last_offset
//   kRefused:   answer a.error; a.message says why
#pragma once

#include "base/limits.h"
#include "base/queue.h"
#include "base/result.h"
#include "base/slice.h"
#include "model/entry.h"
#include "model/record_batch.h"
#include "partition/command.h"
#include "partition/leader_epochs.h"
#include "partition/producer_table.h"

#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <unordered_map>

namespace kontiki::partition {

enum class TimestampType : std::uint8_t { kCreateTime, kLogAppendTime };

// Used by the leader only, at admit() and due_command(): replicas with different configurations do not
// diverge.
struct PartitionConfig {
  std::size_t max_message_bytes = limits::kMessageBytesMax;  // of a whole batch with its header
  TimestampType timestamp_type = TimestampType::kCreateTime;
  std::int64_t message_timestamp_after_max_ms = 3'600'000;  // ahead of the broker's clock
  std::int64_t message_timestamp_before_max_ms = std::numeric_limits<std::int64_t>::max();
  std::int64_t producer_id_expiration_ms = 86'400'000;
};

// Why a batch was refused; in brackets the Kafka error that it stands for.
enum class AdmitError : std::uint8_t {
  kNone,
  kNotLeader,      // can_produce() is false (NOT_LEADER_OR_FOLLOWER 6)
  kCorrupt,        // CRC, length, unknown magic (CORRUPT_MESSAGE 2)
  kInvalidRecord,  // counts, records, trailing bytes, old magic, control or unknown bits (INVALID_RECORD 87)
  kUnsupportedCompression,  // unknown codec (UNSUPPORTED_COMPRESSION_TYPE 76)
  kTooLarge,                // above max_message_bytes (MESSAGE_TOO_LARGE 10)
  kInvalidTimestamp,        // outside of the allowed distance from now (INVALID_TIMESTAMP 32)
  kInvalidTxnState,         // transactional batches are not served (INVALID_TXN_STATE 48)
  kInvalidProducerEpoch,    // below the known epoch (INVALID_PRODUCER_EPOCH 47)
  kOutOfOrderSequence,      // not the next sequence (OUT_OF_ORDER_SEQUENCE_NUMBER 45)
};
const char* to_string(AdmitError error);

struct Admission {
  enum class Verdict : std::uint8_t { kAppend, kDuplicate, kRefused };

  Verdict verdict = Verdict::kRefused;
  AdmitError error = AdmitError::kNone;  // kNone unless refused
  std::string message;                   // for people; empty unless refused
  Offset base_offset = kNoOffset;        // to be given, or the original's
  Offset last_offset = kNoOffset;        // likewise; acknowledged once high_watermark() is above it
  bool pending = false;                  // kDuplicate: the original is not committed yet
  std::uint32_t offset_count = 0;        // kAppend: for the entry header
  std::int64_t max_timestamp = -1;       // kAppend: for the entry header
  std::int64_t log_append_time_ms = -1;  // for the answer; -1 when the topic keeps create time
};

enum class RestoreError : std::uint8_t {
  kDamaged,  // cut, flipped or made-up bytes
  kNewer,    // made by a newer program
};
const char* to_string(RestoreError error);

class Partition {
 public:
  explicit Partition(const PartitionConfig& config = {}) : config_(config) {}
  void set_config(const PartitionConfig& config) { config_ = config; }
  const PartitionConfig& config() const { return config_; }

  // ---- leader ----
  void become_leader(Term term);
  void step_down();
  // True once this leader's own term-start entry is applied: only then is the applied state the whole log.
  bool can_produce() const { return leader_term_ && started_term_ == *leader_term_; }
  // Judges one batch as a producer sent it, against applied and pending batches; changes nothing. The checks
  // and their order are Kafka's: size, CRC, structure, timestamps, then duplicate, epoch, sequence.
  Admission admit(const Slice& batch, std::int64_t now_ms) const;
  // Makes of an admitted batch what goes into the log: base offset, leader epoch and, if configured, log
  // append time. With the last it is not admitted a second time.
  void stamp(std::span<std::byte> batch, const Admission& admission) const;
  // The batch was proposed at log_end_offset() under the term of become_leader. Requires can_produce().
  void appended(const RecordBatchView& batch, Offset base_offset, Term term);
  // A command that the leader should propose now, if any: today, an expiry round of producers once in
  // producer_id_expiration_ms while there are any. Call it now and then (minutes); a quiet partition that has
  // no producers needs no call. Expiry rounds stand in the log because the times of records are the clients'
  // to choose.
  std::optional<Slice> due_command(std::int64_t now_ms);

  // ---- log ----
  // The next entry of the log, without gaps. A violated order is a programmer's error.
  void apply(const Entry& entry);
  // The log of this replica now begins at `start`: its retention ran, or a snapshot came. Not part of the
  // state.
  void log_start_moved(const LogStart& start);

  // ---- queries ----
  Index applied() const { return applied_; }
  Offset high_watermark() const { return high_watermark_; }  // offset after the last applied record
  // Of the records that can be read here: deleted ones and those that local retention removed lie below.
  Offset log_start_offset() const;
  Offset log_end_offset() const;  // high watermark plus what is pending
  EpochEnd end_offset_for_epoch(std::int32_t leader_epoch) const;
  std::int32_t leader_epoch_of_offset(Offset offset) const { return epochs_.at(offset); }
  const LeaderEpochs& epochs() const { return epochs_; }
  bool knows(ProducerId id) const { return known(id) != nullptr; }  // applied or pending
  const ProducerTable& producers() const { return producers_; }     // applied ones
  std::size_t pending_batches() const { return pending_.size(); }

  // ---- snapshot ----
  // The applied state, with a version and a CRC. Format: docs/format/partition-snapshot.md.
  Slice snapshot() const;
  // Replaces the applied state and steps down. On an error nothing is changed.
  Result<void, RestoreError> restore(Bytes snapshot);

  // The applied state of two replicas at the same index is equal; leader's state is not compared.
  bool same_state(const Partition& other) const;

 private:
  struct Pending {
    ProducerId producer;
    Offset base_offset;
    Offset next_offset;
  };
  struct Ahead {
    Producer producer;          // applied and pending batches together
    std::uint32_t pending = 0;  // of its batches in pending_
  };

  Admission judge_producer(const RecordBatchView& batch) const;
  const Producer* known(ProducerId id) const;  // overlay first
  void apply_data(const Entry& entry);
  void apply_command(const Entry& entry);
  void pop_pending(const EntryHeader& header);
  bool read_state(ByteReader& in);

  PartitionConfig config_;

  // Applied state: what snapshot() holds.
  Index applied_;
  Term started_term_;  // of the last term-start entry
  Offset high_watermark_{0};
  Offset log_start_{0};  // Invariant: <= high_watermark_.
  LeaderEpochs epochs_;
  ProducerTable producers_;

  // This replica's own.
  Offset local_start_{0};  // of the log that it keeps

  // Leader's own. Bounded by what multiraft allows to be in flight.
  std::optional<Term> leader_term_;
  Queue<Pending> pending_;                       // Invariant: contiguous from high_watermark_ on.
  std::unordered_map<ProducerId, Ahead> ahead_;  // producers with a pending batch
  std::optional<std::int64_t> expiry_due_ms_;
};

}  // namespace kontiki::partition
