// A replica can leave a node and come back: the same group is removed and created again.
#include "world.h"

#include <gtest/gtest.h>

namespace kontiki::storage {
namespace {

constexpr GroupId kGroup{7};

// The snapshot of the life before is still on its way to the disk when the new life begins:
//   1. a snapshot is written, its sync takes long;  2. the group is removed, its folder goes;
//   3. it is created again;  4. the sync is done, and the file is not there to be renamed.
TEST(Lives, ASnapshotOfTheLifeBeforeIsForgotten) {
  World world;
  Store& store = world.open();
  store.create(kGroup);
  store.append(kGroup, std::vector{data_entry(1, 1, 0, "old")});
  world.flush();
  world.settle();
  bool old_done = false;
  store.save_snapshot(kGroup, Index(1), Slice::copy_of("old"), [&] { old_done = true; });
  // Its sync is on its way, while the group goes and comes.
  store.remove(kGroup);
  store.create(kGroup);
  bool done = false;
  store.save_snapshot(kGroup, Index(0), Slice::copy_of("new"), [&] { done = true; });
  world.settle();
  EXPECT_TRUE(done);
  EXPECT_FALSE(old_done);
  const auto snapshot = store.load_snapshot(kGroup);
  ASSERT_TRUE(snapshot && *snapshot);
  EXPECT_EQ((*snapshot)->state.text(), "new");
}

TEST(Lives, TheNewLogIsEmptyAndStaysAfterARestart) {
  World world;
  world.options.wal_file_bytes = 16 << 10;
  world.options.wal_bytes_max = 64 << 10;
  world.options.segment_bytes = 16 << 10;
  Store& store = world.open();
  store.create(kGroup);
  for (std::uint64_t i = 1; i <= 200; ++i) {
    store.append(kGroup, std::vector{data_entry(i, 1, static_cast<std::int64_t>(i) - 1, filler(1000, i))});
    store.set_committed(kGroup, Index(i));
    world.flush();
  }
  world.settle();
  store.remove(kGroup);
  world.flush();
  store.create(kGroup);
  EXPECT_EQ(store.last(kGroup), Index(0));
  store.append(kGroup, std::vector{data_entry(1, 9, 0, "new")});
  world.flush();
  Store& again = world.restart_machine();
  ASSERT_NE(world.found(7), nullptr);
  const auto entries = all_entries(again, kGroup);
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].payload.text(), "new");
}

}  // namespace
}  // namespace kontiki::storage
