// Recovery after a crash at any moment: everything whose flush was acknowledged is there, exactly; nothing is
// invented; the log has no hole; and what is found does not depend on how often the machine dies while it is
// being found.
#include "unit/storage/world.h"

#include <gtest/gtest.h>

#include <deque>

namespace kontiki::storage {
namespace {

// What a group looks like after some of the staged operations.
struct ModelGroup {
  HardState hard;
  LogStart start;
  std::vector<Entry> log;  // after `start`
  Index last() const { return log.empty() ? start.index : log.back().header.index; }
  std::int64_t next_offset() const {
    return log.empty() ? start.next_offset.value : log.back().header.next_offset().value;
  }
};
using Model = std::map<GroupId, ModelGroup>;

// Runs a random load against a Store and remembers the model after every operation since the last
// acknowledged flush.
class Load {
 public:
  Load(World& world, std::uint64_t seed) : world_(world), prng_(seed) { history_.push_back({}); }

  // One operation, staged.
  void step() {
    Model next = history_.back();
    Store& store = world_.store();
    const auto kind = prng_.below(40);
    if (next.size() < 3 || (kind == 0 && next.size() < 8)) {
      const GroupId id(next_group_++);
      next[id] = {};
      store.create(id);
      term_[id] = 1;
    } else {
      auto it = next.begin();
      std::advance(it, static_cast<std::ptrdiff_t>(prng_.below(next.size())));
      const GroupId id = it->first;
      ModelGroup& group = it->second;
      if (kind == 1) {
        store.remove(id);
        next.erase(id);
      } else if (kind == 2) {
        // A snapshot of any place that is not known to be committed yet, within the log or beyond.
        const Index committed = std::max(committed_[id], group.start.index);
        const Index at = committed + prng_.below(group.last() - committed + 5);
        const LogStart start{at, Term(++term_[id]), Offset(group.next_offset() + 3)};
        store.reset(id, start);
        group.start = start;
        group.log.clear();
        committed_[id] = start.index;
      } else if (kind <= 6) {
        group.hard = {Term(++term_[id]), NodeId(static_cast<std::int32_t>(prng_.below(5)))};
        store.set_hard_state(id, group.hard);
      } else if (kind <= 8) {
        retain(id, group);
      } else {
        append(id, next);
      }
    }
    history_.push_back(std::move(next));
  }

  // Flushes; commits part of what is durable then.
  void flush_begin() {
    flushing_ = history_.size() - 1;
    done_ = false;
    world_.store().flush([this] { acknowledged(); });
  }
  bool flushed() const { return done_; }
  const Model& newest() const { return history_.back(); }

  // The store that was just opened holds one of the states since the last acknowledged one. Goes on from
  // there.
  void check_and_adopt() {
    Store& store = world_.store();
    Model found;
    for (const auto& group : world_.recovered) {
      ASSERT_FALSE(group.damage.has_value()) << *group.damage;
      ModelGroup& into = found[group.group];
      into.hard = group.hard_state;
      into.start = group.start;
      into.log = all_entries(store, group.group);
      ASSERT_EQ(into.last(), group.last);
      ASSERT_EQ(into.next_offset(), group.next_offset.value);
      ASSERT_EQ(store.last(group.group), group.last);
      Index expected = group.start.index;
      for (const auto& entry : into.log) {
        ASSERT_EQ(entry.header.index, ++expected) << "a hole in the log";
        ASSERT_EQ(store.term_at(group.group, expected), entry.header.term);
      }
      ASSERT_LE(group.committed, group.last);
    }
    const auto same = [&](const Model& model) { return describe(model) == describe(found); };
    const auto match = std::ranges::find_if(history_, same);
    ASSERT_NE(match, history_.end()) << "found\n"
                                     << describe(found) << "\nacknowledged\n"
                                     << describe(history_.front()) << "\nnewest\n"
                                     << describe(history_.back());
    history_.clear();
    history_.push_back(std::move(found));
    for (const auto& group : world_.recovered) {
      Index& index = committed_[group.group];
      index = std::max(group.committed, std::min(index, group.last));
    }
  }

 private:
  // Entry by entry, because a flush of several batches may tear between any two.
  void append(GroupId id, Model& next) {
    ModelGroup& group = next[id];
    Index first = group.last() + 1;
    const Index committed = std::max(committed_[id], group.start.index);
    if (prng_.chance(1, 4) && group.last() > committed) {
      first = committed + 1 + prng_.below(group.last() - committed);
      group.log.resize(static_cast<std::size_t>(first - group.start.index) - 1);
      ++term_[id];
    }
    std::int64_t offset = group.next_offset();
    for (std::uint64_t i = 0, n = 1 + prng_.below(4); i < n; ++i) {
      const std::uint64_t index = first.value + i;
      const auto size = prng_.chance(1, 20) ? 600 + prng_.below(2500) : prng_.below(120);
      const Entry entry = prng_.chance(1, 5)
                              ? other_entry(index, term_[id], offset, EntryKind::kConfiguration, "members")
                              : data_entry(index, term_[id], offset, filler(size, prng_.next()), 2);
      offset = entry.header.next_offset().value;
      if (i != 0) history_.push_back(next);
      world_.store().append(id, std::span(&entry, 1));
      group.log.push_back(entry);
    }
  }
  void retain(GroupId id, ModelGroup& group) {
    const Retention by_size{.bytes = 2000};
    const Retention by_time{.time_ms = 0};  // takes all that it may, the newest segment too
    const Retention deleted{.below = Offset(static_cast<std::int64_t>(
                                prng_.below(static_cast<std::uint64_t>(group.next_offset()) + 1)))};
    const Retention& wish = prng_.chance(1, 3) ? by_time : prng_.chance(1, 2) ? by_size : deleted;
    const LogStart start = world_.store().retain(id, wish, 1'000'000, committed_[id]);
    if (start == group.start) return;
    if (&wish == &deleted) {
      ASSERT_LE(start.next_offset, deleted.below);
    }
    const auto cut = static_cast<std::ptrdiff_t>(start.index - group.start.index);
    ASSERT_LE(start.index, committed_[id]);
    group.log.erase(group.log.begin(), group.log.begin() + cut);
    group.start = start;
  }
  void acknowledged() {
    done_ = true;
    history_.erase(history_.begin(), history_.begin() + static_cast<std::ptrdiff_t>(flushing_));
    for (const auto& [id, group] : history_.front()) {
      if (prng_.chance(1, 3) || !world_.store().has(id)) continue;
      // Only what no staged append contradicts.
      Index limit = group.last();
      for (const auto& later : history_) {
        const auto it = later.find(id);
        if (it == later.end() || it->second.start != group.start) {
          limit = Index(0);
          break;
        }
        Index same = group.start.index;
        for (std::size_t i = 0; i < std::min(group.log.size(), it->second.log.size()); ++i) {
          if (!(group.log[i] == it->second.log[i])) break;
          same = group.log[i].header.index;
        }
        limit = std::min(limit, same);
      }
      if (limit > committed_[id]) {
        committed_[id] = limit;
        world_.store().set_committed(id, limit);
      }
    }
  }
  static std::string describe(const Model& model) {
    std::string out;
    for (const auto& [id, group] : model) {
      out += "group " + std::to_string(id.value) + " term " + std::to_string(group.hard.term.value) +
             " vote " + std::to_string(group.hard.voted_for.value) + " start " +
             std::to_string(group.start.index.value) + "/" + std::to_string(group.start.term.value) + "/" +
             std::to_string(group.start.next_offset.value) + ":";
      for (const auto& entry : group.log) {
        out += " " + std::to_string(entry.header.index.value) + "@" +
               std::to_string(entry.header.term.value) + "#" +
               std::to_string(std::hash<std::string_view>{}(entry.payload.text()) % 9973);
      }
      out += "\n";
    }
    return out;
  }

  World& world_;
  Prng prng_;
  std::deque<Model> history_;  // front: acknowledged; then after each operation since
  std::size_t flushing_ = 0;
  bool done_ = true;
  std::uint64_t next_group_ = 1;
  std::map<GroupId, std::uint64_t> term_;
  std::map<GroupId, Index> committed_;
};

void make_small(World& world, std::uint64_t seed) {
  world.options.wal_file_bytes = 700 + seed % 3000;
  world.options.wal_bytes_max = (seed % 4 == 1 ? 1 : 3) * world.options.wal_file_bytes;
  world.options.wal_batch_bytes_max = 300 + seed % 1000;
  world.options.segment_bytes = 900 + seed % 1700;
  world.options.index_interval_bytes = 200 + seed % 300;
  world.options.open_files_max = 6;
  if (seed % 3 != 0) world.options.kept_payload_bytes_min = 20 + seed % 160;
  world.disk().set_sync_delay_us(50, 400);
}

enum class Death { kMachine, kProcess, kEither };

// Crashes after a random number of events, which fall between any two writes, syncs and callbacks.
void run(std::uint64_t seed, Death death, int crashes) {
  SCOPED_TRACE("seed " + std::to_string(seed));
  World world(seed);
  make_small(world, seed);
  world.open();
  Load load(world, seed);
  Prng prng(seed * 7919);
  for (int crash = 0; crash < crashes; ++crash) {
    const auto steps = prng.chance(1, 4) ? 0 : prng.below(120);
    for (std::uint64_t i = 0; i < steps; ++i) {
      load.step();
      if (!world.store().in_flight() && prng.chance(1, 3)) load.flush_begin();
      if (prng.chance(1, 30)) world.store().upkeep();
      for (std::uint64_t k = prng.below(4); k > 0; --k) world.scheduler().step();
    }
    if (prng.chance(1, 10) && !world.store().in_flight()) world.store().close();
    const bool machine = death == Death::kMachine || (death == Death::kEither && prng.chance(1, 2));
    world.stop();
    if (machine) world.disk().power_loss(prng);
    const auto opened = world.try_open();
    ASSERT_TRUE(opened.has_value()) << opened.error().message;
    // Recovery itself can be cut short at any point and be begun again.
    if (prng.chance(1, 3)) {
      world.stop();
      if (machine) world.disk().power_loss(prng);
      const auto again = world.try_open();
      ASSERT_TRUE(again.has_value()) << again.error().message;
    }
    load.check_and_adopt();
    if (testing::Test::HasFatalFailure()) return;
  }
}

TEST(Crash, NothingAcknowledgedIsLostWhenTheMachineDies) {
  for (std::uint64_t seed = 1; seed <= 100; ++seed) {
    run(seed, Death::kMachine, 8);
    if (HasFatalFailure()) return;
  }
}

TEST(Crash, NothingAcknowledgedIsLostWhenTheProcessDies) {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    run(seed, Death::kProcess, 8);
    if (HasFatalFailure()) return;
  }
}

// What recovery reported after the death of a process counts as acknowledged: it must outlive the machine,
// too.
TEST(Crash, WhatARestartedProcessFoundSurvivesTheMachine) {
  for (std::uint64_t seed = 1001; seed <= 1040; ++seed) {
    run(seed, Death::kEither, 20);
    if (HasFatalFailure()) return;
  }
}

// What an opened Store found, in one line per group.
Result<std::string, Error> found_by_opening(sim::SimDisk& disk, const Options& options) {
  sim::Scheduler scheduler(1);
  sim::SimClock clock(scheduler);
  sim::SimExecutor executor(scheduler);
  auto opened = Store::open(disk, executor, clock, World::kDir, options);
  if (!opened) return unexpected(opened.error());
  std::string out;
  for (const auto& group : (*opened)->take_recovered()) {
    out += std::to_string(group.group.value) + ": " + std::to_string(group.hard_state.term.value) + " " +
           std::to_string(group.start.index.value) + " " + std::to_string(group.last.value) + " " +
           std::to_string(group.next_offset.value) + (group.damage ? *group.damage : "") + "\n";
  }
  return out;
}

// Many moments, each with many power losses: every one torn in another way. What the first start afterwards
// found, a second one finds again, whatever was lost in between.
TEST(Crash, TheUnacknowledgedEndTearsInEveryWay) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    World world(seed);
    make_small(world, seed);
    world.options.wal_batch_bytes_max = 200;
    world.open();
    Load load(world, seed);
    for (int i = 0; i < 200; ++i) {
      load.step();
      if (i % 5 == 0 && !world.store().in_flight()) load.flush_begin();
      world.scheduler().step();
      if (i % 7 != 0) continue;
      for (std::uint64_t loss = 1; loss <= 8; ++loss) {
        SCOPED_TRACE("seed " + std::to_string(seed) + " step " + std::to_string(i) + " loss " +
                     std::to_string(loss));
        const auto disk = world.disk().clone(loss);
        disk->power_loss();
        const auto first = found_by_opening(*disk, world.options);
        ASSERT_TRUE(first.has_value()) << first.error().message;
        disk->power_loss();
        const auto second = found_by_opening(*disk, world.options);
        ASSERT_TRUE(second.has_value()) << second.error().message;
        ASSERT_EQ(*first, *second);
      }
    }
  }
}

// A crash during the very first start, at each of its disk operations.
TEST(Crash, AnInterruptedFirstStartIsBegunAgain) {
  for (const auto op : {sim::DiskOp::kOpen, sim::DiskOp::kWrite, sim::DiskOp::kSync, sim::DiskOp::kSyncDir,
                        sim::DiskOp::kRename}) {
    for (std::uint64_t nth = 1; nth <= 6; ++nth) {
      World world(nth);
      world.disk().fail_nth(op, nth, env::DiskError::kIo);
      try {
        const auto opened = world.try_open();
        (void)opened;
      } catch (const Fatal&) {
      }
      world.stop();
      world.disk().clear_faults();
      world.disk().power_loss();
      Store& store = world.open();
      store.create(GroupId(1));
      world.flush();
      EXPECT_TRUE(world.restart_machine().has(GroupId(1)));
    }
  }
}

// The process ends at any disk operation while files of the write-ahead log become the spare and the spare
// the next file, or get a list and another name, and then the power fails, in many ways.
void run_while_files_are_emptied(std::size_t kept_payload_bytes_min) {
  for (const auto op : {sim::DiskOp::kOpen, sim::DiskOp::kWrite, sim::DiskOp::kSync, sim::DiskOp::kSyncDir,
                        sim::DiskOp::kRename}) {
    for (std::uint64_t nth = 1; nth <= 12; ++nth) {
      SCOPED_TRACE("operation " + std::to_string(static_cast<int>(op)) + ", the " + std::to_string(nth) +
                   "th");
      World world(nth);
      world.options.wal_file_bytes = 1000;
      world.options.wal_bytes_max = 3000;
      world.options.kept_payload_bytes_min = kept_payload_bytes_min;
      world.open().create(GroupId(1));
      std::uint64_t acknowledged = 0;
      const auto write = [&](std::uint64_t until) {
        Store& store = world.store();
        store.set_committed(GroupId(1), store.last(GroupId(1)));
        while (acknowledged < until) {
          const std::uint64_t index = store.last(GroupId(1)).value + 1;
          store.append(GroupId(1), std::vector{data_entry(index, 1, static_cast<std::int64_t>(index) - 1,
                                                          filler(300, index))});
          world.flush();
          acknowledged = index;
          store.set_committed(GroupId(1), Index(index));
          world.settle();
        }
      };
      const auto lose_power = [&] {
        for (std::uint64_t loss = 1; loss <= 10; ++loss) {
          const auto disk = world.disk().clone(loss);
          disk->power_loss();
          sim::Scheduler scheduler(1);
          sim::SimClock clock(scheduler);
          sim::SimExecutor executor(scheduler);
          const auto opened = Store::open(*disk, executor, clock, World::kDir, world.options);
          ASSERT_TRUE(opened.has_value()) << opened.error().message;
          ASSERT_FALSE((*opened)->set_aside()) << *(*opened)->set_aside();
          ASSERT_GE((*opened)->last(GroupId(1)), Index(acknowledged));
          const auto found = all_entries(**opened, GroupId(1));
          ASSERT_GE(found.size(), acknowledged);
          for (const auto& entry : found)
            ASSERT_EQ(entry.payload.text(), filler(300, entry.header.index.value));
        }
      };
      write(40);
      world.disk().fail_nth(op, nth, env::DiskError::kIo, "/wal");
      try {
        write(80);
      } catch (const Fatal&) {
      }
      world.stop();
      world.disk().clear_faults();
      lose_power();
      if (testing::Test::HasFatalFailure()) return;
      // What the process left behind is found by the next one, which goes on from there.
      world.open();
      for (std::uint64_t more = 1; more <= 6; ++more) {
        write(acknowledged + 1);
        lose_power();
        if (testing::Test::HasFatalFailure()) return;
      }
    }
  }
}

TEST(Crash, NothingAcknowledgedIsLostWhileAFileOfTheLogIsUsedAgain) {
  run_while_files_are_emptied(1u << 20);
}

TEST(Crash, NothingAcknowledgedIsLostWhileAFileOfTheLogIsKept) {
  run_while_files_are_emptied(300);
}

}  // namespace
}  // namespace kontiki::storage
