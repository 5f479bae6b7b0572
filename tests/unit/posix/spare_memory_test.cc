#include "posix/spare_memory.h"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>
#include <vector>

#ifdef KONTIKI_JEMALLOC
#include <jemalloc/jemalloc.h>
#include <sys/resource.h>
#endif

namespace kontiki::posix {
namespace {

class SpareMemoryTest : public testing::Test {
 protected:
  void seconds(int count, std::uint64_t bytes) {
    for (int i = 0; i < count; ++i) memory.second_passed(total += bytes);
  }
  SpareMemory memory;
  std::uint64_t total = 0;
};

TEST_F(SpareMemoryTest, StaysWhileThereIsTrafficAndGoesBackWhenItIsQuiet) {
  EXPECT_FALSE(memory.stays());
  seconds(100, SpareMemory::kQuietBytes - 1);
  EXPECT_FALSE(memory.stays());
  seconds(SpareMemory::kSteadySeconds - 1, SpareMemory::kBusyBytes - 1);  // topics are created, say
  EXPECT_FALSE(memory.stays());
  seconds(1, 0);
  seconds(SpareMemory::kSteadySeconds - 1, SpareMemory::kQuietBytes);
  EXPECT_FALSE(memory.stays());
  seconds(1, SpareMemory::kQuietBytes);
  EXPECT_TRUE(memory.stays());
  seconds(SpareMemory::kQuietSeconds - 1, SpareMemory::kQuietBytes - 1);
  EXPECT_TRUE(memory.stays());
  seconds(1, SpareMemory::kQuietBytes);  // it is not over: the seconds are counted anew
  seconds(SpareMemory::kQuietSeconds - 1, 0);
  EXPECT_TRUE(memory.stays());
  seconds(1, 0);
  EXPECT_FALSE(memory.stays());
}

#ifdef KONTIKI_JEMALLOC  // all builds but those with sanitizers: there is nobody to tell
TEST_F(SpareMemoryTest, TheAllocatorIsTold) {
  const auto decay_ms = [](const char* name) {
    ssize_t ms = 0;
    std::size_t size = sizeof ms;
    EXPECT_EQ(mallctl(name, &ms, &size, nullptr, 0), 0);
    return ms;
  };
  for (const auto* name : {"arena.0.dirty_decay_ms", "arenas.dirty_decay_ms"}) {
    EXPECT_EQ(decay_ms(name), 10'000);
    seconds(1, SpareMemory::kBusyBytes);
    EXPECT_EQ(decay_ms(name), -1);
    seconds(SpareMemory::kQuietSeconds, 0);
    EXPECT_EQ(decay_ms(name), 10'000);
  }
}

// Times that this thread waited for the kernel to give it memory while it took and used so much.
long faults_of(std::size_t bytes) {
  constexpr std::size_t kPiece = 16u << 10;
  rusage before{}, after{};
  getrusage(RUSAGE_THREAD, &before);
  std::vector<void*> pieces(bytes / kPiece);
  for (void*& piece : pieces) std::memset(piece = mallocx(kPiece, MALLOCX_TCACHE_NONE), 1, kPiece);
  getrusage(RUSAGE_THREAD, &after);
  for (void* piece : pieces) dallocx(piece, MALLOCX_TCACHE_NONE);
  return after.ru_minflt - before.ru_minflt;
}

TEST(SpareMemory, AThreadThatIsServedFindsMemoryThatIsReady) {
  const auto faults_of_a_thread = [](bool is_served, std::uint64_t bytes_in_a_second) {
    long faults = 0;
    std::thread([&] {
      unsigned arena = 0;  // in which nothing was freed yet
      std::size_t size = sizeof arena;
      ASSERT_EQ(mallctl("arenas.create", &arena, &size, nullptr, 0), 0);
      ASSERT_EQ(mallctl("thread.arena", nullptr, nullptr, &arena, size), 0);
      {
        SpareMemory memory;
        if (is_served) memory.serve_this_thread();
        for (std::uint64_t i = 1; i <= SpareMemory::kSteadySeconds; ++i)
          memory.second_passed(i * bytes_in_a_second);
      }  // what it had begun is done
      faults = faults_of(SpareMemory::kReadyBytes * 3 / 4);
    }).join();
    return faults;
  };
  EXPECT_GT(faults_of_a_thread(false, SpareMemory::kQuietBytes), 2);
  EXPECT_GT(faults_of_a_thread(true, SpareMemory::kBusyBytes), 2) << "nobody has time for it";
  EXPECT_LE(faults_of_a_thread(true, SpareMemory::kQuietBytes), 1);
}
#endif

}  // namespace
}  // namespace kontiki::posix
