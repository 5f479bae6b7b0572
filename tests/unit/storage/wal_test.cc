// The write-ahead log: what was flushed is there after any crash, and one flush is one sync for all groups.
#include "storage/wal_scan.h"
#include "unit/storage/world.h"

#include <gtest/gtest.h>

namespace kontiki::storage {
namespace {

constexpr GroupId kGroup{7};

TEST(Wal, WhatWasFlushedIsThereAfterPowerLoss) {
  World world;
  Store& store = world.open();
  store.create(kGroup);
  store.set_hard_state(kGroup, {Term(3), NodeId(2)});
  const std::vector<Entry> entries = {other_entry(1, 3, 0), data_entry(2, 3, 0, "hello", 5),
                                      data_entry(3, 3, 5, filler(5000, 1)),
                                      other_entry(4, 3, 6, EntryKind::kConfiguration, "members")};
  store.append(kGroup, entries);
  world.flush();

  Store& again = world.restart_machine();
  const RecoveredGroup* found = world.found(7);
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->hard_state, (HardState{Term(3), NodeId(2)}));
  EXPECT_EQ(found->last, Index(4));
  EXPECT_EQ(found->next_offset, Offset(6));
  EXPECT_EQ(found->terms, (std::vector<TermSpan>{{Term(3), Index(4)}}));
  EXPECT_EQ(found->configurations, (std::vector<EntryHeader>{entries[3].header}));
  EXPECT_FALSE(found->damage.has_value());
  EXPECT_EQ(all_entries(again, kGroup), entries);
}

TEST(Wal, FlushIsAcknowledgedOnlyAfterTheSync) {
  World world;
  Store& store = world.open();
  world.disk().hold_syncs();
  store.create(kGroup);
  bool done = false;
  store.flush([&] { done = true; });
  world.settle();
  EXPECT_FALSE(done) << "acknowledged before the sync came back";
  EXPECT_TRUE(store.in_flight());
  world.disk().release_syncs();
  world.settle();
  EXPECT_TRUE(done);
  EXPECT_FALSE(store.in_flight());
}

TEST(Wal, ManyGroupsOfOneTurnShareOneSync) {
  World world;
  Store& store = world.open();
  for (std::uint64_t g = 0; g < 500; ++g) {
    store.create(GroupId(g));
    store.append(GroupId(g), std::vector{data_entry(1, 1, 0, "x")});
  }
  const auto before = world.disk().counters();
  world.flush();
  EXPECT_EQ(world.disk().counters().syncs - before.syncs, 1u);
  EXPECT_EQ(world.disk().counters().writes - before.writes, 1u);
  EXPECT_EQ(store.stats().flushes, 1u);
}

TEST(Wal, AFlushLargerThanABatchIsStillOneSync) {
  World world;
  Store& store = world.open();
  store.create(kGroup);
  const std::string payload = filler(6u << 20, 3);
  std::vector<Entry> entries;
  for (std::uint64_t i = 1; i <= 7; ++i)
    entries.push_back(data_entry(i, 1, static_cast<std::int64_t>(i) - 1, payload));
  store.append(kGroup, entries);
  const auto before = world.disk().counters().syncs;
  world.flush();
  EXPECT_EQ(world.disk().counters().syncs - before, 1u);
  EXPECT_EQ(all_entries(world.restart_machine(), kGroup), entries);
}

TEST(Wal, AnAppendCutsWhatItContradicts) {
  World world;
  Store& store = world.open();
  store.create(kGroup);
  store.append(kGroup,
               std::vector{data_entry(1, 1, 0, "a"), data_entry(2, 1, 1, "b"), data_entry(3, 1, 2, "c")});
  world.flush();
  store.append(kGroup, std::vector{data_entry(2, 2, 1, "B")});
  world.flush();
  Store& again = world.restart_machine();
  EXPECT_EQ(again.last(kGroup), Index(2));
  EXPECT_EQ(again.term_at(kGroup, Index(1)), Term(1));
  EXPECT_EQ(again.term_at(kGroup, Index(2)), Term(2));
  EXPECT_EQ(again.term_at(kGroup, Index(3)), std::nullopt);
  EXPECT_EQ(all_entries(again, kGroup)[1].payload.text(), "B");
}

TEST(Wal, ResetAndRemoveSurvive) {
  World world;
  Store& store = world.open();
  store.create(kGroup);
  store.create(GroupId(8));
  store.append(kGroup, std::vector{data_entry(1, 1, 0, "a"), data_entry(2, 1, 1, "b")});
  store.append(GroupId(8), std::vector{data_entry(1, 1, 0, "z")});
  world.flush();
  store.reset(kGroup, {Index(1), Term(2), Offset(40)});
  store.append(kGroup, std::vector{data_entry(2, 2, 40, "after")});
  store.remove(GroupId(8));
  world.flush();
  Store& again = world.restart_machine();
  EXPECT_FALSE(again.has(GroupId(8)));
  EXPECT_EQ(again.start(kGroup), (LogStart{Index(1), Term(2), Offset(40)}));
  const auto entries = all_entries(again, kGroup);
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].payload.text(), "after");
  EXPECT_EQ(again.next_offset(kGroup), Offset(41));
}

TEST(Wal, TheLastMessageOfEveryBatchSizeIsOnDisk) {
  World world;
  world.open().create(kGroup);
  std::uint64_t index = 0;
  for (std::size_t size = 1; size <= 5000; size += size < 64 || (size > 480 && size < 560) ? 1 : 37) {
    ++index;
    world.store().append(
        kGroup, std::vector{data_entry(index, 1, static_cast<std::int64_t>(index) - 1, filler(size, size))});
    world.flush();
    if (index % 16 != 0 && size < 4990) continue;
    Store& again = world.restart_machine();
    ASSERT_EQ(again.last(kGroup), Index(index));
    const auto last = again.read(kGroup, Index(index), Index(index), 1);
    ASSERT_TRUE(last.has_value());
    ASSERT_EQ((*last)[0].payload.text(), filler(size, size));
  }
}

TEST(Wal, IndexesAndTermsPast32Bits) {
  World world;
  Store& store = world.open();
  store.create(kGroup);
  const std::uint64_t base = (std::uint64_t{1} << 40) + 5;
  store.reset(kGroup, {Index(base), Term(base), Offset(1ll << 41)});
  store.append(kGroup, std::vector{data_entry(base + 1, base + 1, 1ll << 41, "far")});
  world.flush();
  Store& again = world.restart_machine();
  EXPECT_EQ(again.last(kGroup), Index(base + 1));
  EXPECT_EQ(all_entries(again, kGroup)[0].header.base_offset, Offset(1ll << 41));
  EXPECT_EQ(again.term_at(kGroup, Index(base + 1)), Term(base + 1));
}

TEST(Wal, AFailedSyncOrWriteEndsTheProcess) {
  {
    World world;
    Store& store = world.open();
    store.create(kGroup);
    world.disk().fail_nth(sim::DiskOp::kSync, 1, env::DiskError::kIo);
    bool done = false;
    store.flush([&] { done = true; });
    try {
      world.settle();
      FAIL() << "a failed sync went unnoticed";
    } catch (const Fatal& fatal) {
      EXPECT_EQ(fatal.reason, Reason::kDiskFailed);
      EXPECT_NE(fatal.message.find(".wal"), std::string::npos) << fatal.message;
    }
    EXPECT_FALSE(done);
  }
  World world;
  Store& store = world.open();
  store.create(kGroup);
  world.disk().fail_nth(sim::DiskOp::kWrite, 1, env::DiskError::kNoSpace);
  try {
    store.flush([] {});
    FAIL() << "a full disk went unnoticed";
  } catch (const Fatal& fatal) {
    EXPECT_EQ(fatal.reason, Reason::kDiskFull);
  }
}

// To make a file longer costs a sync two to three times what writing over its bytes does.
TEST(Wal, AFileThatIsNotNeededAnyMoreBecomesTheNextOne) {
  World world;
  world.options.wal_file_bytes = 8 << 10;
  world.options.wal_bytes_max = 24 << 10;
  Store& store = world.open();
  store.create(kGroup);
  std::uint64_t index = 0;
  const auto write = [&](int count) {
    for (int i = 0; i < count; ++i) {
      ++index;
      store.append(kGroup, std::vector{data_entry(index, 1, static_cast<std::int64_t>(index) - 1,
                                                  filler(500, index))});
      world.flush();
      store.set_committed(kGroup, Index(index));
      world.settle();
    }
  };
  write(200);
  const auto removed = world.disk().counters().removes;
  const auto used = world.disk().bytes_used();
  const auto written = world.disk().counters().bytes_written;
  write(200);
  EXPECT_EQ(world.disk().counters().removes, removed) << "a file was removed, and a new one made";
  EXPECT_LT(world.disk().bytes_used() - used,
            (world.disk().counters().bytes_written - written) / 2 + (8 << 10))
      << "only the segments grow";
  Store& again = world.restart_machine();
  EXPECT_EQ(all_entries(again, kGroup).size(), index) << "old bytes in a file were taken for its own";
}

TEST(Wal, AFileThatIsWrittenToNowAndThenIsLengthenedAheadOfTime) {
  World world;
  Store& store = world.open();
  store.create(kGroup);
  world.flush();
  const auto before = world.disk().bytes_used();
  store.upkeep();
  EXPECT_LE(world.disk().bytes_used(), before + (256 << 10)) << "the shard waits for all of it";
  world.settle();
  const auto lengthened = world.disk().bytes_used();
  EXPECT_GT(lengthened, before + (2 << 20));
  for (std::uint64_t i = 1; i <= 100; ++i) {
    store.append(kGroup, std::vector{data_entry(i, 1, static_cast<std::int64_t>(i) - 1, filler(1000, i))});
    world.flush();
  }
  EXPECT_EQ(world.disk().bytes_used(), lengthened) << "a write made the file longer";
  store.upkeep();
  store.upkeep();
  world.settle();
  EXPECT_EQ(world.disk().bytes_used(), lengthened) << "there was room enough, or nothing was written";
  EXPECT_EQ(all_entries(world.restart_machine(), kGroup).size(), 100u);
}

TEST(Wal, NothingIsLengthenedAfterTheStoreWasClosed) {
  World world;
  Store& store = world.open();
  store.create(kGroup);
  world.flush();
  store.upkeep();
  store.close();
  const auto used = world.disk().bytes_used();
  world.settle();
  EXPECT_EQ(world.disk().bytes_used(), used);
}

TEST(Wal, APageThatIsWrittenOverIsWrittenAsAWhole) {
  World world;
  world.options.wal_file_bytes = 16 << 10;
  world.options.wal_bytes_max = 32 << 10;
  Store& store = world.open();
  store.create(kGroup);
  int checked = 0;
  for (std::uint64_t index = 1; index <= 300; ++index) {
    store.append(kGroup,
                 std::vector{data_entry(index, 1, static_cast<std::int64_t>(index) - 1, filler(500, index))});
    world.flush();
    store.set_committed(kGroup, Index(index));
    world.settle();
    std::string newest;
    for (const auto& path : world.disk().files())
      if (path.ends_with(".wal")) newest = path;
    const Slice bytes = *world.disk().contents(newest);
    const std::uint64_t end = follow_chain(bytes, *decode_file_header(bytes.bytes()), [](auto&&...) {}).end;
    const std::uint64_t page_end = std::min<std::uint64_t>((end + 4095) / 4096 * 4096, bytes.size());
    for (std::uint64_t at = end; at < page_end; ++at, ++checked)
      ASSERT_EQ(bytes.bytes()[at], std::byte{0}) << "entry " << index << ": an old byte at " << at;
  }
  EXPECT_GT(checked, 100'000);
  EXPECT_EQ(all_entries(world.restart_machine(), kGroup).size(), 300u);
}

TEST(Wal, AFullDiskEndsTheProcessOnlyWhenSomethingHasToBeWritten) {
  World world;
  Store& store = world.open();
  store.create(kGroup);
  world.flush();
  store.upkeep();  // seals, and lengthens
  world.settle();
  store.append(kGroup, std::vector{data_entry(1, 1, 0, filler(1900 << 10, 1))});
  world.flush();
  world.disk().fail_nth(sim::DiskOp::kWrite, 2, env::DiskError::kNoSpace, ".wal");  // after the seal
  store.upkeep();
  const auto used = world.disk().bytes_used();
  world.settle();
  store.upkeep();
  world.settle();
  EXPECT_EQ(world.disk().bytes_used(), used) << "it is tried again and again";
  store.append(kGroup, std::vector{data_entry(2, 1, 1, "room for this there is")});
  world.flush();
  store.upkeep();
  world.settle();
  EXPECT_GT(world.disk().bytes_used(), used + (1 << 20));
  EXPECT_EQ(all_entries(world.restart_machine(), kGroup).size(), 2u);
}

TEST(Wal, AFlushOfNothingIsAnsweredWithoutASync) {
  World world;
  Store& store = world.open();
  const auto before = world.disk().counters().syncs;
  world.flush();
  EXPECT_EQ(world.disk().counters().syncs, before);
  EXPECT_FALSE(store.in_flight());
}

}  // namespace
}  // namespace kontiki::storage
