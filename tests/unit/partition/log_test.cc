#include "replica.h"

#include <gtest/gtest.h>

namespace kontiki::partition {
namespace {

TEST(LeaderEpochsTest, AnEpochEndsWhereTheNextBegins) {
  Replica replica;
  replica.elect(Term(2));
  replica.produce(Batch{.count = 4});
  replica.commit();
  replica.elect(Term(5));
  replica.produce(Batch{.count = 6});
  replica.commit();
  replica.elect(Term(8));
  const Partition& p = replica.partition;
  using End = EpochEnd;
  EXPECT_EQ(p.end_offset_for_epoch(-1), End{});
  EXPECT_EQ(p.end_offset_for_epoch(0), (End{0, Offset(0)})) << "older than all";
  EXPECT_EQ(p.end_offset_for_epoch(2), (End{2, Offset(4)}));
  EXPECT_EQ(p.end_offset_for_epoch(4), (End{2, Offset(4)})) << "the largest that is not above";
  EXPECT_EQ(p.end_offset_for_epoch(5), (End{5, Offset(10)}));
  EXPECT_EQ(p.end_offset_for_epoch(8), (End{8, Offset(10)}));
  EXPECT_EQ(p.end_offset_for_epoch(9), End{}) << "newer than all";
  EXPECT_EQ(p.leader_epoch_of_offset(Offset(3)), 2);
  EXPECT_EQ(p.leader_epoch_of_offset(Offset(4)), 5);
  EXPECT_EQ(p.leader_epoch_of_offset(Offset(10)), 8);
}

TEST(LeaderEpochsTest, TheNewestEpochEndsAtTheHighWatermarkNotAtWhatIsPending) {
  Replica replica;
  replica.elect(Term(1));
  replica.produce(Batch{.count = 2});
  EXPECT_EQ(replica.partition.end_offset_for_epoch(1), (EpochEnd{1, Offset(0)}));
  replica.commit();
  EXPECT_EQ(replica.partition.end_offset_for_epoch(1), (EpochEnd{1, Offset(2)}));
}

TEST(LeaderEpochsTest, ATermWithoutARecordLeavesNoTraceAndTheTableIsBounded) {
  LeaderEpochs epochs;
  for (std::uint64_t t = 1; t <= 100; ++t) epochs.begin(Term(t), Offset(7));
  EXPECT_EQ(epochs.starts().size(), 1u);
  for (std::uint64_t t = 101; t <= 100 + 2 * limits::kLeaderEpochsMax; ++t)
    epochs.begin(Term(t), Offset(static_cast<std::int64_t>(t)));
  EXPECT_EQ(epochs.starts().size(), limits::kLeaderEpochsMax);
  EXPECT_EQ(epochs.at(Offset(7)), -1);
}

TEST(PartitionLogTest, DeleteRecordsRaisesTheLogStartWithinTheLogAndNeverLowersIt) {
  Replica replica;
  replica.elect(Term(1));
  replica.produce(Batch{.count = 10});
  replica.propose(DeleteRecords{Offset(4)});
  replica.commit();
  EXPECT_EQ(replica.partition.log_start_offset(), Offset(4));
  replica.propose(DeleteRecords{Offset(2)});
  replica.commit();
  EXPECT_EQ(replica.partition.log_start_offset(), Offset(4));
  replica.propose(DeleteRecords{Offset(99)});
  replica.commit();
  EXPECT_EQ(replica.partition.log_start_offset(), Offset(10));
  EXPECT_EQ(replica.partition.high_watermark(), Offset(10));
}

TEST(PartitionLogTest, DeletedEpochsAreAnsweredByTheStartOfTheFirstKnown) {
  Replica replica;
  for (const std::uint64_t term : {1, 2, 3}) {
    replica.elect(Term(term));
    replica.produce(Batch{.count = 10});
    replica.commit();
  }
  replica.propose(DeleteRecords{Offset(20)});
  replica.commit();
  EXPECT_EQ(replica.partition.epochs().starts().size(), 1u);
  EXPECT_EQ(replica.partition.end_offset_for_epoch(1), (EpochEnd{1, Offset(20)}));
  EXPECT_EQ(replica.partition.leader_epoch_of_offset(Offset(20)), 3);
}

TEST(PartitionLogTest, LocalRetentionMovesTheLogStartButNotTheState) {
  Replica replica;
  replica.elect(Term(1));
  replica.produce(Batch{.count = 10});
  replica.commit();
  const Partition before = replica.partition;
  replica.partition.log_start_moved({Index(2), Term(1), Offset(6)});
  EXPECT_EQ(replica.partition.log_start_offset(), Offset(6));
  EXPECT_TRUE(replica.partition.same_state(before));
  replica.propose(DeleteRecords{Offset(8)});
  replica.commit();
  EXPECT_EQ(replica.partition.log_start_offset(), Offset(8));
}

TEST(PartitionLogTest, AProducerExpiresAfterTwoRoundsOfSilenceWhateverItsTimestamps) {
  Replica replica;
  replica.elect(Term(1));
  replica.produce(Batch{.producer = 1, .epoch = 0, .sequence = 0, .timestamp = -1});
  replica.produce(Batch{.producer = 2, .epoch = 0, .sequence = 0, .timestamp = 1});
  replica.propose(ExpireProducers{});
  replica.commit();
  EXPECT_EQ(replica.partition.producers().size(), 2u);
  replica.produce(Batch{.producer = 2, .epoch = 0, .sequence = 1, .timestamp = 1});
  replica.propose(ExpireProducers{});
  replica.commit();
  EXPECT_EQ(replica.partition.producers().find(ProducerId(1)), nullptr);
  EXPECT_NE(replica.partition.producers().find(ProducerId(2)), nullptr);
  EXPECT_EQ(replica.produce(Batch{.producer = 1, .epoch = 0, .sequence = 50}).verdict,
            Admission::Verdict::kAppend);
}

TEST(PartitionLogTest, TheLeaderAsksForAnExpiryRoundOncePerPeriodWhileThereAreProducers) {
  Replica replica;
  PartitionConfig config;
  config.producer_id_expiration_ms = 100;
  replica.partition.set_config(config);
  EXPECT_FALSE(replica.partition.due_command(0)) << "not the leader";
  replica.elect(Term(1));
  EXPECT_FALSE(replica.partition.due_command(0));
  EXPECT_FALSE(replica.partition.due_command(1000)) << "no producers";
  replica.produce(Batch{.producer = 1, .epoch = 0, .sequence = 0});
  replica.commit();
  EXPECT_FALSE(replica.partition.due_command(2000)) << "the period begins";
  EXPECT_FALSE(replica.partition.due_command(2099));
  const auto command = replica.partition.due_command(2100);
  ASSERT_TRUE(command);
  EXPECT_EQ(decode(command->bytes()), std::optional<Command>(ExpireProducers{}));
  EXPECT_FALSE(replica.partition.due_command(2100));
  EXPECT_FALSE(replica.partition.due_command(50)) << "the clock jumped back: begin anew";
  EXPECT_TRUE(replica.partition.due_command(150));
}

TEST(PartitionLogTest, CommandsSurviveEncodingAndDamagedOnesAreNotRead) {
  for (const Command& command : {Command(DeleteRecords{Offset(1ll << 40)}), Command(ExpireProducers{})}) {
    const Slice bytes = encode(command);
    EXPECT_EQ(decode(bytes.bytes()), std::optional(command));
    for (std::size_t size = 0; size < bytes.size(); ++size) EXPECT_FALSE(decode(bytes.sub(0, size).bytes()));
    EXPECT_FALSE(decode(Slice::copy_of(std::string(bytes.text()) + "x").bytes()));
  }
}

TEST(PartitionLogDeathTest, AnUnknownCommandStopsTheProcessInsteadOfDiverging) {
  const auto apply_unknown = [] {
    Replica replica;
    replica.elect(Term(1));
    replica.append(EntryKind::kCommand, Slice::copy_of(std::string_view("\x02\x01\0\0\0\0\0\0\0\0", 10)));
    replica.commit();
  };
  EXPECT_EXIT(apply_unknown(), ::testing::ExitedWithCode(static_cast<int>(Reason::kDataMismatch)),
              "newer Kontiki");
}

TEST(PartitionLogDeathTest, AGapInIndexOrOffsetIsAProgrammersError) {
  Replica replica;
  replica.elect(Term(1));
  replica.produce(Batch{});
  Entry entry = replica.log.back();
  entry.header.index = Index(9);
  EXPECT_DEATH(replica.partition.apply(entry), "without gaps");
  entry = replica.log.back();
  entry.header.base_offset = Offset(5);
  EXPECT_DEATH(replica.partition.apply(entry), "holes");
}

}  // namespace
}  // namespace kontiki::partition
