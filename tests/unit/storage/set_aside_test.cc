// What is done about damage: it is set aside, kept until it is replaced, and the log starts anew.
#include "unit/storage/damage.h"

namespace kontiki::storage {
namespace {

class SetAside : public DamageTest {};

// Until the others have replaced it, what is damaged is all that there is of it here.
TEST_F(SetAside, WhatIsSetAsideStaysUntilItIsReplaced) {
  world.options.wal_file_bytes = 1 << 20;
  world.options.wal_bytes_max = 1 << 20;
  world.open().create(kGroup);
  fill(30);
  stop_sealed();
  world.disk().flip_bit(wal_path("1"), 125, 1);
  const std::string aside =
      std::string(World::kDir) + ".damaged/wal/" + wal_path("1").substr(wal_path("1").rfind('/') + 1);
  world.open();
  EXPECT_TRUE(world.store().set_aside());
  EXPECT_TRUE(world.disk().contents(aside));
  const Uuid second = world.store().id();
  world.restart_machine();
  EXPECT_TRUE(world.store().set_aside());
  EXPECT_EQ(world.store().id(), second);
  // Damaged again before the repair was done: the first is what counts.
  world.store().create(kGroup);
  world.flush();
  world.store().upkeep();
  world.settle();
  world.stop();
  world.disk().flip_bit(wal_path("1"), 80, 1);
  world.open();
  EXPECT_TRUE(world.disk().contents(aside)->size() > 1000);
  EXPECT_NE(world.store().id(), second);
  world.store().drop_set_aside();
  EXPECT_FALSE(world.store().set_aside());
  world.restart_process();
  EXPECT_FALSE(world.store().set_aside());
  EXPECT_FALSE(world.disk().contents(aside));
}

TEST_F(SetAside, ADiscardedLogStartsAnewAndIsKeptAsideUntilTheDoubtIsSettled) {
  world.open().create(kGroup);
  fill(150);
  int done = 0;
  world.store().save_snapshot(kGroup, Index(3), Slice::copy_of("on its way"), [&] { ++done; });
  hard.doubt = {.token = 99, .open = true};
  world.store().discard(kGroup, hard);
  EXPECT_EQ(world.store().last(kGroup), Index(0));
  EXPECT_EQ(world.store().next_offset(kGroup), Offset(0));
  const auto kept = [&] { return world.disk().list(std::string(World::kDir) + "/damaged/7").has_value(); };
  EXPECT_TRUE(kept());
  world.flush();
  world.settle();
  EXPECT_EQ(done, 0) << "the snapshot of what was thrown away was saved";
  EXPECT_FALSE(*world.store().load_snapshot(kGroup));

  const auto first = data_entry(1, 9, 0, "sent by the leader");
  world.store().append(kGroup, std::span(&first, 1));
  world.flush();
  world.restart_machine();
  ASSERT_NE(world.found(7), nullptr);
  EXPECT_EQ(world.found(7)->hard_state, hard);
  EXPECT_EQ(world.found(7)->last, Index(1));
  EXPECT_FALSE(world.found(7)->damage);
  EXPECT_TRUE(kept());
  hard.doubt.open = false;
  world.store().set_hard_state(kGroup, hard);
  EXPECT_TRUE(kept()) << "gone before the end of the doubt is durable";
  world.flush();
  EXPECT_FALSE(kept());
}

// The files are aside, but the power goes before the log says so: found damaged again, and kept.
TEST_F(SetAside, ADiscardThatIsCutOffIsFoundAgain) {
  world.open().create(kGroup);
  fill(150);
  hard.doubt = {.token = 99, .open = true};
  world.store().discard(kGroup, hard);
  world.restart_machine();
  ASSERT_NE(world.found(7), nullptr);
  EXPECT_TRUE(world.found(7)->damage);
  EXPECT_TRUE(world.disk().list(std::string(World::kDir) + "/damaged/7").has_value());
  world.store().discard(kGroup, hard);
  world.flush();
  world.restart_machine();
  EXPECT_FALSE(world.found(7)->damage);
  EXPECT_EQ(world.found(7)->hard_state, hard);
  EXPECT_GT(world.disk().list(std::string(World::kDir) + "/damaged/7")->size(), 1u);
}

}  // namespace
}  // namespace kontiki::storage
