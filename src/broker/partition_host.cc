#include "broker/partition_host.h"

#include "base/log.h"
#include "broker/shard_broker.h"

#include <algorithm>
#include <limits>

namespace kontiki::broker {
namespace {

kafka::ErrorCode error_of(partition::AdmitError error) {
  using partition::AdmitError;
  switch (error) {
    case AdmitError::kNone:
      return kafka::ErrorCode::kNone;
    case AdmitError::kNotLeader:
      return kafka::ErrorCode::kNotLeaderOrFollower;
    case AdmitError::kCorrupt:
      return kafka::ErrorCode::kCorruptMessage;
    case AdmitError::kInvalidRecord:
      return kafka::ErrorCode::kInvalidRecord;
    case AdmitError::kUnsupportedCompression:
      return kafka::ErrorCode::kUnsupportedCompressionType;
    case AdmitError::kTooLarge:
      return kafka::ErrorCode::kMessageTooLarge;
    case AdmitError::kInvalidTimestamp:
      return kafka::ErrorCode::kInvalidTimestamp;
    case AdmitError::kInvalidTxnState:
      return kafka::ErrorCode::kInvalidTxnState;
    case AdmitError::kInvalidProducerEpoch:
      return kafka::ErrorCode::kInvalidProducerEpoch;
    case AdmitError::kOutOfOrderSequence:
      return kafka::ErrorCode::kOutOfOrderSequenceNumber;
  }
  return kafka::ErrorCode::kUnknownServerError;
}

partition::PartitionConfig config_of(const metadata::TopicSettings& settings, const BrokerLimits& limits) {
  partition::PartitionConfig config;
  config.max_message_bytes = static_cast<std::size_t>(settings.max_message_bytes);
  config.timestamp_type = settings.log_append_time ? partition::TimestampType::kLogAppendTime
                                                   : partition::TimestampType::kCreateTime;
  config.message_timestamp_after_max_ms = settings.message_timestamp_after_max_ms;
  config.message_timestamp_before_max_ms = settings.message_timestamp_before_max_ms;
  config.producer_id_expiration_ms = limits.producer_id_expiration_ms;
  return config;
}

}  // namespace

PartitionHost::PartitionHost(ShardBroker& shard, GroupId group, TopicPartition name,
                             const metadata::TopicSettings& settings)
    : ReplicaHost(shard, group, std::move(name)), partition_(config_of(settings, shard.options().limits)) {}

PartitionHost::~PartitionHost() = default;

void PartitionHost::set_settings(const metadata::TopicSettings& settings) {
  partition_.set_config(config_of(settings, shard_.options().limits));
  if (group_ == nullptr) return;
  group_->set_segment_bytes(static_cast<std::size_t>(settings.segment_bytes));
  group_->set_retention({.bytes = settings.retention_bytes, .time_ms = settings.retention_ms});
}

void PartitionHost::gone(kafka::ErrorCode why) {
  led_term_.reset();
  partition_.step_down();
  fail_all(why);
  wake();
  group_ = nullptr;
}

Offset PartitionHost::log_start() const {
  const Offset of_log = group_ == nullptr ? Offset(0) : group_->log_start().next_offset;
  return std::max(of_log, partition_.log_start_offset());
}

// ---- produce --------------------------------------------------------------------------------------------

void PartitionHost::produce(const Slice& batch, std::int64_t deadline_us, ProduceDone done) {
  // What waits already goes first.
  if (!queue_.empty() || !try_produce(batch, done)) enqueue(batch, deadline_us, std::move(done));
}

bool PartitionHost::try_produce(const Slice& batch, ProduceDone& done) {
  if (!serves()) {
    // Elected, but the entry that opens the term is not applied yet: that takes one flush. Clients know
    // already that we lead, and one that asks for no acknowledgement cannot be told to try again.
    if (leads()) return false;
    note_refused(turn_of(batch));
    done(failure(kafka::ErrorCode::kNotLeaderOrFollower));
    return true;
  }
  if (!refused_.empty() && must_wait_for_earlier(turn_of(batch))) {
    done(failure(kafka::ErrorCode::kNotLeaderOrFollower));
    return true;
  }
  const partition::Admission admission = partition_.admit(batch, shard_.clock().wall_ms());
  switch (admission.verdict) {
    case partition::Admission::Verdict::kRefused:
      refuse(admission, std::move(done));
      return true;
    case partition::Admission::Verdict::kDuplicate:
      if (admission.pending && partition_.high_watermark() <= admission.last_offset)
        repeats_.push_back({admission.base_offset, admission.last_offset, std::move(done)});
      else
        done(success(admission.base_offset, -1));
      return true;
    case partition::Admission::Verdict::kAppend:
      return propose(batch, admission, done);
  }
  return true;
}

// Producers send several batches before they hear of the first. If this broker begins to lead in between, it
// would refuse the first and take the second, since of a producer that it has never heard of it takes any
// sequence:
//   1. batch 0 comes, is refused: not the leader
//   2. this broker is elected
//   3. batch 1 comes, is taken
//   4. batch 0 comes again, as the producer must, and is out of order, which ends the producer
// So the second is refused like the first, until the first has come again. It is the same with a batch that
// was proposed here and went with the lead.
void PartitionHost::note_refused(const Turn& turn) {
  if (turn.producer <= kNoProducer) return;
  const std::int64_t now = shard_.clock().monotonic_us();
  const auto known = refused_.find(turn.producer);
  if (known != refused_.end() && known->second.epoch == turn.epoch &&
      now - known->second.at_us < kRefusedUs) {
    // As long as the first comes again and again, the others are behind it.
    if (turn.sequence == known->second.sequence) known->second.at_us = now;
    return;
  }
  if (known == refused_.end() && refused_.size() >= kRefusedMax) {
    std::erase_if(refused_, [&](const auto& one) { return now - one.second.at_us >= kRefusedUs; });
    if (refused_.size() >= kRefusedMax) return;
  }
  refused_[turn.producer] = {turn.epoch, turn.sequence, now};
}

bool PartitionHost::must_wait_for_earlier(const Turn& turn) {
  const auto at = refused_.find(turn.producer);
  if (at == refused_.end()) return false;
  const Refused& first = at->second;
  const bool is_over = turn.epoch != first.epoch || turn.sequence == first.sequence ||
                       partition_.knows(turn.producer) ||
                       shard_.clock().monotonic_us() - first.at_us >= kRefusedUs;
  if (is_over) refused_.erase(at);
  return !is_over;
}

PartitionHost::Turn PartitionHost::turn_of(const Slice& batch) {
  const auto view = RecordBatchView::parse(batch.bytes());
  return view ? Turn{view->producer_id(), view->producer_epoch(), view->base_sequence()} : Turn{};
}

// What a producer may have written elsewhere is known to whoever leads now. A leader that was replaced
// without knowing it must not say that something is missing, which ends a producer, when it is itself behind.
void PartitionHost::refuse(const partition::Admission& admission, ProduceDone done) {
  const kafka::ErrorCode error = error_of(admission.error);
  const bool is_about_the_past = admission.error == partition::AdmitError::kOutOfOrderSequence ||
                                 admission.error == partition::AdmitError::kInvalidProducerEpoch;
  if (!is_about_the_past) return done(failure(error, admission.message));
  group_->confirm_lead(
      [this, error, message = admission.message, done = std::move(done)](bool leads) mutable {
        done(leads ? failure(error, std::move(message)) : failure(kafka::ErrorCode::kNotLeaderOrFollower));
      });
}

bool PartitionHost::propose(const Slice& batch, const partition::Admission& admission, ProduceDone& done) {
  CHECK(admission.base_offset == group_->next_offset(), "the partition and its log disagree about the end");
  if (group_->is_busy()) return false;
  partition_.stamp(batch.writable(), admission);
  const multiraft::Proposal proposal{.kind = EntryKind::kData,
                                     .payload = batch,
                                     .offset_count = admission.offset_count,
                                     .max_timestamp = admission.max_timestamp};
  const Term term = group_->term();
  const auto index = group_->propose({&proposal, 1});
  if (!index) {
    note_refused(turn_of(batch));
    done(failure(kafka::ErrorCode::kNotLeaderOrFollower));
    return true;
  }
  const auto view = RecordBatchView::parse(batch.bytes());
  CHECK(view.has_value(), "an admitted batch parses");
  partition_.appended(*view, admission.base_offset, term);
  pending_.push_back(
      {*index, term, admission.base_offset, admission.log_append_time_ms, turn_of(batch), std::move(done)});
  shard_.metrics().produce_bytes += batch.size();
  ++shard_.metrics().produce_batches;
  return true;
}

void PartitionHost::enqueue(const Slice& batch, std::int64_t deadline_us, ProduceDone done) {
  if (queue_bytes_ + batch.size() > shard_.options().limits.produce_queue_bytes_max) {
    done(failure(kafka::ErrorCode::kRequestTimedOut, "the partition commits slower than it is written to"));
    return;
  }
  queue_bytes_ += batch.size();
  queue_.push_back({batch, deadline_us, std::move(done)});
  // With nothing of ours under way, nothing would tell us that there is room.
  if (pending_.empty()) drain_later();
}

void PartitionHost::drain() {
  const std::int64_t now = shard_.clock().monotonic_us();
  while (!queue_.empty()) {
    // What is told may call back and add to the queue, so nothing in it is held meanwhile.
    Queued next = std::move(queue_.front());
    if (next.deadline_us <= now) {
      next.done(failure(kafka::ErrorCode::kRequestTimedOut));
    } else if (!try_produce(next.batch, next.done)) {
      queue_.front() = std::move(next);
      return;
    }
    queue_bytes_ -= next.batch.size();
    queue_.pop_front();
  }
}

// The group must not be called from within apply(), so draining is a task of its own.
void PartitionHost::drain_later() {
  if (drain_posted_ || queue_.empty()) return;
  drain_posted_ = true;
  const auto run = [&shard = shard_, id = id_] {
    PartitionHost* host = shard.host(id);
    if (host == nullptr) return;
    host->drain_posted_ = false;
    host->drain();
    if (!host->queue_.empty() && host->pending_.empty()) host->drain_later();
  };
  // Usually an applied entry has made room. If it was not one of ours there may be none yet: not in a loop.
  if (pending_.empty())
    shard_.deadlines().after(5'000, run);
  else
    shard_.executor().post(run);
}

void PartitionHost::settle(const EntryHeader& applied) {
  while (!pending_.empty() && pending_.front().index <= applied.index) {
    Pending pending = std::move(pending_.front());
    pending_.pop_front();
    // Another leader's entry may stand where ours was proposed: then ours is gone.
    if (pending.index == applied.index && pending.term == applied.term) {
      pending.done(success(pending.base_offset, pending.log_append_time_ms));
    } else {
      note_refused(pending.turn);
      pending.done(failure(kafka::ErrorCode::kNotLeaderOrFollower));
    }
  }
}

void PartitionHost::settle_repeats() {
  while (!repeats_.empty() && repeats_.front().last_offset < partition_.high_watermark()) {
    Repeat repeat = std::move(repeats_.front());
    repeats_.pop_front();
    repeat.done(success(repeat.base_offset, -1));
  }
}

void PartitionHost::fail_all(kafka::ErrorCode error) {
  // What is told may call back, so nothing of it stays in the tables meanwhile.
  auto pending = std::exchange(pending_, {});
  auto repeats = std::exchange(repeats_, {});
  auto queue = std::exchange(queue_, {});
  auto deletions = std::exchange(deletions_, {});
  queue_bytes_ = 0;
  for (Deletion& d : deletions) finish(std::move(d), error, kNoOffset);
  for (Pending& p : pending) {
    note_refused(p.turn);
    p.done(failure(error));
  }
  for (Repeat& r : repeats) r.done(failure(error));
  for (Queued& q : queue) {
    note_refused(turn_of(q.batch));
    q.done(failure(error));
  }
}

ProduceResult PartitionHost::success(Offset base_offset, std::int64_t log_append_time_ms) const {
  return {.base_offset = base_offset.value,
          .log_append_time_ms = log_append_time_ms,
          .log_start_offset = log_start().value};
}

ProduceResult PartitionHost::failure(kafka::ErrorCode error, std::string message) const {
  ProduceResult result{.error = error, .message = std::move(message)};
  if (error == kafka::ErrorCode::kNotLeaderOrFollower) {
    const ShardBroker::Leader leader = shard_.leader_of(id_);
    result.leader = leader.node;
    result.leader_epoch = leader.node == kNoNode ? -1 : leader_epoch_of(leader.term);
  }
  return result;
}

void PartitionHost::upkeep(std::int64_t wall_ms) {
  if (!serves()) return;
  const auto command = partition_.due_command(wall_ms);
  if (!command) return;
  const multiraft::Proposal proposal{.kind = EntryKind::kCommand, .payload = *command};
  // Refused: it is due again at a later upkeep.
  (void)group_->propose({&proposal, 1});
}

// ---- the log --------------------------------------------------------------------------------------------

void PartitionHost::apply(std::span<const Entry> entries) {
  const Offset before = partition_.high_watermark();
  const Offset start = log_start();
  const bool could_produce = partition_.can_produce();
  for (const Entry& entry : entries) {
    partition_.apply(entry);
    settle(entry.header);
    settle_repeats();
    settle_deletions(entry.header);
  }
  const bool news = partition_.high_watermark() != before || log_start() != start;
  if (news || partition_.can_produce() != could_produce) wake();
  drain_later();
}

void PartitionHost::role_changed(const raft::RoleChange& change) {
  const bool leads_now = change.role == raft::Role::kLeader;
  if (leads_now && led_term_ == change.term) return;
  led_term_.reset();
  beyond_.clear();
  partition_.step_down();
  fail_all(kafka::ErrorCode::kNotLeaderOrFollower);
  if (leads_now) {
    led_term_ = change.term;
    partition_.become_leader(change.term);
  }
  wake();
}

Slice PartitionHost::snapshot() const {
  return partition_.snapshot();
}

bool PartitionHost::restore(const Slice& snapshot) {
  const auto restored = partition_.restore(snapshot.bytes());
  if (!restored) {
    log(LogLevel::kError, "Partition {}-{}: the snapshot of its state is unusable: {}.", name_.topic,
        name_.partition, partition::to_string(restored.error()));
    return false;
  }
  led_term_.reset();  // restoring steps down
  fail_all(kafka::ErrorCode::kNotLeaderOrFollower);
  wake();
  return true;
}

void PartitionHost::log_start_moved(const LogStart&) {
  wake();
}

void PartitionHost::wake() {
  // A task of its own, since a fetch reads from the group; and one for all fetches of a shard.
  auto waiters = purgatory_.take();
  for (auto at = waiters.begin(); at != waiters.end();) {
    const std::size_t shard = at->shard;
    std::vector<std::uint64_t> fetches;
    for (; at != waiters.end() && at->shard == shard; ++at) fetches.push_back(at->fetch);
    shard_.wake_fetches(shard, std::move(fetches));
  }
}

}  // namespace kontiki::broker
