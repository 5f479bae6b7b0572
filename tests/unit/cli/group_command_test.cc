// What the group commands make of what they are told and what they ask: times, partitions, new offsets, lag.
#include "cli/group_command.h"

#include "cli/consume_group.h"
#include "cli/reset_offsets.h"
#include "unit/cli/mock_cluster.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kontiki::cli {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using Kind = ResetTo::Kind;

TEST(ParseTime, TakesWhatIsoHasForAMoment) {
  EXPECT_EQ(parse_time("1970-01-01"), 0);
  EXPECT_EQ(parse_time("1970-01-02T00:00:01Z"), 86'401'000);
  EXPECT_EQ(parse_time("1970-01-01T00:00:01"), 1000) << "UTC";
  EXPECT_EQ(parse_time("1970-01-01 00:01"), 60'000);
  EXPECT_EQ(parse_time("1970-01-01T00:00:00.25Z"), 250);
  EXPECT_EQ(parse_time("1970-01-01T00:00:00.123456+00:00"), 123);
  EXPECT_EQ(parse_time("1970-01-01T02:00:00+02:00"), 0);
  EXPECT_EQ(parse_time("1970-01-01T00:00:00-0130"), 5'400'000);
  EXPECT_EQ(parse_time("2024-02-29T12:00:00Z"), 1'709'208'000'000);
}

TEST(ParseTime, RefusesTheRestWithAnExample) {
  for (const char* bad :
       {"", "yesterday", "2026", "2026-13-01", "2026-02-30", "2026-01-01T", "2026-01-01T25:00:00",
        "2026-01-01T10", "2026-01-01T10:00:00.", "2026-01-01T10:00:00X", "2026-01-01T10:00:00+2",
        "2026-01-01T10:00:00Zz", "1700000000000"}) {
    const auto time = parse_time(bad);
    ASSERT_FALSE(time.has_value()) << bad;
    EXPECT_EQ(time.error().code, ExitCode::kUsage);
    EXPECT_THAT(time.error().message, HasSubstr("2026-11-22T18:30:00Z"));
  }
}

TEST(ParseTopicPartitions, TakesATopicOrSomeOfItsPartitions) {
  EXPECT_EQ(*parse_topic_partitions("orders"), (TopicPartitions{"orders", {}}));
  EXPECT_EQ(*parse_topic_partitions("orders:3"), (TopicPartitions{"orders", {3}}));
  EXPECT_EQ(*parse_topic_partitions("orders:0,12"), (TopicPartitions{"orders", {0, 12}}));
  for (const char* bad : {"", ":1", "orders:", "orders:a", "orders:1,", "orders:-1", "orders:1 2"})
    EXPECT_FALSE(parse_topic_partitions(bad).has_value()) << bad;
}

TEST(NewOffset, StaysWithinTheLog) {
  const LogRange log{.earliest = 100, .latest = 200, .at_time = 150};
  EXPECT_EQ(new_offset({Kind::kEarliest}, 120, log), 100);
  EXPECT_EQ(new_offset({Kind::kLatest}, 120, log), 200);
  EXPECT_EQ(new_offset({Kind::kTime, 1}, 120, log), 150);
  EXPECT_EQ(new_offset({Kind::kOffset, 160}, -1, log), 160);
  EXPECT_EQ(new_offset({Kind::kOffset, 7}, -1, log), 100);
  EXPECT_EQ(new_offset({Kind::kOffset, 700}, -1, log), 200);
  EXPECT_EQ(new_offset({Kind::kShift, -10}, 120, log), 110);
  EXPECT_EQ(new_offset({Kind::kShift, -1000}, 120, log), 100);
  EXPECT_EQ(new_offset({Kind::kShift, 1000}, 120, log), 200);
  EXPECT_EQ(new_offset({Kind::kShift, INT64_MAX}, 120, log), 200);
  EXPECT_EQ(new_offset({Kind::kShift, INT64_MIN}, 120, log), 100);
  const auto nothing = new_offset({Kind::kShift, 1}, -1, log);
  ASSERT_FALSE(nothing.has_value());
  EXPECT_THAT(nothing.error().message, HasSubstr("nothing to shift"));
}

TEST(GroupPositions, JoinWhatIsCommittedWithWhoReadsIt) {
  GroupInfo group;
  group.members.resize(2);
  group.members[0].id = "a";
  group.members[0].assigned = {{"orders", {0, 2}}};
  group.members[1].id = "b";
  group.members[1].assigned = {{"bills", {7}}};
  auto positions = positions_of(group, {{"orders", 0, 5, "note"}, {"orders", 1, 9, ""}});
  ASSERT_EQ(positions.size(), 4u);
  EXPECT_EQ(positions[0].topic, "bills");
  EXPECT_EQ(positions[0].member, "b");
  EXPECT_EQ(positions[0].committed, -1);
  EXPECT_EQ(positions[1].member, "a");
  EXPECT_EQ(positions[1].metadata, "note");
  EXPECT_EQ(positions[2].member, "") << "nobody reads it at the moment";
  EXPECT_EQ(positions[3].partition, 2);
  positions[0].end = 50;
  positions[1].end = 15;
  positions[2].end = 3;  // somebody has deleted what was there
  EXPECT_EQ(positions[0].lag(), -1) << "nothing is committed";
  EXPECT_EQ(positions[1].lag(), 10);
  EXPECT_EQ(positions[2].lag(), 0);
  EXPECT_EQ(total_lag(positions), 10);
  EXPECT_EQ(text_of(group.members[0].assigned), "orders:0,2");
  EXPECT_EQ(text_of({}), "none");
}

TEST(ConsumeGroup, RefusesWhatAGroupDecides) {
  ConsumeOptions options;
  options.group = "g";
  options.partitions = {1};
  CapturedIo partition;
  EXPECT_EQ(run_consume_in_group(partition.io, options), static_cast<int>(ExitCode::kUsage));
  EXPECT_THAT(partition.err(), HasSubstr("--partition and --group exclude each other"));
  options.partitions = {};
  options.from = {StartAt::Kind::kOffset, 5};
  CapturedIo offset;
  EXPECT_EQ(run_consume_in_group(offset.io, options), static_cast<int>(ExitCode::kUsage));
  EXPECT_THAT(offset.err(), HasSubstr("kontiki group reset-offsets"));
}

}  // namespace
}  // namespace kontiki::cli
