// Segments: committed entries leave the WAL for their segments, and are read back from there exactly.
#include "unit/storage/world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>

namespace kontiki::storage {
namespace {

constexpr GroupId kGroup{7};

void make_small(World& world) {
  world.options.wal_file_bytes = 4096;
  world.options.wal_bytes_max = 16384;
  world.options.segment_bytes = 8192;
  world.options.index_interval_bytes = 1024;
}

// A log of data entries with a term start every 10 and a configuration every 25; timestamps rise with the
// index.
Entry entry_at(std::uint64_t index, std::int64_t offset) {
  const std::uint64_t term = 1 + index / 10;
  if (index % 10 == 0) return other_entry(index, term, offset);
  if (index % 25 == 1) return other_entry(index, term, offset, EntryKind::kConfiguration, "conf");
  return data_entry(index, term, offset, filler(50 + index % 300, index),
                    1 + static_cast<std::uint32_t>(index % 3), static_cast<std::int64_t>(1000 + index * 10));
}

class SegmentTest : public testing::Test {
 protected:
  SegmentTest() { make_small(world); }

  // Appends, flushes and commits `count` entries one by one. With `unordered`, some timestamps jump ahead.
  void fill(GroupId group, std::uint64_t count, bool unordered = false) {
    auto& entries = model[group];
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::int64_t offset = entries.empty() ? 0 : entries.back().header.next_offset().value;
      entries.push_back(entry_at(entries.size() + 1, offset));
      if (unordered && i % 7 == 3)
        entries.back().header.max_timestamp += static_cast<std::int64_t>(i % 91) * 40;
      world.store().append(group, std::span(&entries.back(), 1));
      world.flush();
      world.store().set_committed(group, entries.back().header.index);
    }
    world.settle();
  }
  std::size_t segments_of(GroupId group) {
    std::size_t count = 0;
    for (const auto& path : world.disk().files()) {
      const std::string folder = "groups/" + std::to_string(group.value) + "/";
      count += path.find(folder) != std::string::npos && path.ends_with(".seg") ? 1 : 0;
    }
    return count;
  }

  World world;
  std::map<GroupId, std::vector<Entry>> model;
};

TEST_F(SegmentTest, AReadThatDoesNotWaitMissesNothing) {
  world.open().create(kGroup);
  fill(kGroup, 600);
  std::vector<Entry> data;
  std::ranges::copy_if(model[kGroup], std::back_inserter(data),
                       [](const Entry& entry) { return entry.header.kind == EntryKind::kData; });
  world.disk().set_cold(1, 3);
  for (const std::size_t bytes_max : {1u, 700u, 1u << 20}) {
    EXPECT_EQ(world.read_without_waiting(kGroup, bytes_max), data);
  }
  EXPECT_GT(world.disk().counters().loads, 100u);
}

TEST_F(SegmentTest, AnEntryMayBeLargerThanWhatIsReadAtOnce) {
  world.options.wal_file_bytes = 256 << 10;
  world.options.wal_bytes_max = 512 << 10;
  world.options.kept_payload_bytes_min = 1 << 20;
  Store& store = world.open();
  store.create(kGroup);
  std::vector<Entry> expected;
  for (std::uint64_t index = 1; index <= 20; ++index) {
    const std::size_t bytes = index % 3 == 0 ? 100 : 150'000;
    expected.push_back(data_entry(index, 1, static_cast<std::int64_t>(index) - 1, filler(bytes, index)));
    store.append(kGroup, std::span(&expected.back(), 1));
    world.flush();
    store.set_committed(kGroup, Index(index));
    world.settle();
  }
  EXPECT_EQ(all_entries(store, kGroup, 1), expected);
  world.disk().set_cold(1, 5);
  EXPECT_EQ(world.read_without_waiting(kGroup, 1), expected);
  EXPECT_GT(world.disk().counters().loads, 0u);
}

TEST_F(SegmentTest, EntriesMoveAndStayTheSame) {
  world.open().create(kGroup);
  fill(kGroup, 1000);
  EXPECT_GT(segments_of(kGroup), 10u);
  EXPECT_EQ(all_entries(world.store(), kGroup), model[kGroup]);
  EXPECT_EQ(all_entries(world.store(), kGroup, 700), model[kGroup]);
  for (int i = 0; i < 2; ++i) {
    Store& again = i == 0 ? world.restart_process() : world.restart_machine();
    EXPECT_EQ(all_entries(again, kGroup), model[kGroup]);
    const auto* found = world.found(7);
    ASSERT_NE(found, nullptr);
    EXPECT_FALSE(found->damage) << *found->damage;
    EXPECT_EQ(found->last, Index(1000));
    EXPECT_EQ(found->next_offset, model[kGroup].back().header.next_offset());
    EXPECT_GT(found->committed, Index(800));
    EXPECT_EQ(found->configurations.size(), 40u);
    for (const auto& entry : model[kGroup]) {
      ASSERT_EQ(again.term_at(kGroup, entry.header.index), entry.header.term);
    }
  }
}

TEST_F(SegmentTest, EveryReadGivesTheSameWhereverTheEntriesStand) {
  world.open().create(kGroup);
  fill(kGroup, 400);
  const auto& entries = model[kGroup];
  Prng prng(5);
  for (int i = 0; i < 2000; ++i) {
    const std::uint64_t first = 1 + prng.below(400);
    const std::uint64_t last = first + prng.below(401 - first);
    const std::size_t bytes_max = prng.below(4000);
    const auto got = world.store().read(kGroup, Index(first), Index(last), bytes_max);
    ASSERT_TRUE(got.has_value()) << got.error().message;
    ASSERT_FALSE(got->empty());
    std::size_t bytes = 0;
    for (std::size_t k = 0; k < got->size(); ++k) {
      ASSERT_EQ((*got)[k], entries[first - 1 + k]);
      bytes += (*got)[k].payload.size();
    }
    ASSERT_TRUE(got->size() == 1 || bytes <= bytes_max);
    const std::size_t end = first - 1 + got->size();
    if (end < last) {
      ASSERT_GT(bytes + entries[end].payload.size(), bytes_max) << "stopped too early";
    }
  }
}

TEST_F(SegmentTest, OffsetsAreFoundAmongEntriesThatTakeNone) {
  world.open().create(kGroup);
  fill(kGroup, 400, true);
  const auto& entries = model[kGroup];
  const std::int64_t end = entries.back().header.next_offset().value;
  Prng prng(6);
  for (std::int64_t offset = 0; offset < end; ++offset) {
    const std::int64_t asked = prng.chance(1, 2) ? offset : static_cast<std::int64_t>(prng.below(end));
    const auto got = world.store().read_from_offset(kGroup, Offset(asked), Index(400), 1000);
    ASSERT_TRUE(got.has_value()) << got.error().message;
    ASSERT_FALSE(got->empty());
    std::int64_t next = got->front().header.base_offset.value;
    ASSERT_LE(next, asked);
    ASSERT_GT(got->front().header.next_offset().value, asked);
    for (const auto& entry : *got) {
      ASSERT_EQ(entry.header.kind, EntryKind::kData);
      ASSERT_EQ(entry.header.base_offset.value, next);
      ASSERT_EQ(entry, entries[entry.header.index.value - 1]);
      next = entry.header.next_offset().value;
    }
  }
  EXPECT_TRUE(world.store().read_from_offset(kGroup, Offset(end), Index(400), 1000)->empty());
  EXPECT_EQ(world.store().read_from_offset(kGroup, Offset(end + 1), Index(400), 1).error().code,
            ErrorCode::kNotFound);
  EXPECT_EQ(world.store().read(kGroup, Index(401), Index(401), 1).error().code, ErrorCode::kNotFound);
}

TEST_F(SegmentTest, ASequentialReaderNeverReadsTheSameByteTwice) {
  world.open().create(kGroup);
  fill(kGroup, 1000);
  const auto before = world.disk().counters().bytes_read;
  std::int64_t offset = 0;
  std::uint64_t payload = 0;
  while (true) {
    const auto got = world.store().read_from_offset(kGroup, Offset(offset), Index(1000), 64 << 10);
    ASSERT_TRUE(got.has_value());
    if (got->empty()) break;
    for (const auto& entry : *got) payload += entry.payload.size();
    offset = got->back().header.next_offset().value;
  }
  EXPECT_LT(world.disk().counters().bytes_read - before, payload * 2);
}

TEST_F(SegmentTest, TimestampsAreFoundAmongTheRecordsThatAreLeft) {
  world.open().create(kGroup);
  fill(kGroup, 400);
  const auto& entries = model[kGroup];
  const std::int64_t end = entries.back().header.next_offset().value;
  const auto in_span = [&](const Entry& e, std::int64_t from, std::uint64_t last) {
    return e.header.kind == EntryKind::kData && e.header.next_offset() > Offset(from) &&
           e.header.index <= Index(last);
  };
  for (std::int64_t asked = 900; asked < 5100; asked += 7) {
    for (const std::int64_t from : {std::int64_t{0}, end / 3, end - 5}) {
      for (const std::uint64_t last : {400u, 250u, 3u}) {
        const auto got = world.store().find_timestamp(kGroup, asked, Offset(from), Index(last));
        ASSERT_TRUE(got.has_value()) << got.error().message;
        const auto wanted = std::ranges::find_if(entries, [&](const Entry& e) {
          return in_span(e, from, last) && e.header.max_timestamp >= asked;
        });
        ASSERT_EQ(got->has_value(), wanted != entries.end()) << asked << " " << from << " " << last;
        if (wanted == entries.end()) continue;
        ASSERT_EQ((*got)->header, wanted->header);
        ASSERT_EQ((*got)->batch, wanted->payload);
      }
    }
  }
  for (std::uint64_t last = 1; last <= 400; ++last) {
    for (std::int64_t from = 0; from <= end; from += 1 + end / 50) {
      const auto got = world.store().find_max_timestamp(kGroup, Offset(from), Index(last));
      ASSERT_TRUE(got.has_value());
      const Entry* wanted = nullptr;
      for (const Entry& e : entries)
        if (in_span(e, from, last) &&
            (wanted == nullptr || e.header.max_timestamp > wanted->header.max_timestamp))
          wanted = &e;
      ASSERT_EQ(got->has_value(), wanted != nullptr) << from << " " << last;
      if (wanted != nullptr) {
        ASSERT_EQ((*got)->header, wanted->header);
      }
    }
  }
}

TEST_F(SegmentTest, TheWalAndTheMemoryStayBoundedUnderLoad) {
  Store& store = world.open();
  for (std::uint64_t g = 1; g <= 5; ++g) store.create(GroupId(g));
  std::uint64_t index = 0;
  for (int turn = 0; turn < 2000; ++turn) {
    ++index;
    for (std::uint64_t g = 1; g <= 5; ++g) {
      store.append(GroupId(g),
                   std::vector{data_entry(index, 1, static_cast<std::int64_t>(index) - 1, filler(100, g))});
    }
    bool done = false;
    store.flush([&] { done = true; });
    world.scheduler().run_until([&] { return done; }, 1'000'000);
    for (std::uint64_t g = 1; g <= 5; ++g) store.set_committed(GroupId(g), Index(index));
    ASSERT_LE(store.stats().wal_bytes, 2 * world.options.wal_bytes_max + 3 * world.options.wal_file_bytes);
    ASSERT_LE(store.stats().tail_bytes, store.stats().wal_bytes);
  }
  world.settle();
  EXPECT_LE(store.stats().wal_bytes, world.options.wal_bytes_max + 2 * world.options.wal_file_bytes);
}

// A whole file at once would keep the disk from the flushes that clients wait for.
TEST_F(SegmentTest, EmptyingAFileIsSpreadOverWhatComesIn) {
  constexpr std::uint64_t kMiB = 1 << 20;
  world.options.wal_file_bytes = 16 * kMiB;
  world.options.wal_bytes_max = 24 * kMiB;
  world.options.segment_bytes = 64 * kMiB;
  world.options.kept_payload_bytes_min = kMiB;
  Store& store = world.open();
  store.create(kGroup);
  std::uint64_t index = 0;
  const auto append_one = [&] {
    ++index;
    store.append(kGroup, std::vector{data_entry(index, 1, static_cast<std::int64_t>(index) - 1,
                                                filler(kMiB / 4, index))});
    world.flush();
    store.set_committed(kGroup, Index(index));
  };
  const auto moved = [&] { return index * kMiB / 4 - store.stats().tail_bytes; };
  while (store.stats().wal_bytes <= world.options.wal_bytes_max) append_one();
  world.settle();
  EXPECT_GT(moved(), 0u);
  EXPECT_LE(moved(), 2 * kMiB);
  for (int i = 0; i < 8; ++i) append_one();
  world.settle();
  EXPECT_GT(moved(), 3 * kMiB);
  EXPECT_LE(moved(), 7 * kMiB) << "two bytes for each that came in, and what one step takes";
  for (int second = 0; second < 8; ++second) {  // nothing comes in
    store.upkeep();
    world.settle();
  }
  EXPECT_GT(moved(), 15 * kMiB);
}

TEST_F(SegmentTest, AnUncommittedGroupDoesNotPinTheWal) {
  Store& store = world.open();
  store.create(GroupId(1));
  store.set_hard_state(GroupId(1), {Term(9), NodeId(4)});
  const std::vector<Entry> stuck = {data_entry(1, 1, 0, "stuck one"), data_entry(2, 9, 1, "stuck two")};
  store.append(GroupId(1), stuck);
  store.create(GroupId(2));
  world.flush();
  store.create(kGroup);
  fill(kGroup, 1000);
  EXPECT_LE(store.stats().wal_bytes, world.options.wal_bytes_max + 2 * world.options.wal_file_bytes);
  EXPECT_FALSE(world.disk().exists(std::string(World::kDir) + "/wal/00000000000000000001.wal"));
  EXPECT_EQ(segments_of(GroupId(1)), 0u) << "an uncommitted entry stands in a segment";
  Store& again = world.restart_machine();
  EXPECT_EQ(all_entries(again, GroupId(1)), stuck);
  EXPECT_EQ(world.found(1)->hard_state, (HardState{Term(9), NodeId(4)}));
  EXPECT_TRUE(again.has(GroupId(2)));
  EXPECT_EQ(world.found(1)->committed, Index(0));
}

TEST_F(SegmentTest, DescriptorsStayBounded) {
  world.options.open_files_max = 8;
  Store& store = world.open();
  for (std::uint64_t g = 1; g <= 40; ++g) store.create(GroupId(g));
  for (int round = 0; round < 30; ++round) {
    for (std::uint64_t g = 1; g <= 40; ++g) fill(GroupId(g), 1);
  }
  for (std::uint64_t g = 1; g <= 40; ++g) EXPECT_EQ(all_entries(store, GroupId(g)), model[GroupId(g)]);
  EXPECT_LE(store.stats().open_files, 8u);
  // The cache, the WAL's file, and those that wait for a sync.
  EXPECT_LE(world.disk().counters().files_open_max, 8u + 2u + 24u);
}

TEST_F(SegmentTest, AGroupThatNeverLeftTheWalHasNoFile) {
  Store& store = world.open();
  for (std::uint64_t g = 1; g <= 100; ++g) store.create(GroupId(g));
  world.flush();
  world.settle();
  store.close();
  for (const auto& path : world.disk().files()) EXPECT_EQ(path.find("groups/"), std::string::npos) << path;
}

TEST_F(SegmentTest, CloseMovesWhatIsLargeAndTheNextStartFindsAll) {
  world.options.wal_file_bytes = 64 << 20;
  world.options.wal_bytes_max = 64 << 20;
  world.options.segment_bytes = 1 << 20;
  world.open().create(kGroup);
  fill(kGroup, 3000);
  EXPECT_EQ(segments_of(kGroup), 0u);
  world.store().close();
  EXPECT_EQ(segments_of(kGroup), 1u);
  Store& again = world.restart_machine();
  EXPECT_EQ(world.found(7)->committed, Index(3000));
  EXPECT_EQ(all_entries(again, kGroup), model[kGroup]);
}

TEST_F(SegmentTest, RetentionBySizeKeepsWhatItMustAndIsDurable) {
  world.open().create(kGroup);
  fill(kGroup, 1000);
  const std::size_t segments = segments_of(kGroup);
  const auto size = static_cast<std::int64_t>(world.store().size_bytes(kGroup));
  const Retention half{.bytes = size / 2};
  EXPECT_EQ(world.store().retain(kGroup, half, 0, Index(0)), LogStart{}) << "past the snapshot";
  EXPECT_TRUE(world.store().retention_due(kGroup, half, 0, Index(0)));
  const LogStart start = world.store().retain(kGroup, half, 0, Index(1000));
  EXPECT_GT(start.index, Index(100));
  EXPECT_GE(static_cast<std::int64_t>(world.store().size_bytes(kGroup)), size / 2);
  EXPECT_EQ(segments_of(kGroup), segments) << "files went before the new start was durable";
  world.flush();
  EXPECT_LT(segments_of(kGroup), segments);
  EXPECT_FALSE(world.store().retention_due(kGroup, half, 0, Index(0)));
  for (int i = 0; i < 2; ++i) {
    Store& again = i == 0 ? world.store() : world.restart_machine();
    EXPECT_EQ(again.start(kGroup), start);
    const Entry& cut = model[kGroup][start.index.value - 1];
    EXPECT_EQ(start.term, cut.header.term);
    EXPECT_EQ(start.next_offset, cut.header.next_offset());
    const auto rest = all_entries(again, kGroup);
    EXPECT_EQ(rest, std::vector<Entry>(model[kGroup].begin() + static_cast<std::ptrdiff_t>(start.index.value),
                                       model[kGroup].end()));
    EXPECT_EQ(again.read(kGroup, start.index, start.index, 1).error().code, ErrorCode::kNotFound);
    EXPECT_EQ(again.read_from_offset(kGroup, start.next_offset - 1, Index(1000), 1).error().code,
              ErrorCode::kNotFound);
    EXPECT_EQ(again.term_at(kGroup, start.index), start.term);
  }
}

TEST_F(SegmentTest, RetentionByTimeAlsoTakesTheNewestSegment) {
  world.open().create(kGroup);
  fill(kGroup, 500);
  const Retention day{.time_ms = 1000};
  const LogStart some = world.store().retain(kGroup, day, 1000 + 250 * 10 + 1000, Index(500));
  EXPECT_GT(some.index, Index(100));
  EXPECT_LE(some.index, Index(250));
  const LogStart all = world.store().retain(kGroup, day, 1'000'000, Index(500));
  EXPECT_GT(all.index, Index(400));
  world.flush();
  EXPECT_EQ(segments_of(kGroup), 0u);
  fill(kGroup, 500);
  Store& again = world.restart_machine();
  EXPECT_EQ(again.start(kGroup), all);
  EXPECT_EQ(all_entries(again, kGroup).back(), model[kGroup].back());
  EXPECT_EQ(again.last(kGroup), Index(1000));
}

TEST_F(SegmentTest, SegmentsOfDeletedRecordsGoWhateverTheirAgeAndSize) {
  world.open().create(kGroup);
  fill(kGroup, 500);
  const Offset middle = model[kGroup][250].header.base_offset;
  const Offset end = model[kGroup].back().header.next_offset();
  EXPECT_EQ(world.store().retain(kGroup, {}, 0, Index(500)), LogStart{});
  EXPECT_TRUE(world.store().retention_due(kGroup, {.below = middle}, 0, Index(0)));
  EXPECT_EQ(world.store().retain(kGroup, {.below = middle}, 0, Index(0)), LogStart{}) << "past the snapshot";
  const LogStart some = world.store().retain(kGroup, {.below = middle}, 0, Index(500));
  EXPECT_GT(some.next_offset, Offset(100));
  EXPECT_LE(some.next_offset, middle) << "a record that is left went with deleted ones";
  EXPECT_FALSE(world.store().retention_due(kGroup, {.below = middle}, 0, Index(0)));
  world.flush();
  EXPECT_EQ(world.restart_machine().start(kGroup), some);
  EXPECT_GT(world.store().retain(kGroup, {.below = end}, 0, Index(500)).index, Index(400));
  world.flush();
  EXPECT_EQ(segments_of(kGroup), 0u) << "also the newest";
}

TEST_F(SegmentTest, ResetDropsSegmentsAndStartsAnew) {
  world.open().create(kGroup);
  fill(kGroup, 500);
  world.store().reset(kGroup, {Index(100), Term(60), Offset(7000)});
  EXPECT_EQ(world.store().last(kGroup), Index(100));
  world.store().append(kGroup, std::vector{data_entry(101, 60, 7000, "new")});
  world.flush();
  EXPECT_EQ(segments_of(kGroup), 0u);
  model[kGroup].clear();
  for (std::uint64_t i = 102; i < 600; ++i) {
    world.store().append(kGroup, std::vector{data_entry(i, 60, 7000 + static_cast<std::int64_t>(i) - 101,
                                                        "n" + filler(60, i))});
    world.store().set_committed(kGroup, Index(i - 1));
    world.flush();
  }
  world.settle();
  Store& again = world.restart_machine();
  EXPECT_EQ(again.start(kGroup), (LogStart{Index(100), Term(60), Offset(7000)}));
  const auto entries = all_entries(again, kGroup);
  ASSERT_EQ(entries.size(), 499u);
  EXPECT_EQ(entries[0].payload.text(), "new");
  EXPECT_EQ(entries[498].payload.text().substr(1), filler(60, 599));
}

TEST_F(SegmentTest, RemoveLeavesNoFile) {
  world.open().create(kGroup);
  world.store().create(GroupId(8));
  fill(kGroup, 300);
  bool saved = false;
  world.store().save_snapshot(GroupId(8), Index(0), Slice::copy_of("s"), [&] { saved = true; });
  world.settle();
  EXPECT_TRUE(saved);
  world.store().remove(kGroup);
  world.store().remove(GroupId(8));
  world.flush();
  for (const auto& path : world.disk().files()) EXPECT_EQ(path.find("groups/"), std::string::npos) << path;
  EXPECT_FALSE(world.restart_machine().has(kGroup));
}

TEST_F(SegmentTest, IndexesPast31Bits) {
  Store& store = world.open();
  store.create(kGroup);
  const std::uint64_t base = (std::uint64_t{1} << 31) - 100;
  store.reset(kGroup, {Index(base), Term(1), Offset(static_cast<std::int64_t>(base))});
  std::vector<Entry> entries;
  for (std::uint64_t i = 1; i <= 400; ++i) {
    entries.push_back(data_entry(base + i, 1, static_cast<std::int64_t>(base + i - 1), filler(100, i)));
    store.append(kGroup, std::span(&entries.back(), 1));
    world.flush();
    store.set_committed(kGroup, Index(base + i));
  }
  world.settle();
  EXPECT_GT(segments_of(kGroup), 3u);
  EXPECT_EQ(all_entries(world.restart_machine(), kGroup), entries);
}

TEST(Segments, StayInMemoryOnlyWhileSomebodyReadsThem) {
  World world;
  make_small(world);
  Store& store = world.open();
  store.create(kGroup);
  std::uint64_t index = 0;
  const auto write = [&](int count, bool reading) {
    const auto before = world.disk().counters().cache_drops;
    for (int i = 0; i < count; ++i) {
      ++index;
      store.append(kGroup, std::vector{data_entry(index, 1, static_cast<std::int64_t>(index) - 1,
                                                  filler(400, index))});
      world.flush();
      store.set_committed(kGroup, Index(index));
      world.settle();
      // The one reads far behind, the other what was just written.
      EXPECT_TRUE(
          store.read_from_offset(kGroup, Offset(reading ? 1 : index - 1), Index(index), 1).has_value());
    }
    return world.disk().counters().cache_drops - before;
  };
  EXPECT_GT(write(300, false), 5u);
  write(50, true);
  EXPECT_EQ(write(300, true), 0u) << "what is read was dropped from memory";
  write(100, false);
  EXPECT_GT(write(300, false), 5u) << "nobody reads any more";
}

}  // namespace
}  // namespace kontiki::storage
