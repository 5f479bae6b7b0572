// PartitionHost: the reading side: Fetch, ListOffsets and OffsetForLeaderEpoch.

#include "base/log.h"
#include "broker/decompress.h"
#include "broker/partition_host.h"
#include "broker/shard_broker.h"

#include <algorithm>

namespace kontiki::broker {
namespace {

constexpr std::int64_t kLatest = -1;
constexpr std::int64_t kEarliest = -2;
constexpr std::int64_t kMaxTimestamp = -3;

struct FoundRecord {
  Offset offset;
  std::int64_t timestamp = -1;
};

// The first record of the batch with at least this timestamp. A batch whose records cannot be read, or that
// would take more work than is allowed, is answered for as a whole by its first offset: a consumer then
// starts a little early, and misses nothing.
FoundRecord first_record_since(const storage::TimestampOffset& found, std::int64_t timestamp,
                               std::size_t bytes_max, Allowance& allowance, std::int64_t now_us) {
  const auto batch = RecordBatchView::parse(found.batch.bytes());
  FoundRecord answer{found.header.base_offset, found.timestamp};
  if (!batch || batch->is_log_append_time()) return answer;
  const auto visit = [&](const RecordBatchView::Record& record) {
    if (record.timestamp < timestamp) return true;
    answer = {found.header.base_offset + record.offset_delta, record.timestamp};
    return false;
  };
  if (batch->codec() == Codec::kNone) {
    batch->for_each(visit);
    return answer;
  }
  const std::size_t allowed = std::min(bytes_max, allowance.left(now_us));
  const auto records = decompress(batch->codec(), batch->records(), allowed);
  allowance.take(records ? records->size() : allowed);
  if (records) batch->for_each(records->bytes(), visit);
  return answer;
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
                                 std::size_t bytes_max, bool whole_first) {
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
  if (offset < log_start() || offset > group_->next_offset()) {
    data.error_code = kafka::ErrorCode::kOffsetOutOfRange;
    return answer;
  }
  if (offset < high_watermark) read(want, bytes_max, whole_first, answer);
  return answer;
}

void PartitionHost::read(const kafka::FetchRequest::Partition& want, std::size_t bytes_max, bool whole_first,
                         FetchAnswer& answer) {
  const auto of_partition = static_cast<std::size_t>(std::max(want.partition_max_bytes, 0));
  const std::size_t limit = std::min(of_partition, bytes_max);
  if (limit == 0 && !whole_first) return;
  auto entries = group_->read_from_offset(Offset(want.fetch_offset), limit);
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
    if (!fits && !(whole_first && answer.batches.empty())) break;
    answer.bytes += size;
    answer.batches.push_back(std::move(entry.payload));
  }
}

// ---- ListOffsets ----------------------------------------------------------------------------------------

kafka::ListOffsetsResponse::Partition PartitionHost::list_offsets(
    const kafka::ListOffsetsRequest::Partition& want, std::int16_t version) {
  kafka::ListOffsetsResponse::Partition answer{.partition_index = want.partition_index};
  answer.error_code = check_leader(want.current_leader_epoch);
  if (answer.error_code != kafka::ErrorCode::kNone) return answer;
  if (want.timestamp == kEarliest) {
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
  if (want.timestamp < 0 && !(want.timestamp == kMaxTimestamp && version >= 7)) {
    answer.error_code =
        version >= 5 ? kafka::ErrorCode::kUnsupportedVersion : kafka::ErrorCode::kInvalidRequest;
    return answer;
  }
  answer.error_code = find_timestamp(want.timestamp, answer);
  return answer;
}

kafka::ErrorCode PartitionHost::find_timestamp(std::int64_t timestamp,
                                               kafka::ListOffsetsResponse::Partition& answer) {
  const bool newest = timestamp == kMaxTimestamp;
  const auto found = newest ? group_->find_max_timestamp() : group_->find_timestamp(timestamp);
  if (!found) {
    log(LogLevel::kError, "Partition {}-{}: cannot look up a timestamp: {}", name_.topic, name_.partition,
        found.error().message);
    return kafka::ErrorCode::kKafkaStorageError;
  }
  if (!*found) return kafka::ErrorCode::kNone;  // -1 and -1: there is none
  const FoundRecord record = first_record_since(**found, newest ? (*found)->timestamp : timestamp,
                                                shard_.options().limits.decompressed_bytes_max,
                                                shard_.decompression(), shard_.clock().monotonic_us());
  answer.offset = std::max(record.offset, log_start()).value;
  answer.timestamp = record.timestamp;
  answer.leader_epoch = partition_.leader_epoch_of_offset(record.offset);
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
