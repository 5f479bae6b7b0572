// The replay checker complains when a log does not lead to the live state.

#include "sim/check/replay.h"

#include "model/record_batch.h"

#include <gmock/gmock.h>

namespace kontiki::sim {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

Entry data(std::uint64_t index, std::int64_t offset, std::int32_t sequence) {
  const RecordToBuild record{.key = {}, .value = "v", .timestamp_ms = 5};
  Entry out;
  out.payload = build_batch(std::span(&record, 1), {ProducerId(4), 0, sequence});
  out.header = {.index = Index(index),
                .term = Term(1),
                .base_offset = Offset(offset),
                .offset_count = 1,
                .max_timestamp = 5,
                .kind = EntryKind::kData};
  return out;
}

class ReplayTest : public testing::Test {
 protected:
  ReplayTest() {
    Entry start;
    start.header.index = Index(1);
    start.header.term = Term(1);
    log_.entries = {start, data(2, 0, 0), data(3, 1, 1)};
    for (const Entry& entry : log_.entries) live_.apply(entry);
  }
  FoundLog log_;
  partition::Partition live_;
};

TEST_F(ReplayTest, TheSameLogGivesTheSameState) {
  EXPECT_THAT(replay_partition(log_, live_), IsEmpty());
}

TEST_F(ReplayTest, AnotherEntryShows) {
  log_.entries[2] = data(3, 1, 7);  // another sequence: another producer table
  EXPECT_THAT(replay_partition(log_, live_), HasSubstr("not the live one"));
}

TEST_F(ReplayTest, AMissingEntryShows) {
  log_.entries.pop_back();
  EXPECT_THAT(replay_partition(log_, live_), HasSubstr("does not reach"));
}

TEST_F(ReplayTest, ASnapshotThatForgetsShows) {
  partition::Partition until;
  until.apply(log_.entries[0]);
  until.apply(log_.entries[1]);
  log_.snapshot = storage::Store::Snapshot{Index(2), until.snapshot()};
  EXPECT_THAT(replay_partition(log_, live_), IsEmpty());
  partition::Partition forgets;
  forgets.apply(log_.entries[0]);
  Entry other = data(2, 0, 0);
  const RecordToBuild record{.key = {}, .value = "v", .timestamp_ms = 5};
  other.payload = build_batch(std::span(&record, 1));  // no producer
  forgets.apply(other);
  log_.snapshot = storage::Store::Snapshot{Index(2), forgets.snapshot()};
  EXPECT_THAT(replay_partition(log_, live_), HasSubstr("from the snapshot"));
}

TEST(ReplayMetadataTest, AnotherStateShows) {
  FoundLog log;
  Entry start;
  start.header.index = Index(1);
  start.header.term = Term(1);
  log.entries = {start};
  metadata::Cluster live;
  live.apply(start);
  EXPECT_THAT(replay_metadata(log, live), IsEmpty());
  start.header.index = Index(2);
  live.apply(start);
  EXPECT_THAT(replay_metadata(log, live), HasSubstr("does not reach"));
}

Slice commit_of(std::int64_t offset) {
  group::Committed committed;
  committed.offset = Offset(offset);
  return encode(group::Command(group::CommitOffsets{"g", {{{"t", 0}, committed}}}));
}

TEST(ReplayOfGroups, ACommitThatTheLogDoesNotHoldShows) {
  FoundLog log;
  group::Groups live;
  for (std::uint64_t i = 1; i <= 2; ++i) {
    Entry entry;
    entry.header.index = Index(i);
    entry.header.term = Term(1);
    entry.header.kind = i == 1 ? EntryKind::kTermStart : EntryKind::kCommand;
    if (i == 2) entry.payload = commit_of(5);
    log.entries.push_back(entry);
    live.apply(entry);
  }
  EXPECT_THAT(replay_groups(log, live), IsEmpty());
  log.entries[1].payload = commit_of(6);
  EXPECT_THAT(replay_groups(log, live), HasSubstr("not the live one"));
}

}  // namespace
}  // namespace kontiki::sim
