// World: one Store on the faulty disk of the simulator, and the helpers that its tests share. Owned by a
// test.
#pragma once

#include "sim/scheduler.h"
#include "sim/sim_clock.h"
#include "sim/sim_disk.h"
#include "sim/sim_executor.h"
#include "storage/store.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace kontiki::storage {

// Thrown out of fatal() by the handler that World installs, for tests of a broken disk.
struct Fatal {
  Reason reason;
  std::string message;
};

inline Entry data_entry(std::uint64_t index, std::uint64_t term, std::int64_t offset,
                        std::string_view payload, std::uint32_t count = 1, std::int64_t timestamp = 1000) {
  return {{.index = Index(index),
           .term = Term(term),
           .base_offset = Offset(offset),
           .offset_count = count,
           .max_timestamp = timestamp,
           .kind = EntryKind::kData},
          Slice::copy_of(payload)};
}
inline Entry other_entry(std::uint64_t index, std::uint64_t term, std::int64_t offset,
                         EntryKind kind = EntryKind::kTermStart, std::string_view payload = "") {
  return {{.index = Index(index),
           .term = Term(term),
           .base_offset = Offset(offset),
           .offset_count = 0,
           .max_timestamp = -1,
           .kind = kind},
          Slice::copy_of(payload)};
}
// A payload whose bytes depend on `seed`, so that no two are alike.
inline std::string filler(std::size_t size, std::uint64_t seed) {
  std::string out(size, '\0');
  Prng prng(seed);
  for (auto& c : out) c = static_cast<char>(prng.next());
  return out;
}

class World {
 public:
  static constexpr const char* kDir = "data/shard-0";

  explicit World(std::uint64_t seed = 1)
      : disk_(scheduler_, seed), clock_(scheduler_), executor_(scheduler_) {
    set_fatal_handler(
        [](Reason reason, std::string_view message) { throw Fatal{reason, std::string(message)}; });
  }
  ~World() {
    stop();
    scheduler_.clear();  // pending syncs hold their files
    set_fatal_handler(nullptr);
  }

  sim::SimDisk& disk() { return disk_; }
  sim::Scheduler& scheduler() { return scheduler_; }
  Options options;

  Result<void, Error> try_open() {
    auto opened = Store::open(disk_, executor_, clock_, kDir, options);
    if (!opened) return unexpected(opened.error());
    store_ = std::move(*opened);
    recovered = store_->take_recovered();
    return {};
  }
  Store& open() {
    const auto opened = try_open();
    EXPECT_TRUE(opened.has_value()) << opened.error().message;
    return *store_;
  }
  Store& store() { return *store_; }
  bool is_open() const { return store_ != nullptr; }
  // Runs everything to its end, then checks that the flush was acknowledged.
  void flush() {
    bool done = false;
    store_->flush([&] { done = true; });
    scheduler_.run_until([&] { return done; }, 60'000'000);
    EXPECT_TRUE(done);
  }
  void settle() { scheduler_.run_until_idle(); }

  void stop() {
    disk_.crash_process();
    executor_.kill();
    store_.reset();
    executor_.revive();
  }
  Store& restart_process() {
    stop();
    return open();
  }
  Store& restart_machine() {
    stop();
    disk_.power_loss();
    return open();
  }
  // All data from offset 0 on, by reads that do not wait for the device; what they miss is loaded.
  std::vector<Entry> read_without_waiting(GroupId group, std::size_t bytes_max) {
    std::vector<Entry> all;
    Offset from{0};
    for (int tries = 0; from < store_->next_offset(group); ++tries) {
      auto got = store_->read_from_offset(group, from, store_->last(group), bytes_max, Wait::kNo);
      if (!got && got.error().code == ErrorCode::kNotCached && tries < 10'000) {
        bool loaded = false;
        store_->load(*got.error().piece, [&] { loaded = true; });
        EXPECT_FALSE(loaded);
        scheduler_.run_until([&] { return loaded; }, 1'000'000);
        EXPECT_TRUE(loaded);
        continue;
      }
      if (!got || got->empty()) {
        ADD_FAILURE() << "at offset " << from.value << ": " << (got ? "nothing" : got.error().message);
        break;
      }
      from = got->back().header.next_offset();
      for (Entry& entry : *got) all.push_back(std::move(entry));
    }
    return all;
  }
  const RecoveredGroup* found(std::uint64_t group) const {
    for (const auto& g : recovered) {
      if (g.group == GroupId(group)) return &g;
    }
    return nullptr;
  }
  std::vector<RecoveredGroup> recovered;

 private:
  sim::Scheduler scheduler_{1};
  sim::SimDisk disk_;
  sim::SimClock clock_;
  sim::SimExecutor executor_;
  std::unique_ptr<Store> store_;
};

// All entries of the log, read in steps of `bytes_max`.
inline std::vector<Entry> all_entries(Store& store, GroupId group, std::size_t bytes_max = 1u << 20) {
  std::vector<Entry> out;
  for (Index next = store.start(group).index + 1; next <= store.last(group);) {
    const auto got = store.read(group, next, store.last(group), bytes_max);
    EXPECT_TRUE(got.has_value()) << (got ? "" : got.error().message);
    if (!got || got->empty()) break;
    out.insert(out.end(), got->begin(), got->end());
    next = next + got->size();
  }
  return out;
}

}  // namespace kontiki::storage
