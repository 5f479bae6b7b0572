#include "broker/door.h"

#include <gtest/gtest.h>

namespace kontiki::broker {
namespace {

TEST(DoorTest, LetsInAsManyAsThereAreAllowed) {
  Door door(3, 2);
  EXPECT_TRUE(door.enter("a"));
  EXPECT_TRUE(door.enter("a"));
  EXPECT_FALSE(door.enter("a")) << "of one address";
  EXPECT_TRUE(door.enter("b"));
  EXPECT_FALSE(door.enter("c")) << "in total";
  door.leave("a");
  EXPECT_EQ(door.size(), 2u);
  EXPECT_TRUE(door.enter("a"));
}

TEST(DoorTest, KnowsTheHostOfAnAddress) {
  EXPECT_EQ(host_of("10.0.0.1:9092"), "10.0.0.1");
  EXPECT_EQ(host_of("::1:9092"), "::1");
  EXPECT_EQ(host_of("unknown"), "unknown");
}

}  // namespace
}  // namespace kontiki::broker
