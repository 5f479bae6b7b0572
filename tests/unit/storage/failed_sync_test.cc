// A sync fails, the process ends, a new one starts on what the system still shows it, and then the machine
// loses power. Whatever the second process counted on must be there.

#include "world.h"

namespace kontiki::storage {
namespace {

constexpr GroupId kGroup{7};
constexpr std::uint64_t kEntries = 30;

class Attempt {
 public:
  explicit Attempt(std::uint64_t seed) : world_(seed) {
    world_.options.wal_file_bytes = 2048;
    world_.options.wal_bytes_max = 4096;
    world_.options.segment_bytes = 1500;
  }

  // True if the fault struck.
  bool first_process(sim::DiskOp op, std::uint64_t nth) {
    world_.disk().fail_nth(op, nth, env::DiskError::kIo);
    try {
      world_.open();
      for (std::uint64_t i = 1; i <= kEntries; ++i) write(i);
    } catch (const Fatal&) {
      return true;
    }
    world_.disk().clear_faults();
    return false;
  }

  // Counts on what it finds, and adds to it.
  void second_process() {
    Store& store = world_.restart_process();
    const std::uint64_t found = store.has(kGroup) ? store.last(kGroup).value : 0;
    EXPECT_GE(found, acknowledged_);
    for (std::uint64_t i = found + 1; i <= found + 3; ++i) write(i);
  }

  void after_power_loss() {
    world_.stop();
    world_.disk().power_loss();
    const auto opened = world_.try_open();
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    ASSERT_TRUE(world_.recovered.size() == 1 && !world_.recovered[0].damage);
    const auto entries = all_entries(world_.store(), kGroup);
    ASSERT_GE(entries.size(), acknowledged_);
    for (std::uint64_t i = 1; i <= acknowledged_; ++i) EXPECT_EQ(entries[i - 1], entry(i));
  }

 private:
  static Entry entry(std::uint64_t i) {
    return data_entry(i, 1, static_cast<std::int64_t>(i) - 1, filler(50 + i * 7 % 200, i));
  }
  void write(std::uint64_t i) {
    Store& store = world_.store();
    if (!store.has(kGroup)) store.create(kGroup);
    const Entry next = entry(i);
    store.append(kGroup, std::span(&next, 1));
    world_.flush();
    acknowledged_ = i;
    store.set_committed(kGroup, Index(i));
    store.upkeep();
    world_.settle();
  }

  World world_;
  std::uint64_t acknowledged_ = 0;
};

void try_every(sim::DiskOp op) {
  std::uint64_t struck = 0;
  for (std::uint64_t seed = 1; seed <= 6; ++seed)
    for (std::uint64_t nth = 1;; ++nth) {
      SCOPED_TRACE("seed " + std::to_string(seed) + ", failure " + std::to_string(nth));
      Attempt attempt(seed);
      if (!attempt.first_process(op, nth)) break;
      ++struck;
      attempt.second_process();
      attempt.after_power_loss();
      if (testing::Test::HasFailure()) return;
    }
  EXPECT_GT(struck, 30u);
}

TEST(FailedSync, OfAFileIsNotForgottenByTheNextProcess) {
  try_every(sim::DiskOp::kSync);
}

TEST(FailedSync, OfAFolderIsNotForgottenByTheNextProcess) {
  try_every(sim::DiskOp::kSyncDir);
}

}  // namespace
}  // namespace kontiki::storage
