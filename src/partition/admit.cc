// The leader's judgement of one batch: Partition::admit and what it is made of.
#include "partition/partition.h"

#include <fmt/format.h>

#include <algorithm>
#include <string>

namespace kontiki::partition {
namespace {

// Bits 0 to 5 are codec, timestamp type, transactional and control; a producer sets no others.
constexpr int kAttributesOfProducers = 0x3f;
constexpr std::size_t kMagicAt = 16;

Admission refused(AdmitError error, std::string message) {
  Admission admission;
  admission.error = error;
  admission.message = std::move(message);
  return admission;
}

Admission refused_by_validation(BatchError error, Bytes bytes) {
  switch (error) {
    case BatchError::kTooShort:
      return refused(AdmitError::kCorrupt, "the batch is shorter than it says");
    case BatchError::kBadCrc:
      return refused(AdmitError::kCorrupt, "the batch does not match its CRC");
    case BatchError::kBadMagic:
      if (static_cast<int>(bytes[kMagicAt]) < 2)
        return refused(AdmitError::kInvalidRecord,
                       "only record batches of format 2 are accepted; update the client");
      return refused(AdmitError::kCorrupt, "the batch has an unknown magic byte");
    case BatchError::kTrailing:
      return refused(AdmitError::kInvalidRecord, "there must be exactly one batch");
    case BatchError::kBadCount:
      return refused(AdmitError::kInvalidRecord, "the record count does not match the last offset delta");
    case BatchError::kBadCodec:
      return refused(AdmitError::kUnsupportedCompression, "the compression is unknown");
    case BatchError::kBadRecords:
      return refused(AdmitError::kInvalidRecord, "the records cannot be read");
  }
  return refused(AdmitError::kCorrupt, "the batch cannot be read");
}

// The checks of the header that do not depend on the partition's state.
std::optional<Admission> refused_by_header(const RecordBatchView& batch) {
  if (batch.is_control()) return refused(AdmitError::kInvalidRecord, "clients may not write control batches");
  if ((batch.attributes() & ~kAttributesOfProducers) != 0)
    return refused(AdmitError::kInvalidRecord, "the batch has attributes that a producer may not set");
  if (batch.producer_id() > kNoProducer && (batch.base_sequence() < 0 || batch.producer_epoch() < 0))
    return refused(AdmitError::kInvalidRecord,
                   "a producer id needs an epoch and a sequence that are not negative");
  if (batch.is_transactional())
    return refused(AdmitError::kInvalidTxnState, "transactions are not supported");
  return std::nullopt;
}

// Timestamps from `low` to `high` pass, and so does -1, which is none.
struct TimestampRange {
  std::int64_t low;
  std::int64_t high;
  bool has(std::int64_t timestamp) const {
    return timestamp == -1 || (low <= timestamp && timestamp <= high);
  }
};

std::int64_t saturated_sum(std::int64_t a, std::int64_t b) {
  std::int64_t sum = 0;
  if (!__builtin_add_overflow(a, b, &sum)) return sum;
  return a < 0 ? std::numeric_limits<std::int64_t>::min() : std::numeric_limits<std::int64_t>::max();
}

std::optional<Admission> refused_by_time(const RecordBatchView& batch, const PartitionConfig& config,
                                         std::int64_t now_ms) {
  if (batch.is_log_append_time())
    return refused(AdmitError::kInvalidTimestamp,
                   "only the broker may set the timestamp type to log append time");
  if (config.timestamp_type == TimestampType::kLogAppendTime) return std::nullopt;
  const TimestampRange range{saturated_sum(now_ms, -config.message_timestamp_before_max_ms),
                             saturated_sum(now_ms, config.message_timestamp_after_max_ms)};
  // The records of a compressed batch stay closed; its header speaks for them.
  std::int64_t bad = batch.max_timestamp();
  bool good = range.has(bad);
  if (good && batch.codec() != Codec::kNone) good = range.has(bad = batch.base_timestamp());
  if (good && batch.codec() == Codec::kNone)
    batch.for_each(
        [&](const RecordBatchView::Record& record) { return good = range.has(bad = record.timestamp); });
  if (good) return std::nullopt;
  return refused(AdmitError::kInvalidTimestamp,
                 fmt::format("timestamp {} is outside of {} to {} that the topic allows now", bad, range.low,
                             range.high));
}

Admission duplicate_of(const ProducerBatch& original, Offset high_watermark) {
  Admission admission;
  admission.verdict = Admission::Verdict::kDuplicate;
  admission.base_offset = original.base_offset;
  admission.last_offset = original.last_offset;
  admission.pending = original.last_offset >= high_watermark;
  return admission;
}

}  // namespace

const char* to_string(AdmitError error) {
  switch (error) {
    case AdmitError::kNone:
      return "none";
    case AdmitError::kNotLeader:
      return "not leader";
    case AdmitError::kCorrupt:
      return "corrupt";
    case AdmitError::kInvalidRecord:
      return "invalid record";
    case AdmitError::kUnsupportedCompression:
      return "unsupported compression";
    case AdmitError::kTooLarge:
      return "too large";
    case AdmitError::kInvalidTimestamp:
      return "invalid timestamp";
    case AdmitError::kInvalidTxnState:
      return "invalid transaction state";
    case AdmitError::kInvalidProducerEpoch:
      return "invalid producer epoch";
    case AdmitError::kOutOfOrderSequence:
      return "out of order sequence";
  }
  return "?";
}

Admission Partition::admit(const Slice& bytes, std::int64_t now_ms) const {
  if (!can_produce()) return refused(AdmitError::kNotLeader, "this replica does not lead the partition");
  if (bytes.size() > config_.max_message_bytes)
    return refused(AdmitError::kTooLarge,
                   fmt::format("the batch has {} bytes; the topic's max.message.bytes is {}", bytes.size(),
                               config_.max_message_bytes));
  const auto batch = RecordBatchView::validate(bytes.bytes());
  if (!batch) return refused_by_validation(batch.error(), bytes.bytes());
  if (auto refusal = refused_by_header(*batch)) return *refusal;
  if (auto refusal = refused_by_time(*batch, config_, now_ms)) return *refusal;
  Admission admission = judge_producer(*batch);
  if (admission.verdict != Admission::Verdict::kRefused &&
      config_.timestamp_type == TimestampType::kLogAppendTime)
    admission.log_append_time_ms = now_ms;
  if (admission.verdict != Admission::Verdict::kAppend) return admission;
  admission.base_offset = log_end_offset();
  admission.last_offset = admission.base_offset + batch->last_offset_delta();
  admission.offset_count = static_cast<std::uint32_t>(batch->record_count());
  admission.max_timestamp = admission.log_append_time_ms >= 0 ? now_ms : batch->max_timestamp();
  return admission;
}

// In Kafka's order: a repeat of a remembered batch, then the epoch, then the sequence.
Admission Partition::judge_producer(const RecordBatchView& batch) const {
  Admission append;
  append.verdict = Admission::Verdict::kAppend;
  if (batch.producer_id() <= kNoProducer) return append;
  const Producer* producer = known(batch.producer_id());
  if (producer == nullptr) return append;
  const std::int32_t first = batch.base_sequence();
  if (batch.producer_epoch() == producer->epoch()) {
    const std::int32_t last = sequence_after(first, batch.last_offset_delta());
    if (const ProducerBatch* original = producer->find(first, last))
      return duplicate_of(*original, high_watermark_);
  }
  if (batch.producer_epoch() < producer->epoch())
    return refused(AdmitError::kInvalidProducerEpoch,
                   fmt::format("epoch {} of producer {} is below {}, the newest known",
                               batch.producer_epoch(), batch.producer_id().value, producer->epoch()));
  const std::int32_t next =
      batch.producer_epoch() > producer->epoch() ? 0 : sequence_after(producer->last().last_sequence, 1);
  if (first != next)
    return refused(
        AdmitError::kOutOfOrderSequence,
        fmt::format("producer {} sent sequence {} where {} is next", batch.producer_id().value, first, next));
  return append;
}

}  // namespace kontiki::partition
