// Workers: all that was added runs, but what is dropped before it has begun does not.
#include "posix/workers.h"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>

namespace kontiki::posix {
namespace {

TEST(Workers, AllThatWasAddedRunsBeforeTheEnd) {
  std::atomic<int> ran = 0;
  {
    Workers workers(2, "test");
    for (int i = 0; i < 100; ++i) workers.add([&] { ++ran; });
  }
  EXPECT_EQ(ran, 100);
}

TEST(Workers, WhatIsDroppedNeverRuns) {
  std::latch begun(1), go_on(1);
  std::atomic<int> ran = 0;
  {
    Workers workers(1, "test");
    workers.add([&] {
      begun.count_down();
      go_on.wait();
      ++ran;
    });
    begun.wait();
    for (int i = 0; i < 10; ++i) workers.add([&] { ran += 100; });
    workers.drop_waiting();
    go_on.count_down();
  }
  EXPECT_EQ(ran, 1);
}

}  // namespace
}  // namespace kontiki::posix
