// A run of the simulator is repeatable, event for event, and finds nothing wrong with a cluster that is well.

#include "sim/run/run.h"

#include <gtest/gtest.h>

namespace kontiki::sim {
namespace {

Summary short_run(std::uint64_t seed) {
  Plan plan = draw_plan(seed);
  plan.safety_us = 5'000'000;
  Run run(plan, false);
  EXPECT_TRUE(run.execute()) << (run.violation() ? run.violation()->what : "");
  return run.summary();
}

TEST(SimulatorTest, TheSameSeedIsTheSameRunEventForEvent) {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    const Summary one = short_run(seed), two = short_run(seed);
    EXPECT_EQ(one.trace, two.trace);
    EXPECT_EQ(one.events, two.events);
    EXPECT_EQ(one.acknowledged, two.acknowledged);
    EXPECT_EQ(one.consumed, two.consumed);
    EXPECT_EQ(one.faults, two.faults);
    EXPECT_GT(one.acknowledged, 0u);
    EXPECT_GT(one.consumed, 0u);
  }
}

TEST(SimulatorTest, OtherSeedsAreOtherRuns) {
  EXPECT_NE(short_run(1).trace, short_run(2).trace);
}

}  // namespace
}  // namespace kontiki::sim
