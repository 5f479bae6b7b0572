// The promises of the simulated executor and clock: order, time, death, and the same run from the same seed.
#include "sim/scheduler.h"

#include "sim/sim_clock.h"
#include "sim/sim_executor.h"
#include "sim/simulation.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

namespace kontiki::sim {
namespace {

TEST(SimExecutor, RunsPostedTasksInOrderAndNeverInsidePost) {
  Scheduler scheduler(1, true);
  SimExecutor executor(scheduler);
  std::string log;
  for (char c : std::string("abc")) executor.post([&log, c] { log += c; });
  EXPECT_EQ(log, "");
  EXPECT_TRUE(scheduler.run_until_idle());
  EXPECT_EQ(log, "abc");
  EXPECT_EQ(scheduler.now_us(), 0);
}

TEST(SimExecutor, TimersRunInTheOrderOfTheirTimesAndNotEarly) {
  Scheduler scheduler(1);
  SimExecutor executor(scheduler);
  std::vector<std::int64_t> times;
  for (std::int64_t delay : {300, 100, 200})
    executor.schedule(delay, [&] { times.push_back(scheduler.now_us()); });
  scheduler.run_for(250);
  EXPECT_EQ(times, (std::vector<std::int64_t>{100, 200}));
  EXPECT_EQ(scheduler.now_us(), 250);
  scheduler.run_for(50);
  EXPECT_EQ(times.size(), 3u);
}

TEST(SimExecutor, ACancelledTimerDoesNotRunAndItsTaskIsDestroyed) {
  Scheduler scheduler(1);
  SimExecutor executor(scheduler);
  auto owned = std::make_shared<int>(1);
  const auto timer = executor.schedule(10, [owned] { FAIL(); });
  EXPECT_EQ(owned.use_count(), 2);
  executor.cancel(timer);
  EXPECT_EQ(owned.use_count(), 1);
  executor.cancel(timer);
  executor.cancel(env::TimerId::kNone);
  EXPECT_TRUE(scheduler.run_until_idle());
}

TEST(SimExecutor, DeathDropsEverythingAndRevivalStartsEmpty) {
  Scheduler scheduler(1);
  SimExecutor dead(scheduler), other(scheduler);
  int ran = 0;
  dead.post([&] { FAIL(); });
  dead.schedule(5, [&] { FAIL(); });
  other.post([&] { ++ran; });
  dead.kill();
  dead.post([&] { FAIL(); });
  EXPECT_TRUE(scheduler.run_until_idle());
  EXPECT_EQ(ran, 1);
  dead.revive();
  dead.post([&] { ++ran; });
  EXPECT_TRUE(scheduler.run_until_idle());
  EXPECT_EQ(ran, 2);
}

TEST(SimExecutor, APausedExecutorRunsNothingAndCatchesUpInOrder) {
  Scheduler scheduler(1, true);
  SimExecutor executor(scheduler);
  std::string log;
  executor.pause();
  executor.schedule(5, [&] { log += 't'; });
  const auto cancelled = executor.schedule(6, [&] { log += 'x'; });
  executor.schedule(7, [&] { log += 'u'; });
  scheduler.run_for(100);
  EXPECT_EQ(log, "");
  executor.cancel(cancelled);
  executor.resume();
  executor.post([&] { log += 'p'; });
  EXPECT_TRUE(scheduler.run_until_idle());
  EXPECT_EQ(log, "tup");
}

TEST(SimExecutor, TasksThatOwnTimersMayDieWithTheScheduler) {
  struct Owner {
    SimExecutor& executor;
    env::TimerId timer;
    ~Owner() {
      executor.cancel(timer);
      executor.post([] {});
    }
  };
  Scheduler scheduler(1);
  auto executor = std::make_unique<SimExecutor>(scheduler);
  auto owner = std::make_shared<Owner>(Owner{*executor, executor->schedule(50, [] {})});
  executor->schedule(60, [owner] {});
  owner.reset();
  scheduler.clear();
}

TEST(Scheduler, RunUntilStopsAtTheConditionOrTheDeadline) {
  Scheduler scheduler(1);
  int n = 0;
  for (int i = 1; i <= 5; ++i) scheduler.at(i * 10, [&] { ++n; });
  EXPECT_TRUE(scheduler.run_until([&] { return n == 3; }, 1000));
  EXPECT_EQ(scheduler.now_us(), 30);
  EXPECT_FALSE(scheduler.run_until([&] { return n == 99; }, 1000));
  EXPECT_EQ(scheduler.now_us(), 1030);
}

TEST(Scheduler, RandomTiesReorderStreamsButNeverOneStream) {
  std::vector<std::string> logs;
  for (std::uint64_t seed = 0; seed < 32; ++seed) {
    Scheduler scheduler(seed, true);
    SimExecutor a(scheduler), b(scheduler);
    std::string log;
    a.post([&] { log += 'a'; });
    b.post([&] { log += 'b'; });
    a.post([&] { log += 'A'; });
    b.post([&] { log += 'B'; });
    EXPECT_TRUE(scheduler.run_until_idle());
    EXPECT_LT(log.find('a'), log.find('A'));
    EXPECT_LT(log.find('b'), log.find('B'));
    logs.push_back(log);
  }
  std::sort(logs.begin(), logs.end());
  EXPECT_NE(logs.front(), logs.back());
}

TEST(SimClock, DriftsWithoutEverGoingBackAndJumpsOnTheWallOnly) {
  Scheduler scheduler(1);
  SimClock clock(scheduler, 100'000);  // ten percent fast
  const std::int64_t start = clock.monotonic_us();
  scheduler.run_for(1'000'000);
  EXPECT_EQ(clock.monotonic_us() - start, 1'100'000);
  const std::int64_t before = clock.monotonic_us();
  clock.set_drift_ppm(-500'000);
  EXPECT_EQ(clock.monotonic_us(), before);
  scheduler.run_for(1000);
  EXPECT_EQ(clock.monotonic_us(), before + 500);
  const std::int64_t wall = clock.wall_ms();
  clock.jump_wall_ms(-60'000);
  EXPECT_EQ(clock.wall_ms(), wall - 60'000);
  EXPECT_EQ(clock.monotonic_us(), before + 500);
}

TEST(SimClock, ATimerIsNeverEarlyByTheClockOfItsNode) {
  for (std::int64_t drift : {-300'000, -1, 0, 1, 7, 300'000}) {
    Scheduler scheduler(1);
    SimClock clock(scheduler, drift);
    SimExecutor executor(scheduler, &clock);
    for (std::int64_t delay : {1, 2, 3, 999, 1'000'003}) {
      const std::int64_t start = clock.monotonic_us();
      bool ran = false;
      executor.schedule(delay, [&] { ran = clock.monotonic_us() - start >= delay; });
      EXPECT_TRUE(scheduler.run_until_idle());
      EXPECT_TRUE(ran) << "drift " << drift << " delay " << delay;
      scheduler.run_for(13);
    }
  }
}

// A chatty little world: every node sends to every other, syncs what it gets, and one of them dies in
// between.
std::uint64_t trace_of(std::uint64_t seed) {
  Simulation world(seed);
  struct App {
    std::unique_ptr<env::Listener> listener;
    std::vector<std::unique_ptr<env::Connection>> connections;
    std::unique_ptr<env::File> file;
  };
  std::map<std::string, App> apps;
  const std::vector<std::string> names{"n1", "n2", "n3"};
  for (const auto& name : names) world.add_node(name, 2);
  for (const auto& name : names) {
    SimNode& node = world.node(name);
    App& app = apps[name];
    app.file = *node.disk().open("log", env::OpenMode::kCreate);
    app.listener = *node.network().listen({name, 9092}, node.executors(), [&](std::size_t, auto connection) {
      connection->read_exactly(1000, [&world, &node, &app](auto bytes) {
        world.scheduler().note(bytes.has_value());
        if (!bytes || !app.file) return;
        (void)app.file->write(0, std::span(&*bytes, 1));
        app.file->sync_async(node.executor(0),
                             [&world](auto result) { world.scheduler().note(result.has_value()); });
      });
      app.connections.push_back(std::move(connection));
    });
  }
  for (const auto& from : names)
    for (const auto& to : names)
      world.node(from).network().connect({to, 9092}, world.node(from).executor(1), 100'000,
                                         [&, from](auto connection) {
                                           world.scheduler().note(connection.has_value());
                                           if (!connection) return;
                                           (*connection)->send({Slice::copy_of(std::string(1000, 'x'))});
                                           apps[from].connections.push_back(std::move(*connection));
                                         });
  world.run_for(static_cast<std::int64_t>(world.prng().below(600)));
  world.node("n2").power_off();
  apps["n2"] = {};
  world.run_for(100'000);
  world.node("n2").start();
  world.run_for(100'000);
  apps.clear();
  return world.scheduler().trace();
}

TEST(Simulation, TheSameSeedGivesTheSameRunAndAnotherSeedAnother) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    EXPECT_EQ(trace_of(seed), trace_of(seed)) << seed;
    EXPECT_NE(trace_of(seed), trace_of(seed + 1000)) << seed;
  }
}

}  // namespace
}  // namespace kontiki::sim
