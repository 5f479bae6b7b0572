// Damage on the medium: a bit that flips in acknowledged data is found or harmless, never served; files that
// are cut or lie behind a right checksum never crash; a torn end is told from damage.
#include "unit/storage/damage.h"

#include "base/bytes_io.h"
#include "base/crc32c.h"
#include "storage/dump.h"
#include "storage/snapshots.h"
#include "storage/wal_format.h"
#include "storage/wal_scan.h"

#include <gtest/gtest.h>

namespace kontiki::storage {
namespace {

class DamageFound : public DamageTest {
 protected:
  // How much of a file counts: behind the last batch of a write-ahead log are zeros, or bytes of an earlier
  // use.
  std::size_t counting_bytes(const std::string& path) {
    const Slice bytes = *world.disk().contents(path);
    if (!path.ends_with(".wal")) return bytes.size();
    const auto ignore = [](const WalBatchHeader&, const Slice&, std::uint64_t) {};
    return std::min(bytes.size(), follow_chain(bytes, *decode_file_header(bytes.bytes()), ignore).end);
  }
  // Opens a copy of the disk and reads everything. True if damage was reported; checks that nothing wrong was
  // served.
  bool is_found(sim::SimDisk& disk) {
    sim::Scheduler& scheduler = world.scheduler();
    sim::SimClock clock(scheduler);
    sim::SimExecutor executor(scheduler);
    auto opened = Store::open(disk, executor, clock, World::kDir, world.options);
    if (!opened) {
      ADD_FAILURE() << opened.error().message;
      return true;
    }
    Store& store = **opened;
    const auto recovered = store.take_recovered();
    if (store.set_aside()) {
      EXPECT_NE(store.set_aside()->find(World::kDir), std::string::npos) << *store.set_aside();
      EXPECT_TRUE(recovered.empty()) << "a damaged store was used";
      EXPECT_NE(store.id(), id) << "a store that forgot everything must not pass for the old one";
      EXPECT_TRUE(disk.list(std::string(World::kDir) + ".damaged/groups").has_value() ||
                  disk.list(std::string(World::kDir) + ".damaged/wal").has_value())
          << "what was damaged is kept";
      return true;
    }
    EXPECT_EQ(recovered.size(), 1u) << "a group is gone or was invented";
    if (recovered.size() != 1) return false;
    const bool marked = recovered[0].damage.has_value();
    if (!marked) {
      EXPECT_EQ(recovered[0].last, Index(entries.size())) << "acknowledged entries are gone";
      EXPECT_EQ(recovered[0].hard_state, hard);
    }
    bool found = marked;
    for (Index next(1); next <= Index(entries.size());) {
      const auto got = store.read(kGroup, next, Index(entries.size()), 1000);
      if (!got) {
        EXPECT_EQ(got.error().code, marked && got.error().code == ErrorCode::kNotFound ? ErrorCode::kNotFound
                                                                                       : ErrorCode::kDamaged)
            << got.error().message;
        found = true;
        ++next;
        continue;
      }
      for (const auto& entry : *got)
        EXPECT_EQ(entry, entries[entry.header.index.value - 1]) << "damage was served";
      next = got->back().header.index + 1;
    }
    if (!found) {
      for (std::int64_t at = 1; at <= static_cast<std::int64_t>(entries.size()); at += 9) {
        const auto got = store.find_timestamp(kGroup, at, Offset(0), Index(entries.size()));
        EXPECT_TRUE(got && *got && (*got)->header.index == Index(static_cast<std::uint64_t>(at)));
      }
    }
    return found;
  }
};

TEST_F(DamageFound, AnyFlippedBitIsFoundOrHarmless) {
  world.open().create(kGroup);
  world.store().set_hard_state(kGroup, hard);
  fill(150);
  stop_sealed();
  Prng prng(11);
  std::map<std::string, int> found;
  std::map<std::string, int> tried;
  for (const auto& path : world.disk().files()) {
    const std::string kind = path.substr(path.find_last_of("./") + 1);
    const std::size_t size = counting_bytes(path);
    // Headers fully, the rest by every few bytes.
    for (std::size_t at = 0; at < size; at += at < 120 ? 1 : 1 + prng.below(9)) {
      const auto disk = world.disk().clone(1);
      ASSERT_TRUE(disk->flip_bit(path, at, static_cast<unsigned>(prng.below(8))));
      SCOPED_TRACE(path + " byte " + std::to_string(at));
      ++tried[kind];
      found[kind] += is_found(*disk) ? 1 : 0;
      if (HasFailure()) return;
    }
  }
  EXPECT_EQ(found["seg"], tried["seg"]) << "a bit of a segment does not matter?";
  EXPECT_EQ(found["store"], tried["store"]);
  EXPECT_EQ(found["idx"], 0) << "an index is made anew";
  // All but the padding after batches, and the seal itself, whose loss is a torn end.
  EXPECT_GT(found["wal"], tried["wal"] * 8 / 10);
  EXPECT_GT(tried["seg"], 1000);
  EXPECT_GT(tried["wal"], 500);
}

TEST_F(DamageFound, AnyCutFileIsFoundOrHarmless) {
  world.open().create(kGroup);
  world.store().set_hard_state(kGroup, hard);
  fill(150);
  world.store().upkeep();
  world.settle();
  // A batch after the seal proves that everything before was synced.
  id = world.store().id();
  world.stop();
  Prng prng(12);
  const auto files = world.disk().files();
  const std::string newest_wal = *std::ranges::find_if(
      files.rbegin(), files.rend(), [](const std::string& path) { return path.ends_with(".wal"); });
  for (const auto& path : files) {
    // The end of the newest WAL file can be cut without a trace: its loss cannot be told from a write that
    // never was.
    if (path == newest_wal) continue;
    const std::size_t size = world.disk().contents(path)->size();
    for (std::size_t at = 0; at < size; at += 1 + prng.below(50)) {
      const auto disk = world.disk().clone(1);
      ASSERT_TRUE(disk->truncate_file(path, at));
      SCOPED_TRACE(path + " cut at " + std::to_string(at));
      const bool found = is_found(*disk);
      EXPECT_TRUE(found || !path.ends_with(".seg"));
      if (HasFailure()) return;
    }
  }
}

TEST_F(DamageFound, AMissingFileIsFoundOrHarmless) {
  world.open().create(kGroup);
  world.store().set_hard_state(kGroup, hard);
  fill(150);
  stop_sealed();
  const auto files = world.disk().files();
  for (const auto& path : files) {
    const auto disk = world.disk().clone(1);
    ASSERT_TRUE(disk->remove(path).has_value());
    SCOPED_TRACE(path);
    const bool newest_wal =
        path.ends_with(".wal") && std::ranges::none_of(files, [&](const std::string& other) {
          return other.ends_with(".wal") && other > path;
        });
    if (newest_wal) continue;  // cannot be told from a file that was never begun
    EXPECT_EQ(is_found(*disk), !path.ends_with(".idx") && !path.ends_with("/spare"));
  }
}

TEST_F(DamageTest, ATornEndIsCutAndDamageInTheMiddleIsNot) {
  world.options.wal_file_bytes = 1 << 20;
  world.options.wal_bytes_max = 1 << 20;
  Store& store = world.open();
  store.create(kGroup);
  world.flush();
  const std::size_t first_end = world.disk().contents(wal_path("1"))->size();
  store.append(kGroup, std::vector{data_entry(1, 1, 0, "first")});
  world.flush();
  const std::size_t second_end = world.disk().contents(wal_path("1"))->size();
  store.append(kGroup, std::vector{data_entry(2, 1, 1, "second")});
  world.flush();
  world.stop();

  const auto open_copy = [&](sim::SimDisk& disk) {
    sim::SimClock clock(world.scheduler());
    sim::SimExecutor executor(world.scheduler());
    return Store::open(disk, executor, clock, World::kDir, world.options);
  };
  {
    const auto disk = world.disk().clone(1);  // the last batch: nothing proves that it was ever synced
    disk->flip_bit(wal_path("1"), second_end + 60, 0);
    const auto opened = open_copy(*disk);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    EXPECT_EQ((*opened)->last(kGroup), Index(1));
    EXPECT_EQ(disk->contents(wal_path("1"))->size(), second_end) << "the torn end was not cut";
  }
  const auto disk = world.disk().clone(1);  // the one before: the last batch proves that it was synced
  disk->flip_bit(wal_path("1"), first_end + 60, 0);
  const auto opened = open_copy(*disk);
  ASSERT_TRUE(opened.has_value()) << opened.error().message;
  ASSERT_TRUE((*opened)->set_aside()) << "damage in acknowledged data was taken for a torn end";
  EXPECT_NE((*opened)->set_aside()->find("byte " + std::to_string(first_end)), std::string::npos)
      << *(*opened)->set_aside();
}

TEST_F(DamageTest, ASealMakesDamageInTheLastBatchVisible) {
  Store& store = world.open();
  store.create(kGroup);
  world.flush();
  const std::size_t before = world.disk().contents(wal_path("1"))->size();
  store.append(kGroup, std::vector{data_entry(1, 1, 0, "last")});
  world.flush();
  const auto syncs = world.disk().counters().syncs;
  store.upkeep();
  const std::size_t sealed = world.disk().contents(wal_path("1"))->size();
  store.upkeep();
  EXPECT_EQ(world.disk().counters().syncs, syncs) << "a seal costs no sync";
  EXPECT_EQ(world.disk().contents(wal_path("1"))->size(), sealed) << "an idle log was sealed again";
  world.stop();
  world.disk().flip_bit(wal_path("1"), before + 60, 3);
  const auto opened = world.try_open();
  ASSERT_TRUE(opened.has_value());
  EXPECT_TRUE(world.store().set_aside());
}

TEST_F(DamageTest, ZerosGarbageAndOldBytesAfterTheEndAreCut) {
  Store& store = world.open();
  store.create(kGroup);
  store.append(kGroup, std::vector{data_entry(1, 1, 0, "kept")});
  world.flush();
  world.stop();
  const Slice good = *world.disk().contents(wal_path("1"));
  const std::vector<std::string> tails = {std::string(5000, '\0'), filler(3000, 4), std::string(good.text()),
                                          std::string(good.text().substr(64)), "x"};
  for (const auto& tail : tails) {
    const auto disk = world.disk().clone(1);
    auto file = disk->open(wal_path("1"), env::OpenMode::kWrite);
    const Slice bytes = Slice::copy_of(tail);
    ASSERT_TRUE((*file)->write(good.size(), std::span(&bytes, 1)).has_value());
    sim::SimClock clock(world.scheduler());
    sim::SimExecutor executor(world.scheduler());
    const auto opened = Store::open(*disk, executor, clock, World::kDir, world.options);
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    EXPECT_EQ((*opened)->last(kGroup), Index(1));
    EXPECT_EQ(disk->contents(wal_path("1"))->size(), good.size());
  }
}

TEST_F(DamageTest, ABatchThatNamesAnotherPredecessorIsNotTheNext) {
  world.open().create(kGroup);
  world.flush();
  world.stop();
  const Slice good = *world.disk().contents(wal_path("1"));
  const auto file_header = decode_file_header(good.bytes());
  const auto last = decode_batch_header(good.bytes().subspan(kWalFileHeaderBytes), file_header->store);
  ASSERT_TRUE(last.has_value());
  for (const std::uint32_t twist : {0u, 1u}) {
    BatchBuilder builder;
    const Entry entry = data_entry(1, 1, 0, "of another life");
    builder.append(RecordType::kAppend, kGroup, entry.header, entry.payload);
    WalBatchHeader header{.sequence = last->sequence + 1,
                          .synced_below = last->sequence + 1,
                          .first_file = 1,
                          .previous_crc = last->header_crc ^ twist};
    const auto pieces = builder.finish(header, file_header->store);
    const auto disk = world.disk().clone(1);
    auto file = disk->open(wal_path("1"), env::OpenMode::kWrite);
    ASSERT_TRUE((*file)->write(good.size(), pieces).has_value());
    sim::SimClock clock(world.scheduler());
    sim::SimExecutor executor(world.scheduler());
    const auto opened = Store::open(*disk, executor, clock, World::kDir, world.options);
    ASSERT_TRUE(opened.has_value());
    EXPECT_EQ((*opened)->last(kGroup), Index(twist == 0 ? 1 : 0));
  }
}

// Records that no Store would write, behind right checksums.
TEST_F(DamageTest, LiesBehindRightChecksumsDoNotCrash) {
  world.open().create(kGroup);
  world.flush();
  world.stop();
  const Slice good = *world.disk().contents(wal_path("1"));
  const auto file_header = decode_file_header(good.bytes());
  ASSERT_TRUE(file_header.has_value());
  const auto last = decode_batch_header(good.bytes().subspan(kWalFileHeaderBytes), file_header->store);
  ASSERT_TRUE(last.has_value());
  Prng prng(21);
  const auto odd = [&]() -> std::uint64_t {
    switch (prng.below(5)) {
      case 0:
        return 0;
      case 1:
        return prng.below(5);
      case 2:
        return ~std::uint64_t{0} >> prng.below(3);
      case 3:
        return std::uint64_t{1} << prng.below(64);
      default:
        return prng.next();
    }
  };
  for (int i = 0; i < 3000; ++i) {
    BatchBuilder builder;
    for (std::uint64_t n = 1 + prng.below(4); n > 0; --n) {
      const GroupId group(prng.chance(1, 2) ? 7 : odd());
      const auto start = [&] {
        return LogStart{Index(odd()), Term(odd()), Offset(static_cast<std::int64_t>(odd()))};
      };
      const auto type = static_cast<RecordType>(1 + prng.below(6));
      if (type <= RecordType::kCarry) {
        Entry entry = data_entry(odd(), odd(), static_cast<std::int64_t>(odd()), filler(prng.below(40), 1),
                                 static_cast<std::uint32_t>(odd()), static_cast<std::int64_t>(odd()));
        builder.append(type, group, entry.header, entry.payload);
      } else if (type <= RecordType::kReset) {
        builder.state(type, group,
                      {{Term(odd()), NodeId(static_cast<std::int32_t>(odd()))},
                       start(),
                       {start(), Index(odd()), odd()}});
      } else {
        builder.plain(type, group);
      }
    }
    WalBatchHeader header{.sequence = last->sequence + 1,
                          .synced_below = last->sequence + 1,
                          .first_file = prng.chance(1, 8) ? odd() : 1,
                          .previous_crc = last->header_crc};
    const auto pieces = builder.finish(header, file_header->store);
    const auto disk = world.disk().clone(1);
    auto file = disk->open(wal_path("1"), env::OpenMode::kWrite);
    ASSERT_TRUE((*file)->write(good.size(), pieces).has_value());
    sim::SimClock clock(world.scheduler());
    sim::SimExecutor executor(world.scheduler());
    const auto opened = Store::open(*disk, executor, clock, World::kDir, world.options);
    if (!opened) continue;
    for (const auto& group : (*opened)->take_recovered()) {
      if (group.last <= group.start.index || group.damage) continue;
      (void)(*opened)->read(group.group, group.last, group.last, 100);
      (void)(*opened)->read_from_offset(group.group, group.start.next_offset, group.last, 100);
      (void)(*opened)->find_timestamp(group.group, 0, Offset(0), group.last);
    }
  }
}

// The length field of an entry says more than there is, behind a right checksum.
TEST_F(DamageTest, ALyingLengthInASegmentIsDamage) {
  world.open().create(kGroup);
  world.store().set_hard_state(kGroup, hard);
  fill(150);
  stop_sealed();
  const auto files = world.disk().files();
  const auto path = *std::ranges::find_if(files, [](const std::string& p) { return p.ends_with(".seg"); });
  for (const std::uint32_t lie : {0u, 1u, 4096u, 0x3FFFFFFFu, 0x7FFFFFFFu, 0xFFFFFFFFu}) {
    const auto disk = world.disk().clone(1);
    std::string bytes(disk->contents(path)->text());
    std::memcpy(bytes.data() + 64 + 4, &lie, 4);
    const std::uint64_t group = kGroup.value;
    const std::size_t covered = std::min<std::size_t>(44 + std::size_t{lie}, bytes.size() - 68);
    const std::uint32_t crc = crc32c(as_bytes(std::string_view(bytes).substr(68, covered)),
                                     crc32c(std::as_bytes(std::span(&group, 1))));
    std::memcpy(bytes.data() + 64, &crc, 4);
    auto file = disk->open(path, env::OpenMode::kWrite);
    const Slice all = Slice::copy_of(bytes);
    ASSERT_TRUE((*file)->write(0, std::span(&all, 1)).has_value());
    sim::SimClock clock(world.scheduler());
    sim::SimExecutor executor(world.scheduler());
    const auto opened = Store::open(*disk, executor, clock, World::kDir, world.options);
    if (!opened) continue;
    const auto got = (*opened)->read(kGroup, Index(2), Index(3), 10);
    ASSERT_FALSE(got.has_value());
    EXPECT_EQ(got.error().code, ErrorCode::kDamaged);
  }
}

TEST_F(DamageTest, SnapshotsAreReplacedWholeAndTheirDamageIsFound) {
  world.open().create(kGroup);
  world.flush();
  int done = 0;
  for (int i = 1; i <= 5; ++i) {
    world.store().save_snapshot(kGroup, Index(i), Slice::copy_of(filler(500, i)), [&] { ++done; });
  }
  EXPECT_EQ(done, 0) << "answered within the call";
  world.settle();
  EXPECT_EQ(done, 5);
  Store& again = world.restart_machine();
  const auto loaded = again.load_snapshot(kGroup);
  ASSERT_TRUE(loaded && *loaded);
  EXPECT_EQ((*loaded)->applied, Index(5));
  EXPECT_EQ((*loaded)->state.text(), filler(500, 5));
  const std::string path = std::string(World::kDir) + "/groups/7/snapshot";
  for (std::size_t at = 0; at < kSnapshotHeaderBytes + 500; ++at) {
    ASSERT_TRUE(world.disk().flip_bit(path, at, at % 8));
    const auto broken = world.store().load_snapshot(kGroup);
    ASSERT_FALSE(broken.has_value()) << at;
    EXPECT_EQ(broken.error().code, ErrorCode::kDamaged);
    world.disk().flip_bit(path, at, at % 8);
  }
  world.disk().truncate_file(path, 100);
  EXPECT_EQ(world.store().load_snapshot(kGroup).error().code, ErrorCode::kDamaged);
}

TEST_F(DamageTest, DumpReadsEveryFileAndNamesTheDamagedByte) {
  world.open().create(kGroup);
  fill(150);
  world.store().save_snapshot(kGroup, Index(3), Slice::copy_of("state"), [] {});
  world.settle();
  stop_sealed();
  for (const auto& path : world.disk().files()) {
    if (path.ends_with("/store")) continue;
    std::vector<std::string> lines;
    const auto add = [&](std::string_view line) { lines.emplace_back(line); };
    const auto intact = dump_file(world.disk(), path, add);
    ASSERT_TRUE(intact.has_value()) << intact.error().message;
    EXPECT_TRUE(*intact) << path << ": " << lines.back();
    EXPECT_GE(lines.size(), 1u);
    const std::size_t size = world.disk().contents(path)->size();
    for (std::size_t at = 8; at < size; at += 5) {
      const auto disk = world.disk().clone(1);
      disk->flip_bit(path, at, 2);
      lines.clear();
      const auto broken = dump_file(*disk, path, add);
      ASSERT_TRUE(broken.has_value());
      EXPECT_TRUE(!*broken || path.ends_with(".wal")) << path << " byte " << at;
      if (!*broken) {
        EXPECT_NE(lines.back().find("DAMAGED"), std::string::npos);
      }
    }
  }
  EXPECT_FALSE(
      dump_file(world.disk(), std::string(World::kDir) + "/nothing", [](std::string_view) {}).has_value());
}

}  // namespace
}  // namespace kontiki::storage
