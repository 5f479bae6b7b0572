// The lane: a quarter of the time for what takes long, in the order of coming.

#include "broker/lane.h"

#include "broker/allowance.h"
#include "sim/simulation.h"

#include <gmock/gmock.h>

#include <vector>

namespace kontiki::broker {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class LaneTest : public testing::Test {
 protected:
  LaneTest()
      : node_(sim_.add_node("n")),
        deadlines_(node_.clock(), node_.executor(0)),
        lane_(node_.clock(), deadlines_, [this] { return has_room_; }) {}
  env::Task note(int what, std::int64_t us) {
    return [this, what, us] {
      ran_.push_back(what);
      lane_.worked(us);
    };
  }
  sim::Simulation sim_{1};
  sim::SimNode& node_;
  Deadlines deadlines_;
  bool has_room_ = true;
  Lane lane_;
  std::vector<int> ran_;
};

TEST_F(LaneTest, IsFreeUntilMuchWorkWasDone) {
  EXPECT_TRUE(lane_.is_free());
  lane_.worked(400);
  EXPECT_TRUE(lane_.is_free());
  lane_.worked(600);
  EXPECT_FALSE(lane_.is_free());
  sim_.run_for(2999);
  EXPECT_FALSE(lane_.is_free()) << "three times as long belongs to others";
  sim_.run_for(1);
  EXPECT_TRUE(lane_.is_free());
}

TEST_F(LaneTest, ThoseWhoWaitTakeTurnsInTheOrderOfComing) {
  lane_.worked(1000);
  for (int i = 0; i < 3; ++i) lane_.wait(note(i, 1000));
  EXPECT_THAT(ran_, IsEmpty());
  sim_.run_for(3000);
  EXPECT_THAT(ran_, ElementsAre(0));
  EXPECT_FALSE(lane_.is_free()) << "others wait";
  sim_.run_for(3000);
  EXPECT_THAT(ran_, ElementsAre(0, 1));
  sim_.run_for(3000);
  EXPECT_THAT(ran_, ElementsAre(0, 1, 2));
  sim_.run_for(3000);
  EXPECT_TRUE(lane_.is_free());
}

TEST_F(LaneTest, NobodyIsServedWhileThereIsNoRoomForAnswers) {
  has_room_ = false;
  EXPECT_FALSE(lane_.is_free());
  lane_.wait(note(1, 0));
  sim_.run_for(1'000'000);
  EXPECT_THAT(ran_, IsEmpty());
  has_room_ = true;
  sim_.run_for(10'000);
  EXPECT_THAT(ran_, ElementsAre(1));
}

TEST(AllowanceTest, IsSavedUpForASecond) {
  Allowance allowance(2'000'000);
  EXPECT_EQ(allowance.left(0), 2'000'000u);
  allowance.take(2'000'000);
  EXPECT_EQ(allowance.left(0), 0u);
  EXPECT_EQ(allowance.left(250'000), 500'000u);
  allowance.take(9'000'000);
  EXPECT_EQ(allowance.left(250'000), 0u);
  EXPECT_EQ(allowance.left(99'000'000), 2'000'000u);
}

}  // namespace
}  // namespace kontiki::broker
