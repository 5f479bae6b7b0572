#include "replica.h"

#include <gtest/gtest.h>

namespace kontiki::partition {
namespace {

using Verdict = Admission::Verdict;

struct IdempotenceTest : ::testing::Test {
  void SetUp() override { replica.elect(Term(1)); }
  Admission send(std::int64_t producer, std::int16_t epoch, std::int32_t sequence, std::int32_t count = 1) {
    return replica.produce(Batch{producer, epoch, sequence, count});
  }
  static void expect_duplicate(const Admission& a, Offset base, bool pending) {
    EXPECT_EQ(a.verdict, Verdict::kDuplicate);
    EXPECT_EQ(a.base_offset, base);
    EXPECT_EQ(a.pending, pending);
  }
  Replica replica;
};

TEST_F(IdempotenceTest, TheFirstMessageOfAProducerIsKept) {
  EXPECT_EQ(send(1, 0, 0).verdict, Verdict::kAppend);
  replica.commit();
  EXPECT_EQ(replica.partition.high_watermark(), Offset(1));
}

TEST_F(IdempotenceTest, ARestartedProducerWithANewIdIsNotSwallowed) {
  for (std::int32_t i = 0; i < 3; ++i) send(1, 0, i);
  replica.commit();
  for (std::int32_t i = 0; i < 3; ++i) EXPECT_EQ(send(2, 0, i).verdict, Verdict::kAppend);
}

TEST_F(IdempotenceTest, BatchesWithoutAProducerIdAreNeverDuplicates) {
  for (int i = 0; i < 3; ++i) EXPECT_EQ(replica.produce(Batch{}).verdict, Verdict::kAppend);
  EXPECT_EQ(replica.partition.producers().size(), 0u);
}

TEST_F(IdempotenceTest, ARetryGetsTheOriginalOffsetWhetherCommittedOrStillPending) {
  send(1, 0, 0, 2);
  expect_duplicate(send(1, 0, 0, 2), Offset(0), true);
  EXPECT_EQ(send(1, 0, 0, 2).last_offset, Offset(1)) << "what the answer waits for";
  replica.commit();
  expect_duplicate(send(1, 0, 0, 2), Offset(0), false);
  send(1, 0, 2);
  expect_duplicate(send(1, 0, 0, 2), Offset(0), false);
  expect_duplicate(send(1, 0, 2), Offset(2), true);
}

TEST_F(IdempotenceTest, FiveBatchesAreRememberedNotSix) {
  for (std::int32_t i = 0; i < 6; ++i) send(1, 0, i);
  for (const bool is_committed : {false, true}) {
    for (std::int32_t i = 1; i < 6; ++i) expect_duplicate(send(1, 0, i), Offset(i), !is_committed);
    EXPECT_EQ(send(1, 0, 0).error, AdmitError::kOutOfOrderSequence);
    replica.commit();
  }
}

TEST_F(IdempotenceTest, TheNextSequenceMustFollowAlsoAfterPendingBatches) {
  send(1, 0, 0, 3);
  EXPECT_EQ(send(1, 0, 4).error, AdmitError::kOutOfOrderSequence) << "gap";
  EXPECT_EQ(send(1, 0, 2, 2).error, AdmitError::kOutOfOrderSequence) << "overlap that is no exact repeat";
  EXPECT_EQ(send(1, 0, 3).verdict, Verdict::kAppend);
}

TEST_F(IdempotenceTest, AnUnknownProducerMayBeginAtAnySequence) {
  EXPECT_EQ(send(9, 4, 77).verdict, Verdict::kAppend);
  EXPECT_EQ(send(9, 4, 78).verdict, Verdict::kAppend);
}

TEST_F(IdempotenceTest, AHigherEpochStartsAtZeroAndFencesTheLowerOne) {
  send(1, 3, 0);
  replica.commit();
  EXPECT_EQ(send(1, 2, 1).error, AdmitError::kInvalidProducerEpoch);
  EXPECT_EQ(send(1, 4, 1).error, AdmitError::kOutOfOrderSequence);
  EXPECT_EQ(send(1, 4, 0).verdict, Verdict::kAppend);
  EXPECT_EQ(send(1, 3, 1).error, AdmitError::kInvalidProducerEpoch)
      << "fenced while the new epoch is pending";
  EXPECT_EQ(send(1, 3, 0).error, AdmitError::kInvalidProducerEpoch)
      << "old batches are forgotten with their epoch";
  expect_duplicate(send(1, 4, 0), Offset(1), true);
}

TEST_F(IdempotenceTest, SequencesWrapFromTheLargestToZero) {
  constexpr std::int32_t kMax = std::numeric_limits<std::int32_t>::max();
  send(1, 0, kMax);
  EXPECT_EQ(send(1, 0, 1).error, AdmitError::kOutOfOrderSequence);
  EXPECT_EQ(send(1, 0, 0).verdict, Verdict::kAppend);
  // A batch across the wrap: kMax - 1, kMax, 0, 1.
  send(2, 0, kMax - 1, 4);
  expect_duplicate(send(2, 0, kMax - 1, 4), Offset(2), true);
  EXPECT_EQ(send(2, 0, 1).error, AdmitError::kOutOfOrderSequence);
  EXPECT_EQ(send(2, 0, 2).verdict, Verdict::kAppend);
  EXPECT_EQ(sequence_after(kMax, 1), 0);
  EXPECT_EQ(sequence_after(kMax, kMax), kMax - 1);
}

TEST_F(IdempotenceTest, PendingBatchesAreForgottenWithTheLead) {
  send(1, 0, 0);
  replica.commit();
  send(1, 0, 1);
  send(2, 0, 0);
  replica.partition.step_down();
  EXPECT_EQ(replica.partition.pending_batches(), 0u);
  EXPECT_EQ(replica.partition.log_end_offset(), Offset(1));
  replica.elect(Term(2));
  EXPECT_EQ(send(1, 0, 1).verdict, Verdict::kAppend) << "it was lost, so the retry is no duplicate";
  EXPECT_EQ(send(2, 0, 0).verdict, Verdict::kAppend);
}

TEST_F(IdempotenceTest, DuplicatesAreRecognisedAfterLeaderChangeAndRestart) {
  for (std::int32_t i = 0; i < 5; ++i) send(1, 0, i);
  replica.commit();
  Replica other;
  ASSERT_TRUE(other.partition.restore(replica.partition.snapshot().bytes()));
  other.log = replica.log;
  other.elect(Term(2));
  for (std::int32_t i = 0; i < 5; ++i) expect_duplicate(other.produce(Batch{1, 0, i}), Offset(i), false);
  EXPECT_EQ(other.produce(Batch{1, 0, 5}).verdict, Verdict::kAppend);
}

TEST_F(IdempotenceTest, OffsetsGoPastTwoToThe31) {
  constexpr std::int32_t kMax = std::numeric_limits<std::int32_t>::max();
  for (int i = 0; i < 3; ++i) ASSERT_EQ(replica.produce(closed_batch(kMax)).verdict, Verdict::kAppend);
  const Offset base(3 * std::int64_t{kMax});
  EXPECT_EQ(send(1, 0, 0, 2).base_offset, base);
  replica.commit();
  EXPECT_EQ(replica.partition.high_watermark(), base + 2);
  expect_duplicate(send(1, 0, 0, 2), base, false);
  EXPECT_EQ(RecordBatchView::parse(replica.log.back().payload.bytes())->base_offset(), base);
}

TEST_F(IdempotenceTest, ManyProducersAreBoundedAndTheLongestSilentIsForgotten) {
  const auto bound = static_cast<std::int64_t>(limits::kProducersPerPartitionMax);
  for (std::int64_t id = 0; id < bound; ++id) {
    send(id, 0, 0);
    replica.commit();
  }
  send(0, 0, 1);
  send(bound, 0, 0);
  replica.commit();
  EXPECT_EQ(replica.partition.producers().size(), limits::kProducersPerPartitionMax);
  EXPECT_EQ(replica.partition.producers().find(ProducerId(1)), nullptr);
  EXPECT_NE(replica.partition.producers().find(ProducerId(0)), nullptr) << "it wrote again since";
}

}  // namespace
}  // namespace kontiki::partition
