// The promises of env/executor.h, kept by the real event loop.
#include "posix/asio_executor.h"

#include "posix/posix_clock.h"
#include "posix/signal_wait.h"
#include "unit/posix/loop.h"

#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <thread>
#include <vector>

namespace kontiki::posix {
namespace {

TEST(AsioExecutor, RunsTasksInOrderAndNeverInsidePost) {
  AsioExecutor executor;
  std::string log;
  executor.post([&] {
    executor.post([&] { log += 'c'; });
    log += 'a';
  });
  executor.post([&] { log += 'b'; });
  executor.post([&] { executor.post([&] { executor.stop(); }); });
  EXPECT_EQ(log, "");
  executor.run();
  EXPECT_EQ(log, "abc");
}

TEST(AsioExecutor, PostsFromManyThreadsAllRunEachThreadInItsOrder) {
  constexpr int kThreads = 4, kPosts = 2000;
  Loop loop;
  std::vector<int> next(kThreads, 0);
  int out_of_order = 0, total = 0;
  Awaited<bool> all;
  std::vector<std::thread> threads;
  for (int t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (int i = 0; i < kPosts; ++i)
        loop.executor().post([&, t, i] {
          out_of_order += next[t]++ != i;
          if (++total == kThreads * kPosts) all.set(true);
        });
    });
  for (auto& thread : threads) thread.join();
  EXPECT_TRUE(all.wait().has_value());
  loop.stop();
  EXPECT_EQ(out_of_order, 0);
}

TEST(AsioExecutor, TimersRunInOrderAndNeverEarly) {
  AsioExecutor executor;
  PosixClock clock;
  const std::int64_t start = clock.monotonic_us();
  std::vector<int> order;
  bool early = false;
  for (int ms : {9, 3, 6})
    executor.schedule(ms * 1000, [&, ms] {
      early |= clock.monotonic_us() - start < ms * 1000;
      order.push_back(ms);
      if (ms == 9) executor.stop();
    });
  executor.run();
  EXPECT_EQ(order, (std::vector<int>{3, 6, 9}));
  EXPECT_FALSE(early);
}

TEST(AsioExecutor, ACancelledTimerNeverRunsEvenIfItIsDueInTheSameTurn) {
  AsioExecutor executor;
  env::TimerId second = env::TimerId::kNone;
  bool ran = false;
  executor.schedule(0, [&] { executor.cancel(second); });
  second = executor.schedule(0, [&] { ran = true; });
  const auto never = executor.schedule(1000, [&] { ran = true; });
  executor.cancel(never);
  executor.cancel(never);
  executor.cancel(env::TimerId::kNone);
  executor.schedule(5000, [&] { executor.stop(); });
  executor.run();
  EXPECT_FALSE(ran);
}

TEST(AsioExecutor, DestroysTasksThatNeverRanAndTheseMayUseIt) {
  struct Owner {
    AsioExecutor& executor;
    env::TimerId timer;
    ~Owner() {
      executor.cancel(timer);
      executor.post([] {});
    }
  };
  AsioExecutor executor;
  auto owner = std::make_shared<Owner>(Owner{executor, executor.schedule(1'000'000, [] {})});
  executor.post([owner] {});
  executor.schedule(1'000'000, [owner] {});
}

TEST(SignalWait, TellsTheShardOfEachSignal) {
  AsioExecutor executor;
  std::vector<int> seen;
  SignalWait wait(executor, [&](int number) {
    seen.push_back(number);
    if (seen.size() == 1) std::raise(SIGINT);
    if (seen.size() == 2) executor.stop();
  });
  executor.post([] { std::raise(SIGTERM); });
  executor.run();
  EXPECT_EQ(seen, (std::vector<int>{SIGTERM, SIGINT}));
}

TEST(PosixClock, GoesForward) {
  PosixClock clock;
  const std::int64_t a = clock.monotonic_us();
  EXPECT_GE(clock.monotonic_us(), a);
  EXPECT_GT(clock.wall_ms(), 1'700'000'000'000);
}

}  // namespace
}  // namespace kontiki::posix
