#include "broker/purgatory.h"

#include <gmock/gmock.h>

namespace kontiki::broker {
namespace {

using testing::ElementsAre;

TEST(Purgatory, WakesEveryWaiterOnce) {
  Purgatory purgatory;
  purgatory.add({1, 7});
  purgatory.add({0, 9});
  purgatory.add({1, 7});
  EXPECT_EQ(purgatory.size(), 2u);
  EXPECT_THAT(purgatory.take(), ElementsAre(FetchWaiter{0, 9}, FetchWaiter{1, 7}));
  EXPECT_TRUE(purgatory.empty());
}

TEST(Purgatory, WhoLeavesIsNotWoken) {
  Purgatory purgatory;
  purgatory.add({0, 1});
  purgatory.add({0, 2});
  purgatory.remove({0, 1});
  purgatory.remove({0, 3});
  EXPECT_THAT(purgatory.take(), ElementsAre(FetchWaiter{0, 2}));
}

}  // namespace
}  // namespace kontiki::broker
