#include "partition/partition.h"

#include "base/check.h"

#include <fmt/format.h>

namespace kontiki::partition {

// ---- leader
// ---------------------------------------------------------------------------------------------------------

void Partition::become_leader(Term term) {
  step_down();
  leader_term_ = term;
}

void Partition::step_down() {
  leader_term_.reset();
  pending_.clear();
  ahead_.clear();
  expiry_due_ms_.reset();
}

void Partition::stamp(std::span<std::byte> batch, const Admission& admission) const {
  CHECK(admission.verdict == Admission::Verdict::kAppend && leader_term_,
        "only an admitted batch is stamped");
  kontiki::stamp(batch, admission.base_offset, leader_epoch_of(*leader_term_));
  if (admission.log_append_time_ms >= 0) stamp_log_append_time(batch, admission.log_append_time_ms);
}

void Partition::appended(const RecordBatchView& batch, Offset base_offset, Term term) {
  CHECK(can_produce() && term == *leader_term_, "only the leader of the term appends");
  CHECK(base_offset == log_end_offset(), "batches are appended without gaps");
  const Offset next = base_offset + std::int64_t{batch.record_count()};
  const bool has_producer = batch.producer_id() > kNoProducer;
  pending_.push_back({has_producer ? batch.producer_id() : kNoProducer, base_offset, next});
  if (!has_producer) return;
  const auto [it, is_new] = ahead_.try_emplace(batch.producer_id());
  Ahead& ahead = it->second;
  if (is_new)
    if (const Producer* applied = producers_.find(batch.producer_id())) ahead.producer = *applied;
  ahead.producer.record(batch.producer_epoch(), producer_batch(batch, base_offset));
  ++ahead.pending;
}

const Producer* Partition::known(ProducerId id) const {
  const auto it = ahead_.find(id);
  return it == ahead_.end() ? producers_.find(id) : &it->second.producer;
}

std::optional<Slice> Partition::due_command(std::int64_t now_ms) {
  if (!can_produce() || producers_.size() == 0) {
    expiry_due_ms_.reset();
    return std::nullopt;
  }
  const std::int64_t interval = config_.producer_id_expiration_ms;
  // Also when the clock has jumped back so far that the next round would be late, or the interval has become
  // shorter.
  const bool start_anew = !expiry_due_ms_ || *expiry_due_ms_ - now_ms > interval;
  if (start_anew) expiry_due_ms_ = now_ms + interval;
  if (now_ms < *expiry_due_ms_) return std::nullopt;
  expiry_due_ms_ = now_ms + interval;
  return encode(ExpireProducers{});
}

// ---- log
// ------------------------------------------------------------------------------------------------------------

void Partition::apply(const Entry& entry) {
  CHECK(entry.header.index == applied_ + 1, "entries are applied in order, without gaps");
  CHECK(entry.header.base_offset == high_watermark_, "offsets have no holes");
  CHECK(entry.header.term >= started_term_, "terms never fall");
  switch (entry.header.kind) {
    case EntryKind::kTermStart:
      // A leader may append further ones in its term; only the first opens it.
      if (entry.header.term > started_term_) epochs_.begin(entry.header.term, high_watermark_);
      started_term_ = entry.header.term;
      break;
    case EntryKind::kData:
      apply_data(entry);
      break;
    case EntryKind::kCommand:
      apply_command(entry);
      break;
    case EntryKind::kConfiguration:
      break;
  }
  applied_ = entry.header.index;
}

void Partition::apply_data(const Entry& entry) {
  const auto batch = RecordBatchView::parse(entry.payload.bytes());
  CHECK(batch && std::int64_t{batch->record_count()} == entry.header.offset_count,
        "an entry holds one whole batch");
  if (batch->producer_id() > kNoProducer)
    producers_.record(batch->producer_id(), batch->producer_epoch(),
                      producer_batch(*batch, entry.header.base_offset));
  high_watermark_ = entry.header.next_offset();
  pop_pending(entry.header);
}

// The first pending batch is the one that was just applied: this leader's log holds nothing else after its
// term-start.
void Partition::pop_pending(const EntryHeader& header) {
  if (pending_.empty()) return;
  const Pending first = pending_.front();
  CHECK(first.base_offset == header.base_offset && first.next_offset == header.next_offset(),
        "a leader applies what it appended");
  pending_.pop_front();
  if (first.producer == kNoProducer) return;
  const auto it = ahead_.find(first.producer);
  if (--it->second.pending == 0) ahead_.erase(it);
}

void Partition::apply_command(const Entry& entry) {
  const std::optional<Command> command = decode(entry.payload.bytes());
  if (!command)
    fatal(
        Reason::kDataMismatch,
        fmt::format(
            "the partition's log holds a command that this version cannot read at index {} (term {}); it was "
            "written by a newer Kontiki: run that version or a later one on this node",
            entry.header.index.value, entry.header.term.value));
  if (const auto* remove = std::get_if<DeleteRecords>(&*command)) {
    log_start_ = std::max(log_start_, std::min(remove->offset, high_watermark_));
    epochs_.cut(log_start_);
  } else {
    producers_.expire();
  }
}

void Partition::log_start_moved(const LogStart& start) {
  local_start_ = start.next_offset;
}

// ---- queries
// --------------------------------------------------------------------------------------------------------

Offset Partition::log_start_offset() const {
  return std::min(std::max(log_start_, local_start_), high_watermark_);
}

Offset Partition::log_end_offset() const {
  return pending_.empty() ? high_watermark_ : pending_.back().next_offset;
}

EpochEnd Partition::end_offset_for_epoch(std::int32_t leader_epoch) const {
  return epochs_.end_of(leader_epoch, high_watermark_);
}

bool Partition::same_state(const Partition& other) const {
  return applied_ == other.applied_ && started_term_ == other.started_term_ &&
         high_watermark_ == other.high_watermark_ && log_start_ == other.log_start_ &&
         epochs_ == other.epochs_ && producers_ == other.producers_;
}

}  // namespace kontiki::partition
