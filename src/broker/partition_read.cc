// PartitionHost: the reading side: Fetch, ListOffsets and OffsetForLeaderEpoch.

#include "base/log.h"
#include "broker/decompress.h"
#include "broker/partition_host.h"
#include "broker/shard_broker.h"

#include <algorithm>

namespace kontiki::broker {
namespace {

// What a lookup may ask for instead of a time, and the first version of the request that may.
constexpr std::int64_t kLatest = -1;
constexpr std::int64_t kEarliest = -2;
constexpr std::int64_t kMaxTimestamp = -3;
constexpr std::int64_t kEarliestLocal = -4;
constexpr std::int64_t kLatestTiered = -5;
constexpr std::int64_t kEarliestPendingUpload = -6;

bool is_understood(std::int64_t timestamp, std::int16_t version) {
  switch (timestamp) {
    case kLatest:
    case kEarliest:
      return true;
    case kMaxTimestamp:
      return version >= 7;
    case kEarliestLocal:
      return version >= 8;
    case kLatestTiered:
      return version >= 9;
    case kEarliestPendingUpload:
      return version >= 11;
    default:
      return timestamp >= 0;
  }
}

struct FoundRecord {
  Offset offset;
  std::int64_t timestamp = -1;
};

// How much work a lookup may be.
struct Effort {
  std::size_t bytes_max;  // of one batch, decompressed
  Allowance& allowance;   // of the shard
  std::int64_t now_us;
};

// Calls `visit` with the records of a found batch from offset `from` on; it returns whether to go on. False
// if the records cannot be read one by one within the allowance, or have no times of their own: then the
// batch stands for them all.
template <class Visit>
bool visit_records(const storage::TimestampOffset& found, Offset from, const Effort& effort, Visit visit) {
  const auto batch = RecordBatchView::parse(found.batch.bytes());
  if (!batch || batch->is_log_append_time()) return false;
  const auto visit_left = [&](const RecordBatchView::Record& record) {
    const Offset offset = found.header.base_offset + record.offset_delta;
    return offset < from || visit(FoundRecord{offset, record.timestamp});
  };
  if (batch->codec() == Codec::kNone) {
    batch->for_each(visit_left);
    return true;
  }
  const std::size_t allowed = std::min(effort.bytes_max, effort.allowance.left(effort.now_us));
  const auto records = decompress(batch->codec(), batch->records(), allowed);
  effort.allowance.take(records ? records->size() : allowed);
  if (records) batch->for_each(records->bytes(), visit_left);
  return records.has_value();
}

// A consumer that is answered with a whole batch starts a little early, and misses nothing.
FoundRecord whole_batch(const storage::TimestampOffset& found, Offset from) {
  return {std::max(found.header.base_offset, from), found.timestamp};
}

// The first record from `from` on with at least this timestamp.
std::optional<FoundRecord> first_record_since(const storage::TimestampOffset& found, std::int64_t timestamp,
                                              Offset from, const Effort& effort) {
  std::optional<FoundRecord> first;
  const bool readable = visit_records(found, from, effort, [&](const FoundRecord& record) {
    if (record.timestamp >= timestamp) first = record;
    return !first;
  });
  return readable ? first : whole_batch(found, from);
}

// The first record from `from` on with the largest timestamp.
std::optional<FoundRecord> newest_record(const storage::TimestampOffset& found, Offset from,
                                         const Effort& effort) {
  std::optional<FoundRecord> newest;
  const bool readable = visit_records(found, from, effort, [&](const FoundRecord& record) {
    if (!newest || record.timestamp > newest->timestamp) newest = record;
    return true;
  });
  return readable ? newest : whole_batch(found, from);
}

}  // namespace

kafka::ErrorCode PartitionHost::check_leader(std::int32_t current_leader_epoch) const {
  if (!leads()) return kafka::ErrorCode::kNotLeaderOrFollower;
  if (current_leader_epoch < 0) return kafka::ErrorCode::kNone;
  const std::int32_t epoch = leader_epoch_of(group_->term());
  if (current_leader_epoch < epoch) return kafka::ErrorCode::kFencedLeaderEpoch;
  if (current_leader_epoch > epoch) return kafka::ErrorCode::kUnknownLeaderEpoch;
  return kafka::ErrorCode::kNone;
}

// ---- Fetch ----------------------------------------------------------------------------------------------

FetchMark PartitionHost::mark() const {
  return {.high_watermark = partition_.high_watermark(),
          .log_start = log_start(),
          .term = group_ == nullptr ? Term() : group_->term(),
          .leads = leads()};
}

FetchAnswer PartitionHost::fetch(const kafka::FetchRequest::Partition& want, std::int8_t isolation_level,
                                 const FetchLimits& limits) {
  FetchAnswer answer;
  auto& data = answer.data;
  data.partition_index = want.partition;
  data.high_watermark = -1;
  data.aborted_transactions.reset();
  data.error_code = check_leader(want.current_leader_epoch);
  if (data.error_code == kafka::ErrorCode::kNotLeaderOrFollower ||
      data.error_code == kafka::ErrorCode::kFencedLeaderEpoch) {
    const ShardBroker::Leader leader = shard_.leader_of(id_);
    if (leader.node != kNoNode) data.current_leader = {leader.node.value, leader_epoch_of(leader.term)};
  }
  if (data.error_code != kafka::ErrorCode::kNone) return answer;

  const Offset offset(want.fetch_offset);
  const Offset high_watermark = partition_.high_watermark();
  data.high_watermark = high_watermark.value;
  data.last_stable_offset = high_watermark.value;  // no transaction is ever open
  data.log_start_offset = log_start().value;
  if (isolation_level != 0) data.aborted_transactions.emplace();

  if (want.last_fetched_epoch >= 0) {
    const auto end = partition_.end_offset_for_epoch(want.last_fetched_epoch);
    if (end.end_offset == kNoOffset) {
      data.error_code = kafka::ErrorCode::kOffsetOutOfRange;
      return answer;
    }
    // A leader that has not applied its whole log knows too little to say that the client went astray.
    if (serves() && (end.leader_epoch < want.last_fetched_epoch || end.end_offset < offset)) {
      data.diverging_epoch = {end.leader_epoch, end.end_offset.value};
      return answer;
    }
  }
  if (offset < log_start() || (offset > group_->next_offset() && is_surely_beyond(offset))) {
    data.error_code = kafka::ErrorCode::kOffsetOutOfRange;
    return answer;
  }
  if (offset < high_watermark) read(want, limits, answer);
  return answer;
}

// A leader that was replaced without knowing it may be behind its consumers, and one that is told so would
// begin elsewhere. Until the lead is confirmed there is just nothing to read.
bool PartitionHost::is_surely_beyond(Offset offset) {
  const auto asked = beyond_.find(offset);
  if (asked != beyond_.end() && asked->second) {
    beyond_.erase(asked);  // the next time may be another leader's
    return true;
  }
  if (asked != beyond_.end()) return false;
  if (beyond_.size() >= kBeyondMax) beyond_.clear();
  beyond_.emplace(offset, false);
  group_->confirm_lead([this, offset](bool leads) {
    const auto waiting = beyond_.find(offset);
    if (waiting == beyond_.end()) return;
    if (leads)
      waiting->second = true;
    else
      beyond_.erase(waiting);
    wake();
  });
  return false;
}

void PartitionHost::read(const kafka::FetchRequest::Partition& want, const FetchLimits& limits,
                         FetchAnswer& answer) {
  const Offset offset(want.fetch_offset);
  const auto of_partition = static_cast<std::size_t>(std::max(want.partition_max_bytes, 0));
  const std::size_t limit = std::min(of_partition, limits.bytes_max);
  answer.more = true;
  if (limit == 0 && !limits.whole_first) return;
  const auto loads = loads_in_a_row_.find(offset);
  const bool keeps = loads == loads_in_a_row_.end() || loads->second < kLoadsInARowMax;
  auto entries = group_->read_from_offset(offset, std::min(limit, limits.step_bytes),
                                          keeps ? storage::Wait::kNo : storage::Wait::kForDevice);
  if (!entries && entries.error().code == storage::ErrorCode::kNotCached) {
    load_ahead(offset, *entries.error().piece);
    answer.missing = std::move(entries.error().piece);
    return;
  }
  loads_in_a_row_.erase(offset);
  if (!entries) {
    // The log's start may have moved between the check and the read.
    const bool gone = entries.error().code == storage::ErrorCode::kNotFound;
    answer.data.error_code =
        gone ? kafka::ErrorCode::kOffsetOutOfRange : kafka::ErrorCode::kKafkaStorageError;
    if (!gone)
      log(LogLevel::kError, "Partition {}-{}: cannot read offset {}: {}", name_.topic, name_.partition,
          want.fetch_offset, entries.error().message);
    return;
  }
  for (Entry& entry : *entries) {
    const std::size_t size = entry.payload.size();
    const bool fits = answer.bytes + size <= limit;
    if (!fits && !(limits.whole_first && answer.batches.empty())) return;
    answer.bytes += size;
    answer.next = entry.header.next_offset();
    answer.batches.push_back(std::move(entry.payload));
  }
  answer.more = !answer.batches.empty() && answer.next < partition_.high_watermark();
}

void PartitionHost::load_ahead(Offset offset, const storage::Piece& piece) {
  if (load_of(piece) == nullptr && loads_.size() < kLoadsAheadMax) begin_load(offset, piece);
}

void PartitionHost::load(Offset offset, const storage::Piece& piece, env::Task then) {
  const std::shared_ptr<Load> under_way = load_of(piece);
  const std::shared_ptr<Load> load = under_way != nullptr ? under_way : begin_load(offset, piece);
  load->waiting.push_back(std::move(then));
}

// The load under way that brings what the piece begins with, if there is one.
std::shared_ptr<PartitionHost::Load> PartitionHost::load_of(const storage::Piece& piece) const {
  for (const auto& load : loads_) {
    const storage::Piece& other = load->piece;
    if (other.path == piece.path && other.at <= piece.at && piece.at < other.at + other.bytes) return load;
  }
  return nullptr;
}

std::shared_ptr<PartitionHost::Load> PartitionHost::begin_load(Offset offset, const storage::Piece& piece) {
  if (loads_in_a_row_.size() >= kLoadCountsMax) loads_in_a_row_.clear();
  ++loads_in_a_row_[offset];
  auto load = std::make_shared<Load>(piece);
  loads_.push_back(load);
  group_->load(piece, [&shard = shard_, id = id_, load] {
    if (PartitionHost* host = shard.host(id)) std::erase(host->loads_, load);
    for (env::Task& task : load->waiting) task();  // also if the partition is gone
  });
  return load;
}

// ---- ListOffsets ----------------------------------------------------------------------------------------

kafka::ListOffsetsResponse::Partition PartitionHost::list_offsets(
    const kafka::ListOffsetsRequest::Partition& want, std::int16_t version) {
  kafka::ListOffsetsResponse::Partition answer{.partition_index = want.partition_index};
  answer.error_code = check_leader(want.current_leader_epoch);
  if (answer.error_code != kafka::ErrorCode::kNone) return answer;
  if (!is_understood(want.timestamp, version)) {
    answer.error_code = kafka::ErrorCode::kUnsupportedVersion;
    return answer;
  }
  if (want.timestamp == kLatestTiered || want.timestamp == kEarliestPendingUpload)
    return answer;  // -1: nothing is kept anywhere else
  if (want.timestamp == kEarliest || want.timestamp == kEarliestLocal) {
    answer.offset = log_start().value;
    answer.leader_epoch = partition_.leader_epoch_of_offset(log_start());
    return answer;
  }
  if (!serves()) {
    // The watermark may still lie below what an earlier leader told.
    answer.error_code =
        version >= 5 ? kafka::ErrorCode::kOffsetNotAvailable : kafka::ErrorCode::kLeaderNotAvailable;
    return answer;
  }
  if (want.timestamp == kLatest) {
    answer.offset = partition_.high_watermark().value;
    answer.leader_epoch = leader_epoch_of(group_->term());
    return answer;
  }
  answer.error_code = find_timestamp(want.timestamp, answer);
  return answer;
}

// A batch that deletion has cut in two may have nothing left of what it is found for: then the next is
// looked at as well.
kafka::ErrorCode PartitionHost::find_timestamp(std::int64_t timestamp,
                                               kafka::ListOffsetsResponse::Partition& answer) {
  const bool newest = timestamp == kMaxTimestamp;
  const Effort effort{shard_.options().limits.decompressed_bytes_max, shard_.decompression(),
                      shard_.clock().monotonic_us()};
  std::optional<FoundRecord> best;
  for (Offset from = log_start();;) {
    const auto found = newest ? group_->find_max_timestamp(from) : group_->find_timestamp(timestamp, from);
    if (!found) {
      log(LogLevel::kError, "Partition {}-{}: cannot look up a timestamp: {}", name_.topic, name_.partition,
          found.error().message);
      return kafka::ErrorCode::kKafkaStorageError;
    }
    if (!*found) break;
    auto record =
        newest ? newest_record(**found, from, effort) : first_record_since(**found, timestamp, from, effort);
    const bool cut = (*found)->header.base_offset < from;
    if (!record && !cut) record = whole_batch(**found, from);  // its header promised more than it holds
    if (record && (!best || record->timestamp > best->timestamp)) best = record;
    if (!cut || (best && !newest)) break;
    from = (*found)->header.next_offset();
  }
  if (!best) return kafka::ErrorCode::kNone;  // -1 and -1: there is none
  answer.offset = best->offset.value;
  answer.timestamp = best->timestamp;
  answer.leader_epoch = partition_.leader_epoch_of_offset(best->offset);
  return kafka::ErrorCode::kNone;
}

// ---- OffsetForLeaderEpoch -------------------------------------------------------------------------------

kafka::OffsetForLeaderEpochResponse::Partition PartitionHost::end_of_epoch(
    const kafka::OffsetForLeaderEpochRequest::Partition& want) const {
  kafka::OffsetForLeaderEpochResponse::Partition answer{.partition = want.partition};
  answer.error_code = check_leader(want.current_leader_epoch);
  if (answer.error_code != kafka::ErrorCode::kNone) return answer;
  const auto end = partition_.end_offset_for_epoch(want.leader_epoch);
  answer.leader_epoch = end.leader_epoch;
  answer.end_offset = end.end_offset.value;
  return answer;
}

}  // namespace kontiki::broker
