#include "replica.h"

#include <gtest/gtest.h>

namespace kontiki::partition {
namespace {

using Verdict = Admission::Verdict;

struct AdmitTest : ::testing::Test {
  void SetUp() override { replica.elect(Term(1)); }
  AdmitError error_of(const Slice& bytes, std::int64_t now_ms = 1000) {
    const Admission admission = replica.partition.admit(bytes, now_ms);
    EXPECT_EQ(admission.verdict == Verdict::kRefused, admission.error != AdmitError::kNone);
    EXPECT_EQ(admission.message.empty(), admission.error == AdmitError::kNone);
    return admission.error;
  }
  Replica replica;
};

TEST_F(AdmitTest, AnAppendGetsTheNextOffsetsCountedFromZero) {
  const Admission a = replica.produce(Batch{.count = 3, .timestamp = 900});
  EXPECT_EQ(a.verdict, Verdict::kAppend);
  EXPECT_EQ(a.base_offset, Offset(0));
  EXPECT_EQ(a.last_offset, Offset(2));
  EXPECT_EQ(a.offset_count, 3u);
  EXPECT_EQ(a.max_timestamp, 900);
  EXPECT_EQ(a.log_append_time_ms, -1);
  EXPECT_EQ(replica.produce(Batch{}).base_offset, Offset(3));
}

TEST_F(AdmitTest, NothingIsAdmittedBeforeTheLeadersOwnTermStartIsApplied) {
  replica.partition.become_leader(Term(2));
  EXPECT_EQ(error_of(bytes_of({})), AdmitError::kNotLeader);
  replica.term = Term(2);
  replica.append(EntryKind::kTermStart);
  replica.commit();
  EXPECT_EQ(error_of(bytes_of({})), AdmitError::kNone);
  replica.partition.step_down();
  EXPECT_EQ(error_of(bytes_of({})), AdmitError::kNotLeader);
}

TEST_F(AdmitTest, DamagedBytesAreCorruptAtEveryPlace) {
  const Slice good = bytes_of({.count = 2});
  for (std::size_t at = 16; at < good.size(); ++at) {
    Buffer copy(good.size());
    std::memcpy(copy.data(), good.data(), good.size());
    copy.data()[at] ^= std::byte{0x40};
    const AdmitError error = error_of(Slice(copy));
    EXPECT_EQ(error, AdmitError::kCorrupt) << at;
  }
  for (std::size_t size = 0; size < good.size(); ++size)
    EXPECT_EQ(error_of(good.sub(0, size)), AdmitError::kCorrupt);
}

TEST_F(AdmitTest, BatchesThatAProducerMayNotSendAreRefused) {
  const Slice good = bytes_of({.count = 2});
  EXPECT_EQ(error_of(patched<std::uint8_t>(good, 16, 1)), AdmitError::kInvalidRecord) << "old format";
  EXPECT_EQ(error_of(patched<std::uint8_t>(good, 16, 3)), AdmitError::kCorrupt) << "unknown format";
  EXPECT_EQ(error_of(patched<std::int32_t>(good, 57, 3)), AdmitError::kInvalidRecord) << "count";
  EXPECT_EQ(error_of(patched<std::int32_t>(good, 57, 0)), AdmitError::kInvalidRecord) << "no record";
  EXPECT_EQ(error_of(patched<std::int32_t>(good, 23, 5)), AdmitError::kInvalidRecord) << "last offset delta";
  EXPECT_EQ(error_of(patched<std::int16_t>(good, 21, 5)), AdmitError::kUnsupportedCompression);
  EXPECT_EQ(error_of(patched<std::int16_t>(good, 21, 32)), AdmitError::kInvalidRecord) << "control";
  EXPECT_EQ(error_of(patched<std::int16_t>(good, 21, 64)), AdmitError::kInvalidRecord) << "delete horizon";
  EXPECT_EQ(error_of(patched<std::int16_t>(good, 21, 8)), AdmitError::kInvalidTimestamp) << "log append time";
  EXPECT_EQ(error_of(patched<std::int8_t>(good, 61, 120)), AdmitError::kInvalidRecord) << "record length";
  Buffer two(good.size() * 2);
  std::memcpy(two.data(), good.data(), good.size());
  std::memcpy(two.data() + good.size(), good.data(), good.size());
  EXPECT_EQ(error_of(Slice(two)), AdmitError::kInvalidRecord) << "two batches";
}

TEST_F(AdmitTest, TransactionalBatchesAreRefusedUntilTransactionsAreServed) {
  const Slice batch = bytes_of({.producer = 1, .epoch = 0, .sequence = 0});
  EXPECT_EQ(error_of(patched<std::int16_t>(batch, 21, 16)), AdmitError::kInvalidTxnState);
}

TEST_F(AdmitTest, AProducerIdNeedsEpochAndSequence) {
  EXPECT_EQ(error_of(bytes_of({.producer = 1, .epoch = 0, .sequence = -1})), AdmitError::kInvalidRecord);
  EXPECT_EQ(error_of(bytes_of({.producer = 1, .epoch = -1, .sequence = 0})), AdmitError::kInvalidRecord);
}

TEST_F(AdmitTest, ABatchMayBeAsLargeAsMaxMessageBytesAndNoLarger) {
  const Slice batch = bytes_of({});
  PartitionConfig config;
  config.max_message_bytes = batch.size();
  replica.partition.set_config(config);
  EXPECT_EQ(error_of(batch), AdmitError::kNone);
  config.max_message_bytes = batch.size() - 1;
  replica.partition.set_config(config);
  EXPECT_EQ(error_of(batch), AdmitError::kTooLarge);
}

TEST_F(AdmitTest, TimestampsMustLieWithinTheAllowedDistance) {
  PartitionConfig config;
  config.message_timestamp_after_max_ms = 10;
  config.message_timestamp_before_max_ms = 100;
  replica.partition.set_config(config);
  EXPECT_EQ(error_of(bytes_of({.timestamp = 1010})), AdmitError::kNone);
  EXPECT_EQ(error_of(bytes_of({.timestamp = 1011})), AdmitError::kInvalidTimestamp);
  EXPECT_EQ(error_of(bytes_of({.timestamp = 900})), AdmitError::kNone);
  EXPECT_EQ(error_of(bytes_of({.timestamp = 899})), AdmitError::kInvalidTimestamp);
  EXPECT_EQ(error_of(bytes_of({.timestamp = -1})), AdmitError::kNone) << "no timestamp";
  // A record in the middle, with an innocent header.
  const RecordToBuild records[] = {
      {std::nullopt, "a", 1000}, {std::nullopt, "b", 500}, {std::nullopt, "c", 1000}};
  EXPECT_EQ(error_of(build_batch(records)), AdmitError::kInvalidTimestamp);
  EXPECT_EQ(error_of(closed_batch(2, {.timestamp = 1011})), AdmitError::kInvalidTimestamp) << "compressed";
}

TEST_F(AdmitTest, ExtremeTimestampsDoNotOverflow) {
  constexpr auto kMin = std::numeric_limits<std::int64_t>::min(),
                 kMax = std::numeric_limits<std::int64_t>::max();
  EXPECT_EQ(error_of(bytes_of({.timestamp = kMin})), AdmitError::kInvalidTimestamp);
  EXPECT_EQ(error_of(bytes_of({.timestamp = kMax})), AdmitError::kInvalidTimestamp);
  PartitionConfig config;
  config.message_timestamp_after_max_ms = kMax;
  replica.partition.set_config(config);
  EXPECT_EQ(error_of(bytes_of({.timestamp = kMax})), AdmitError::kNone);
}

TEST_F(AdmitTest, StampingMakesAValidBatchOfTheSameRecords) {
  const Slice sent = bytes_of({.count = 2, .timestamp = 900});
  const Slice payload = Slice::copy_of(sent.bytes());
  replica.produce(Batch{.count = 5});
  replica.elect(Term(7));
  const Admission a = replica.partition.admit(sent, 1000);
  replica.partition.stamp(payload.writable(), a);
  // All but base offset and leader epoch, with the length between them.
  EXPECT_EQ(payload.sub(8, 4), sent.sub(8, 4));
  EXPECT_EQ(payload.sub(16), sent.sub(16));
  const auto batch = RecordBatchView::validate(payload.bytes());
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->base_offset(), a.base_offset);
  EXPECT_EQ(batch->leader_epoch(), 7);
  EXPECT_FALSE(batch->is_log_append_time());
}

TEST_F(AdmitTest, LogAppendTimeReplacesTheProducersTimestamp) {
  PartitionConfig config;
  config.timestamp_type = TimestampType::kLogAppendTime;
  replica.partition.set_config(config);
  const Slice sent = bytes_of({.timestamp = 1});
  const Admission a = replica.partition.admit(sent, 5000);
  EXPECT_EQ(a.log_append_time_ms, 5000);
  EXPECT_EQ(a.max_timestamp, 5000);
  replica.partition.stamp(sent.writable(), a);
  const auto batch = RecordBatchView::validate(sent.bytes());
  ASSERT_TRUE(batch);
  EXPECT_TRUE(batch->is_log_append_time());
  EXPECT_EQ(batch->max_timestamp(), 5000);
}

}  // namespace
}  // namespace kontiki::partition
