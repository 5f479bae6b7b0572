// Every checker of the simulator complains about a history that is broken in its own way, and about no other.

#include "model/record_batch.h"
#include "sim/check/acknowledged.h"
#include "sim/check/consumer_view.h"
#include "sim/check/deletions.h"
#include "sim/check/exactly_once.h"
#include "sim/check/group_history.h"
#include "sim/check/high_watermark.h"
#include "sim/check/log_agreement.h"
#include "sim/check/metadata_history.h"
#include "sim/check/offset_ledger.h"
#include "sim/check/watch.h"

#include <gmock/gmock.h>

namespace kontiki::sim {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

const PartitionKey kKey{{}, 3};

BatchFacts batch(std::int64_t base, std::int32_t count, std::uint64_t content) {
  return {.base = Offset(base), .count = count, .bytes = content * 31, .records = content};
}
BatchFacts produced(std::int64_t base, std::int32_t count, std::int32_t sequence, std::uint64_t content) {
  BatchFacts facts = batch(base, count, content);
  facts.producer = ProducerId(5);
  facts.epoch = 0;
  facts.sequence = sequence;
  return facts;
}

TEST(OffsetLedgerTest, AnOffsetNeverHoldsSomethingElse) {
  OffsetLedger ledger;
  EXPECT_THAT(ledger.observe(kKey, batch(0, 2, 1), "a"), IsEmpty());
  EXPECT_THAT(ledger.observe(kKey, batch(2, 1, 2), "a"), IsEmpty());
  EXPECT_THAT(ledger.observe(kKey, batch(0, 2, 1), "b"), IsEmpty());
  EXPECT_THAT(ledger.observe(kKey, batch(0, 2, 9), "b"), HasSubstr("but a saw [0, 2)"));
  EXPECT_THAT(ledger.observe(kKey, batch(1, 1, 9), "b"), HasSubstr("but a saw [0, 2)"))
      << "overlaps the one before";
  EXPECT_THAT(ledger.observe(kKey, batch(5, 1, 3), "a"), IsEmpty());
  EXPECT_THAT(ledger.observe(kKey, batch(4, 3, 9), "b"), HasSubstr("but a saw [5, 6)"))
      << "overlaps the one after";
}

TEST(OffsetLedgerTest, AStampThatChangesIsAChange) {
  OffsetLedger ledger;
  EXPECT_THAT(ledger.observe(kKey, batch(0, 1, 1), "a"), IsEmpty());
  BatchFacts other = batch(0, 1, 1);
  other.bytes = 77;  // same records, other leader epoch
  EXPECT_FALSE(ledger.observe(kKey, other, "b").empty());
}

class AcknowledgedTest : public testing::Test {
 protected:
  std::string acknowledge(std::int64_t base, std::uint64_t content, std::int32_t count = 1) {
    return acks_.acknowledged(kKey, Offset(base), {content, count, "p"}, ledger_);
  }
  std::string check(std::int64_t start, std::int64_t end, std::vector<BatchFacts> batches,
                    bool may_forget = false) {
    std::map<Offset, BatchFacts> log;
    for (const BatchFacts& b : batches) log.emplace(b.base, b);
    return acks_.check(kKey, Offset(start), Offset(end), log, may_forget);
  }
  OffsetLedger ledger_;
  Acknowledged acks_;
};

TEST_F(AcknowledgedTest, WhatIsMissingAtTheEndIsFound) {
  EXPECT_THAT(acknowledge(0, 1), IsEmpty());
  EXPECT_THAT(acknowledge(1, 2), IsEmpty());
  EXPECT_THAT(check(0, 2, {batch(0, 1, 1), batch(1, 1, 2)}), IsEmpty());
  EXPECT_THAT(check(0, 1, {batch(0, 1, 1)}), HasSubstr("the log ends at 1"));
  EXPECT_THAT(check(0, 2, {batch(0, 2, 1)}), HasSubstr("other records"));
  EXPECT_THAT(check(0, 3, {batch(0, 1, 1), batch(2, 1, 2)}), HasSubstr("no batch begins there"));
}

TEST_F(AcknowledgedTest, OtherRecordsAtTheOffsetAreFound) {
  EXPECT_THAT(acknowledge(0, 1), IsEmpty());
  EXPECT_THAT(acknowledge(0, 1), IsEmpty()) << "a retry is told the same";
  EXPECT_THAT(acknowledge(0, 2), HasSubstr("for different records"));
  EXPECT_THAT(check(0, 1, {batch(0, 1, 9)}), HasSubstr("other records"));
  EXPECT_THAT(ledger_.observe(kKey, batch(4, 1, 4), "consumer 1"), IsEmpty());
  EXPECT_THAT(acknowledge(4, 5), HasSubstr("consumer 1 saw"));
  EXPECT_THAT(acknowledge(-1, 5), HasSubstr("told the offset -1"));
}

TEST_F(AcknowledgedTest, OnlyRetentionMayForget) {
  EXPECT_THAT(acknowledge(0, 1), IsEmpty());
  EXPECT_THAT(check(1, 1, {}, true), IsEmpty());
  EXPECT_THAT(check(1, 1, {}, false), HasSubstr("nothing lets it forget"));
}

class ExactlyOnceTest : public testing::Test {
 protected:
  std::string check(const std::vector<BatchFacts>& batches) {
    OffsetLedger ledger;
    ExactlyOnce once;
    for (const BatchFacts& b : batches) {
      EXPECT_THAT(ledger.observe(kKey, b, "a"), IsEmpty());
      if (b.records != 99) once.sent(b.records);
    }
    return once.check(kKey, *ledger.find(kKey), true);
  }
};

TEST_F(ExactlyOnceTest, DuplicatesSwapsAndHolesAreFound) {
  EXPECT_THAT(check({produced(0, 2, 0, 1), batch(2, 1, 7), produced(3, 1, 2, 2)}), IsEmpty());
  EXPECT_THAT(check({produced(0, 2, 0, 1), produced(2, 2, 0, 1)}), HasSubstr("where sequence 2 was due"));
  EXPECT_THAT(check({produced(0, 1, 1, 1), produced(1, 1, 0, 2)}), HasSubstr("where sequence 0 was due"));
  EXPECT_THAT(check({produced(0, 1, 0, 1), produced(1, 1, 2, 2)}), HasSubstr("where sequence 1 was due"));
}

TEST_F(ExactlyOnceTest, WhatNobodySentIsFound) {
  EXPECT_THAT(check({batch(0, 1, 99)}), HasSubstr("nobody has sent"));
}

TEST_F(ExactlyOnceTest, BatchesThatRetentionTookUnseenExcuseAHoleButNoDuplicate) {
  EXPECT_THAT(check({produced(0, 1, 0, 1), produced(10, 1, 4, 2)}), IsEmpty());
  EXPECT_THAT(check({produced(0, 5, 0, 1), produced(10, 1, 4, 2)}), HasSubstr("where sequence 5 was due"));
}

TEST(ConsumerViewTest, HolesUncommittedRecordsAndFallingWatermarksAreFound) {
  const auto answer = [](std::vector<BatchFacts> batches, std::int64_t watermark, std::int32_t epoch = 1) {
    return Consumed{Offset(5), Offset(watermark), Offset(0), epoch, std::move(batches)};
  };
  EXPECT_THAT(ConsumerView().consumed(1, kKey, answer({batch(4, 2, 1), batch(6, 1, 2)}, 7)), IsEmpty());
  EXPECT_THAT(ConsumerView().consumed(1, kKey, answer({batch(6, 1, 1)}, 7)), HasSubstr("where 5 was due"));
  EXPECT_THAT(ConsumerView().consumed(1, kKey, answer({batch(2, 2, 1)}, 7)), HasSubstr("where 5 was due"));
  EXPECT_THAT(ConsumerView().consumed(1, kKey, answer({batch(5, 1, 1), batch(7, 1, 1)}, 9)),
              HasSubstr("where 6 was due"));
  EXPECT_THAT(ConsumerView().consumed(1, kKey, answer({batch(5, 3, 1)}, 7)),
              HasSubstr("beyond the high watermark"));
  ConsumerView view;
  EXPECT_THAT(view.consumed(1, kKey, answer({}, 7, 1)), IsEmpty());
  EXPECT_THAT(view.consumed(2, kKey, answer({}, 6, 1)), IsEmpty()) << "its answer was longer on the way";
  EXPECT_THAT(view.consumed(1, kKey, answer({}, 6, 1)), HasSubstr("fell from 7 to 6"));
}

Entry entry(std::uint64_t index, std::uint64_t term, std::int64_t offset) {
  Entry out;
  out.header = {.index = Index(index),
                .term = Term(term),
                .base_offset = Offset(offset),
                .offset_count = 1,
                .max_timestamp = 0,
                .kind = EntryKind::kData};
  return out;
}

TEST(LogAgreementTest, ReplicasThatDifferAreFound) {
  LogAgreement logs;
  const GroupId group(4);
  EXPECT_THAT(logs.observe(group, entry(1, 1, 0).header, 11, "n1"), IsEmpty());
  EXPECT_THAT(logs.observe(group, entry(1, 1, 0).header, 11, "n2"), IsEmpty());
  EXPECT_THAT(logs.observe(group, entry(1, 1, 0).header, 12, "n2"), HasSubstr("n1 had"));
  EXPECT_THAT(logs.observe(group, entry(1, 2, 0).header, 11, "n2"), HasSubstr("n1 had"));
  EXPECT_THAT(logs.observe(GroupId(5), entry(1, 2, 0).header, 13, "n2"), IsEmpty());
  EXPECT_THAT(logs.observe(group, entry(2, 1, 0).header, 14, "n1"), HasSubstr("ends at 1"))
      << "an offset given twice";
}

TEST(HighWatermarkTest, AFallIsFound) {
  const auto sample = [](std::size_t node, std::uint64_t life, std::uint64_t term, bool serves,
                         std::int64_t watermark) {
    return HighWatermark::Sample{GroupId(1), node, life, Term(term), serves, Offset(watermark), Offset(0)};
  };
  HighWatermark watermarks;
  EXPECT_THAT(watermarks.observe(sample(0, 1, 1, true, 10)), IsEmpty());
  EXPECT_THAT(watermarks.observe(sample(1, 1, 1, false, 4)), IsEmpty()) << "a follower lags";
  EXPECT_THAT(watermarks.observe(sample(0, 2, 1, false, 3)), IsEmpty())
      << "a new process has to learn it again";
  EXPECT_THAT(watermarks.observe(sample(0, 2, 1, false, 2)), HasSubstr("fell"));
  EXPECT_THAT(watermarks.observe(sample(1, 1, 2, true, 9)), HasSubstr("shows less"));
  EXPECT_THAT(watermarks.observe({GroupId(2), 0, 1, Term(1), false, Offset(3), Offset(4)}),
              HasSubstr("below the log's start"));
}

class MetadataHistoryTest : public testing::Test {
 protected:
  const Uuid id_ = *Uuid::parse("AAAAAAAAAAAAAAAAAAAAAQ");
  const Uuid other_ = *Uuid::parse("AAAAAAAAAAAAAAAAAAAAAg");
  MetadataHistory history_;
};

TEST_F(MetadataHistoryTest, ChangesThatCannotBeAreFound) {
  EXPECT_THAT(history_.deleted("t", TopicAnswer::kDone, 0), HasSubstr("not there"));
  EXPECT_THAT(history_.created("u", TopicAnswer::kDone, id_, 0), IsEmpty());
  EXPECT_THAT(history_.created("u", TopicAnswer::kDone, other_, 0), HasSubstr("though it was there"));
  EXPECT_THAT(history_.deleted("u", TopicAnswer::kUnknown, 1), IsEmpty()) << "that broker may be behind";
  EXPECT_THAT(history_.deleted("u", TopicAnswer::kUnknown, 0), HasSubstr("cannot be deleted"));
  EXPECT_THAT(history_.deleted("u", TopicAnswer::kDone, 0), IsEmpty());
  EXPECT_THAT(history_.created("u", TopicAnswer::kExists, {}, 0), HasSubstr("cannot be created"));
}

TEST_F(MetadataHistoryTest, WhatIsListedMustBe) {
  EXPECT_THAT(history_.created("a-t", TopicAnswer::kDone, id_, 0), IsEmpty());
  EXPECT_THAT(history_.listed({{"a-t", id_}}, "a-", 0), IsEmpty());
  EXPECT_THAT(history_.listed({}, "b-", 0), IsEmpty());
  EXPECT_THAT(history_.listed({}, "a-", 1), IsEmpty());
  EXPECT_THAT(history_.listed({}, "a-", 0), HasSubstr("does not have"));
  EXPECT_THAT(history_.listed({{"a-t", other_}}, "a-", 0), HasSubstr("created as"));
  EXPECT_THAT(history_.check({}, "n1"), HasSubstr("n1 does not have"));
  EXPECT_THAT(history_.deleted("a-t", TopicAnswer::kDone, 0), IsEmpty());
  EXPECT_THAT(history_.check({{"a-t", id_}}, "n1"), HasSubstr("was deleted"));
}

TEST_F(MetadataHistoryTest, AnOperationWithoutAnAnswerMayHaveHappenedOrNot) {
  EXPECT_THAT(history_.created("t", TopicAnswer::kNothing, {}, 0), IsEmpty());
  EXPECT_THAT(history_.check({}, "n1"), IsEmpty());
  EXPECT_THAT(history_.check({{"t", id_}}, "n1"), IsEmpty());
  EXPECT_THAT(history_.created("t", TopicAnswer::kExists, {}, 0), IsEmpty());
}

TEST(MetadataAgreementTest, TwoStatesAfterOneEntryAreFound) {
  MetadataAgreement agreement;
  EXPECT_THAT(agreement.observe(Index(3), 1, "n1"), IsEmpty());
  EXPECT_THAT(agreement.observe(Index(4), 2, "n1"), IsEmpty());
  EXPECT_THAT(agreement.observe(Index(3), 1, "n2"), IsEmpty());
  EXPECT_THAT(agreement.observe(Index(4), 1, "n2"), HasSubstr("different states"));
}

TEST(WatchTest, TheFirstComplaintCountsAndWhatNobodySentIsOne) {
  Watch watch([](const std::string&) {});
  watch.sent(1);
  watch.seen(kKey, batch(0, 1, 1), "n1");
  EXPECT_TRUE(watch.verdicts.clean());
  watch.seen(kKey, batch(1, 1, 2), "n1");
  watch.garbled("c", "later");
  ASSERT_FALSE(watch.verdicts.clean());
  EXPECT_EQ(watch.verdicts.first()->checker, "exactly once");
  EXPECT_EQ(watch.verdicts.first()->kind, Damage::kSafety);
}

TEST(BatchFactsTest, AnyFlippedByteOfABatchShows) {
  const RecordToBuild record{.key = "k", .value = "value", .timestamp_ms = 5};
  const Slice good = build_batch(std::span(&record, 1));
  const auto facts = facts_of(good.bytes());
  ASSERT_TRUE(facts.has_value());
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::vector<std::byte> bytes(good.bytes().begin(), good.bytes().end());
    bytes[i] ^= std::byte{4};
    const auto other = facts_of(bytes);
    EXPECT_TRUE(!other || other->bytes != facts->bytes) << "byte " << i;
  }
}

class GroupHistoryTest : public testing::Test {
 protected:
  GroupHistory::CommitId commit(std::int64_t offset, std::int32_t generation = 1) {
    const auto id = groups_.committing("g", kKey, generation, offset);
    groups_.committed(id);
    return id;
  }
  std::string told(std::optional<GroupHistory::CommitId> id, std::int64_t offset,
                   GroupHistory::Moment asked = 0) {
    return groups_.told("g", kKey, asked == 0 ? groups_.now() : asked, id, offset);
  }
  GroupHistory groups_;
};

TEST_F(GroupHistoryTest, TheNewestCommitIsTold) {
  EXPECT_THAT(told(std::nullopt, -1), IsEmpty());
  const auto first = commit(10);
  EXPECT_THAT(told(first, 10), IsEmpty());
  const auto before = groups_.now();
  const auto second = commit(20);
  EXPECT_THAT(told(first, 10, before), IsEmpty()) << "asked before the second was acknowledged";
  EXPECT_THAT(told(second, 20), IsEmpty());
  EXPECT_THAT(told(first, 10), HasSubstr("20 was committed since"));
  EXPECT_THAT(told(std::nullopt, -1), HasSubstr("nothing"));
  EXPECT_THAT(told(second, 21), HasSubstr("20 was committed"));
  EXPECT_THAT(told(777, 20), HasSubstr("nobody"));
}

TEST_F(GroupHistoryTest, ACommitWithoutAnAnswerMayBeThereUntilALaterOneIs) {
  const auto first = commit(10);
  const auto lost = groups_.committing("g", kKey, 1, 15);
  EXPECT_THAT(told(first, 10), IsEmpty());
  EXPECT_THAT(told(lost, 15), IsEmpty());
  EXPECT_THAT(told(first, 10), HasSubstr("15 was committed since"))
      << "who was told it knows that it was there";
}

TEST_F(GroupHistoryTest, ARefusedCommitIsNotThere) {
  const auto id = groups_.committing("g", kKey, 1, 15);
  groups_.refused(id);
  EXPECT_THAT(told(id, 15), HasSubstr("refused"));
  EXPECT_THAT(told(std::nullopt, -1), IsEmpty());
}

TEST_F(GroupHistoryTest, AnEarlierGenerationDoesNotOvertake) {
  const auto late = groups_.committing("g", kKey, 1, 15);
  commit(20, 2);
  EXPECT_THAT(told(late, 15), HasSubstr("generation 2"));
}

TEST_F(GroupHistoryTest, AGenerationHasOneLeaderAndOneAssignment) {
  EXPECT_THAT(groups_.joined("g", 1, "a"), IsEmpty());
  EXPECT_THAT(groups_.joined("g", 1, "a"), IsEmpty());
  EXPECT_THAT(groups_.joined("g", 2, "b"), IsEmpty());
  EXPECT_THAT(groups_.joined("g", 1, "b"), HasSubstr("led by a and by b"));
  EXPECT_THAT(groups_.synced("g", 1, "a", "s1", {kKey}), IsEmpty());
  EXPECT_THAT(groups_.synced("g", 1, "a", "s1", {kKey}), IsEmpty());
  EXPECT_THAT(groups_.synced("g", 1, "b", "s1", {kKey}), HasSubstr("both a and b"));
  EXPECT_THAT(groups_.synced("g", 1, "b", "s2", {}), HasSubstr("two assignments"));
}

TEST(DeletionsTest, WhatWasDeletedStaysDeletedOnEveryReplica) {
  Deletions deletions;
  EXPECT_THAT(deletions.answered(kKey, Offset(5), Offset(5)), IsEmpty());
  EXPECT_THAT(deletions.answered(kKey, Offset(3), Offset(7)), IsEmpty()) << "retention went further";
  EXPECT_THAT(deletions.answered(kKey, Offset(-1), Offset(9)), IsEmpty());
  EXPECT_THAT(deletions.answered(kKey, Offset(6), Offset(5)), HasSubstr("deleted up to 6"));
  EXPECT_THAT(deletions.check(kKey, 1, Offset(9), Offset(8)), IsEmpty());
  EXPECT_THAT(deletions.check(kKey, 1, Offset(8), Offset(8)), IsEmpty());
  EXPECT_THAT(deletions.check(kKey, 1, Offset(9), Offset(9)), HasSubstr("one replica has deleted up to 8"));
  EXPECT_THAT(deletions.check(kKey, 2, Offset(9), Offset(9)), IsEmpty()) << "more, later";
  EXPECT_THAT(deletions.check(kKey, 3, Offset(4), Offset(4)), HasSubstr("5 was said to be deleted"));
}

}  // namespace
}  // namespace kontiki::sim
