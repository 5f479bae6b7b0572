#include "broker/deadlines.h"

#include "sim/simulation.h"

#include <gmock/gmock.h>

#include <vector>

namespace kontiki::broker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class DeadlinesTest : public testing::Test {
 protected:
  DeadlinesTest() : node_(sim_.add_node("n")), deadlines_(node_.clock(), node_.executor(0)) {}
  env::Task note(int what) {
    return [this, what] { ran_.push_back(what); };
  }
  sim::Simulation sim_{1};
  sim::SimNode& node_;
  Deadlines deadlines_;
  std::vector<int> ran_;
};

TEST_F(DeadlinesTest, RunInTheOrderOfTheirTimes) {
  deadlines_.after(300, note(3));
  deadlines_.after(100, note(1));
  deadlines_.after(200, note(2));
  sim_.run_for(99);
  EXPECT_THAT(ran_, IsEmpty());
  sim_.run_for(101);
  EXPECT_THAT(ran_, ElementsAre(1, 2));
  sim_.run_for(1000);
  EXPECT_THAT(ran_, ElementsAre(1, 2, 3));
  EXPECT_EQ(deadlines_.size(), 0u);
}

TEST_F(DeadlinesTest, WhatIsCancelledDoesNotRun) {
  const auto first = deadlines_.after(100, note(1));
  deadlines_.after(100, note(2));
  deadlines_.cancel(first);
  deadlines_.cancel(first);
  deadlines_.cancel(Deadlines::Id::kNone);
  sim_.run_for(1000);
  EXPECT_THAT(ran_, ElementsAre(2));
}

TEST_F(DeadlinesTest, ATaskMayAddAndCancelOthers) {
  Deadlines::Id victim{};
  deadlines_.after(100, [&] {
    ran_.push_back(1);
    deadlines_.cancel(victim);
    deadlines_.after(0, note(3));
  });
  victim = deadlines_.after(100, note(2));
  sim_.run_for(1000);
  EXPECT_THAT(ran_, ElementsAre(1, 3));
}

TEST_F(DeadlinesTest, NothingRunsAfterItIsGone) {
  {
    Deadlines gone(node_.clock(), node_.executor(0));
    gone.after(100, note(1));
  }
  sim_.run_for(1000);
  EXPECT_THAT(ran_, IsEmpty());
}

}  // namespace
}  // namespace kontiki::broker
