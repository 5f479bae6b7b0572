// A Store with small files and a log that is known, for tests that damage it. Owned by a test.
#pragma once

#include "unit/storage/world.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kontiki::storage {

inline constexpr GroupId kGroup{7};

inline std::string wal_path(const std::string& number) {
  return std::string(World::kDir) + "/wal/" + std::string(20 - number.size(), '0') + number + ".wal";
}

class DamageTest : public testing::Test {
 protected:
  DamageTest() {
    world.options.wal_file_bytes = 1500;
    world.options.wal_bytes_max = 4500;
    world.options.segment_bytes = 2000;
    world.options.index_interval_bytes = 300;
  }
  void fill(std::uint64_t count) {
    for (std::uint64_t i = 0; i < count; ++i) {
      const std::uint64_t index = entries.size() + 1;
      entries.push_back(data_entry(index, 1 + index / 20, static_cast<std::int64_t>(index) - 1,
                                   filler(20 + index % 60, index), 1, static_cast<std::int64_t>(index)));
      world.store().append(kGroup, std::span(&entries.back(), 1));
      world.flush();
      world.store().set_committed(kGroup, Index(index));
    }
    world.settle();
  }
  // Seals, and stops in good order.
  void stop_sealed() {
    id = world.store().id();
    world.store().upkeep();
    world.settle();
    world.stop();
  }
  World world{3};
  std::vector<Entry> entries;
  HardState hard{Term(5), NodeId(2)};
  Uuid id;  // of the store
};

}  // namespace kontiki::storage
