// Kept files: large payloads are written once, are read back from where they are, and the file goes when
// nothing needs it any more.
#include "storage/kept_files.h"
#include "unit/storage/world.h"

#include <gtest/gtest.h>

#include <map>

namespace kontiki::storage {
namespace {

constexpr std::size_t kBytes = 3000;

class KeptTest : public testing::Test {
 protected:
  KeptTest() {
    world.options.wal_file_bytes = 64u << 10;
    world.options.wal_bytes_max = 128u << 10;
    world.options.segment_bytes = 32u << 10;
    world.options.index_interval_bytes = 4096;
    world.options.kept_payload_bytes_min = 2048;
  }

  // Entries of `bytes` each, committed at once, in turn to each of `groups`.
  void fill(std::initializer_list<std::uint64_t> groups, int count, std::size_t bytes = kBytes) {
    for (int i = 0; i < count; ++i) {
      for (const auto group : groups) {
        const std::uint64_t index = world.store().last(GroupId(group)).value + 1;
        world.store().append(GroupId(group),
                             std::vector{data_entry(index, 1, static_cast<std::int64_t>(index) - 1,
                                                    filler(bytes, group * 1000 + index))});
        world.flush();
        world.store().set_committed(GroupId(group), Index(index));
      }
    }
    world.settle();
  }
  void retain(std::uint64_t group, std::int64_t below) {
    Store& store = world.store();
    store.retain(GroupId(group), {.below = Offset(below)}, 0, store.last(GroupId(group)));
    world.flush();
    world.settle();
  }
  void check(std::uint64_t group, std::size_t bytes = kBytes, std::size_t read_bytes_max = 1u << 20) {
    const auto entries = all_entries(world.store(), GroupId(group), read_bytes_max);
    ASSERT_EQ(entries.size(),
              world.store().last(GroupId(group)).value - world.store().start(GroupId(group)).index.value);
    for (const auto& entry : entries)
      ASSERT_EQ(entry.payload.text(), filler(bytes, group * 1000 + entry.header.index.value));
  }
  std::vector<std::string> files(std::string_view suffix) {
    std::vector<std::string> out;
    for (const auto& path : world.disk().files())
      if (path.ends_with(suffix)) out.push_back(path);
    return out;
  }

  World world;
};

TEST_F(KeptTest, ALargeEntryIsWrittenOnceAndIsReadBack) {
  world.open().create(GroupId(1));
  const std::uint64_t before = world.disk().counters().bytes_written;
  fill({1}, 200);
  const std::uint64_t written = world.disk().counters().bytes_written - before;
  EXPECT_GT(world.store().stats().kept_files, 4u);
  EXPECT_LT(written, 200 * kBytes * 11 / 10);
  check(1);
  check(1, kBytes, 1);  // one at a time
  world.restart_process();
  check(1);
  world.restart_machine();
  check(1);
  fill({1}, 60);
  check(1);
}

TEST_F(KeptTest, AReadThatDoesNotWaitMissesNothing) {
  world.open().create(GroupId(1));
  fill({1}, 100);
  world.disk().set_cold(1, 3);
  for (const std::size_t bytes_max : {std::size_t{1}, 5 * kBytes, std::size_t{1} << 20}) {
    const auto entries = world.read_without_waiting(GroupId(1), bytes_max);
    ASSERT_EQ(entries.size(), 100u);
    for (const auto& entry : entries)
      ASSERT_EQ(entry.payload.text(), filler(kBytes, 1000 + entry.header.index.value));
  }
  EXPECT_GT(world.disk().counters().loads, 100u);
}

TEST_F(KeptTest, NoPayloadIsReadInVain) {
  constexpr std::size_t kLarge = 20'000;
  world.open().create(GroupId(1));
  fill({1}, 60, kLarge);
  const std::uint64_t before = world.disk().counters().bytes_read;
  EXPECT_EQ(world.read_without_waiting(GroupId(1), 1).size(), 60u);
  check(1, kLarge, 1);
  EXPECT_LT(world.disk().counters().bytes_read - before, 2 * 60 * kLarge * 3 / 2);
}

TEST_F(KeptTest, SmallEntriesAmongLargeOnesGoToTheSegment) {
  world.open().create(GroupId(1));
  for (int i = 0; i < 60; ++i) {
    fill({1}, 1);
    const std::uint64_t index = world.store().last(GroupId(1)).value + 1;
    world.store().append(GroupId(1), std::vector{data_entry(index, 1, static_cast<std::int64_t>(index) - 1,
                                                            filler(kBytes, 1000 + index).substr(0, 100))});
    world.flush();
    world.store().set_committed(GroupId(1), Index(index));
  }
  EXPECT_GT(world.store().stats().kept_files, 0u);
  world.restart_machine();
  for (const auto& entry : all_entries(world.store(), GroupId(1))) {
    const std::string whole = filler(kBytes, 1000 + entry.header.index.value);
    ASSERT_EQ(entry.payload.text(), whole.substr(0, entry.payload.size()));
  }
}

TEST_F(KeptTest, AFileOfMostlySmallEntriesIsNotKept) {
  world.open().create(GroupId(1));
  fill({1}, 400, 500);
  EXPECT_EQ(world.store().stats().kept_files, 0u);
  EXPECT_TRUE(files(".kept").empty());
  check(1, 500);
}

TEST_F(KeptTest, AFileGoesWhenAllItsGroupsHaveRemovedWhatTheyHadInIt) {
  Store& store = world.open();
  store.create(GroupId(1));
  store.create(GroupId(2));
  fill({1, 2}, 100);
  const auto kept = files(".kept").size();
  ASSERT_GT(kept, 4u);
  ASSERT_EQ(files(".list").size(), kept);
  retain(1, 60);
  EXPECT_EQ(files(".kept").size(), kept) << "the other group's entries are in all of them";
  retain(2, 60);
  EXPECT_LT(files(".kept").size(), kept);
  check(1);
  check(2);
  world.restart_machine();
  check(1);
  check(2);
  world.store().remove(GroupId(1));
  world.store().remove(GroupId(2));
  world.flush();
  world.settle();
  EXPECT_EQ(files(".kept").size(), 0u);
  EXPECT_EQ(world.store().stats().kept_files, 0u);
}

TEST_F(KeptTest, ARemovalThatIsNotDurableTakesNoFile) {
  Store& store = world.open();
  store.create(GroupId(1));
  fill({1}, 100);
  const auto kept = files(".kept").size();
  store.remove(GroupId(1));
  EXPECT_EQ(files(".kept").size(), kept);
  world.restart_process();
  check(1);
  world.store().retain(GroupId(1), {.below = Offset(90)}, 0, Index(100));
  EXPECT_EQ(files(".kept").size(), kept);
  world.restart_process();
  EXPECT_EQ(world.store().start(GroupId(1)), LogStart{});
  check(1);
}

TEST_F(KeptTest, ARestartRemovesWhatIsNotNeeded) {
  Store& store = world.open();
  store.create(GroupId(1));
  fill({1}, 100);
  ASSERT_GT(files(".kept").size(), 2u);
  store.remove(GroupId(1));
  store.flush([] {});
  world.disk().hold_syncs();
  world.restart_process();  // the removal's record was written, its cleanup did not run
  world.disk().release_syncs();
  EXPECT_FALSE(world.store().has(GroupId(1)));
  EXPECT_EQ(files(".kept").size(), 0u);
  EXPECT_EQ(files(".list").size(), 0u);
}

TEST_F(KeptTest, SpaceOfWhatIsRemovedIsGivenBackWhenItIsMoreThanHalf) {
  world.options.wal_file_bytes = 256u << 10;
  world.options.wal_bytes_max = 256u << 10;
  world.options.kept_payload_bytes_min = 8192;
  Store& store = world.open();
  for (const std::uint64_t group : {1, 2, 3}) store.create(GroupId(group));
  fill({1, 2, 3}, 40, 10'000);
  const std::uint64_t held = store.stats().kept_bytes;
  ASSERT_GT(held, 400'000u);
  retain(1, 30);
  store.upkeep();
  EXPECT_EQ(store.stats().kept_bytes, held);
  retain(2, 30);
  for (int i = 0; i < 10; ++i) store.upkeep();
  world.settle();
  EXPECT_LT(store.stats().kept_bytes, held * 3 / 4);
  check(3, 10'000);
  const auto first = world.disk().contents(files(".kept").front());
  ASSERT_TRUE(first.has_value());
  std::size_t zeros = 0;
  for (const std::byte byte : first->bytes()) zeros += byte == std::byte{0} ? 1 : 0;
  EXPECT_GT(zeros, first->size() / 3);
  world.restart_machine();
  for (const std::uint64_t group : {1, 2, 3}) check(group, 10'000);
}

TEST_F(KeptTest, AFileWhoseListIsDamagedStays) {
  world.open().create(GroupId(1));
  fill({1}, 100);
  const std::string kept = files(".kept").front();
  ASSERT_TRUE(world.disk().flip_bit(files(".list").front(), 40, 1));
  world.restart_process();
  check(1);
  world.store().remove(GroupId(1));
  world.flush();
  world.settle();
  EXPECT_EQ(files(".kept"), std::vector{kept}) << "it is unknown what is in it";
}

// A process dies when the sync of a list fails; the next one finds the list in the system's memory, from
// where it may never reach the disk.
TEST_F(KeptTest, AListThatADeadProcessLeftIsMadeDurable) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    World machine(seed);
    machine.options = world.options;
    const auto fill_to = [&](std::uint64_t last) {
      Store& store = machine.store();
      while (store.last(GroupId(1)) < Index(last)) {
        const std::uint64_t index = store.last(GroupId(1)).value + 1;
        store.append(GroupId(1), std::vector{data_entry(index, 1, static_cast<std::int64_t>(index) - 1,
                                                        filler(kBytes, index))});
        machine.flush();
        store.set_committed(GroupId(1), Index(index));
      }
      machine.settle();
    };
    machine.open().create(GroupId(1));
    machine.disk().fail_nth(sim::DiskOp::kSync, 1, env::DiskError::kIo, ".list");
    EXPECT_THROW(fill_to(200), Fatal);
    machine.stop();
    machine.disk().clear_faults();
    machine.open();
    fill_to(machine.store().last(GroupId(1)).value + 30);
    machine.restart_machine();
    machine.store().remove(GroupId(1));
    machine.flush();
    machine.settle();
    EXPECT_EQ(machine.store().stats().kept_files, 0u) << "a list that was lost keeps its file for good";
  }
}

// A list is made while the last flush of its file is on its way. That is lost, and the file is written to
// again.
TEST_F(KeptTest, AListOfAFileThatIsWrittenToAgainDoesNotCount) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    SCOPED_TRACE(seed);
    World machine(seed);
    machine.options = world.options;
    machine.options.wal_bytes_max = 32u << 10;
    Store& store = machine.open();
    store.create(GroupId(1));
    const auto append = [&](Store& to, int count) {
      for (int i = 0; i < count; ++i) {
        const std::uint64_t index = to.last(GroupId(1)).value + 1;
        to.append(GroupId(1), std::vector{data_entry(index, 1, static_cast<std::int64_t>(index) - 1,
                                                     filler(kBytes, index))});
      }
    };
    append(store, 8);
    machine.flush();
    append(store, 6);
    machine.disk().hold_syncs();
    store.flush([] {});
    store.set_committed(GroupId(1), store.last(GroupId(1)));
    store.upkeep();
    machine.stop();
    machine.disk().clear_faults();
    machine.disk().power_loss();
    Store& again = machine.open();
    again.create(GroupId(2));  // what follows stands elsewhere in the file than before
    while (again.last(GroupId(1)) < Index(80)) {
      append(again, 1);
      machine.flush();
      again.set_committed(GroupId(1), again.last(GroupId(1)));
      machine.settle();
    }
    ASSERT_GT(again.stats().kept_files, 0u);
    for (const auto& entry : all_entries(again, GroupId(1)))
      ASSERT_EQ(entry.payload.text(), filler(kBytes, entry.header.index.value));
  }
}

TEST_F(KeptTest, DamageIsFoundWhenTheEntryIsRead) {
  world.open().create(GroupId(1));
  fill({1}, 100);
  ASSERT_TRUE(world.disk().flip_bit(files(".kept").front(), 5000, 1));
  const auto got = world.store().read(GroupId(1), Index(1), Index(100), 1u << 20);
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, ErrorCode::kDamaged);
}

TEST_F(KeptTest, ADamagedHeaderIsNotTakenForTheEnd) {
  world.open().create(GroupId(1));
  fill({1}, 100);
  const std::string segment = files(".seg").front();
  for (std::uint64_t at = 64; at < 64 + 48; ++at)
    for (unsigned bit = 0; bit < 8; ++bit) {
      ASSERT_TRUE(world.disk().flip_bit(segment, at, bit));
      for (const auto wait : {Wait::kForDevice, Wait::kNo}) {
        const auto got = world.store().read_from_offset(GroupId(1), Offset(0), Index(100), 1u << 20, wait);
        EXPECT_TRUE(!got || !got->empty()) << "byte " << at << ", bit " << bit;
        if (got && !got->empty()) {
          EXPECT_EQ(got->front().payload.text(), filler(kBytes, 1001));
        }
      }
      const auto got = world.store().read(GroupId(1), Index(1), Index(100), 1u << 20);
      EXPECT_TRUE(!got || !got->empty()) << "byte " << at << ", bit " << bit;
      ASSERT_TRUE(world.disk().flip_bit(segment, at, bit));
    }
}

TEST_F(KeptTest, OfAKeptFileLittleMoreIsLoadedThanWhatIsMissing) {
  world.open().create(GroupId(1));
  fill({1}, 100);
  world.disk().set_cold(1, 2);
  std::map<std::string, std::size_t> loads;  // bytes, by the kind of file
  for (int tries = 0; tries < 100; ++tries) {
    const auto got =
        world.store().read_from_offset(GroupId(1), Offset(tries), Index(100), 1u << 20, Wait::kNo);
    if (got) continue;
    ASSERT_EQ(got.error().code, ErrorCode::kNotCached);
    const auto& piece = *got.error().piece;
    loads[piece.path.substr(piece.path.rfind('.'))] = piece.bytes;
  }
  EXPECT_EQ(loads[".kept"], 256u << 10) << "the payloads of other partitions follow";
  EXPECT_EQ(loads[".seg"], 1u << 20) << "what is read next follows";
}

TEST_F(KeptTest, AMissingFileIsDamage) {
  world.open().create(GroupId(1));
  fill({1}, 100);
  const std::string kept = files(".kept").front();
  world.stop();
  ASSERT_TRUE(world.disk().remove(kept).has_value());
  world.open();
  const auto got = world.store().read(GroupId(1), Index(1), Index(100), 1u << 20);
  ASSERT_FALSE(got.has_value());
  EXPECT_EQ(got.error().code, ErrorCode::kDamaged);
}

TEST(KeptList, IsReadBackAsItWasWritten) {
  const std::vector<WalPayload> payloads = {{GroupId(1), Index(2), 3000, 70'000},
                                            {GroupId(9), Index(1), 80'000, 65'536}};
  const Slice bytes = encode_kept_list(7, payloads);
  EXPECT_EQ(decode_kept_list(7, bytes.bytes()), payloads);
  EXPECT_FALSE(decode_kept_list(8, bytes.bytes()).has_value());
  for (std::size_t end = 0; end < bytes.size(); ++end)
    EXPECT_FALSE(decode_kept_list(7, bytes.bytes().first(end)).has_value());
}

}  // namespace
}  // namespace kontiki::storage
