#include "metadata/seeds.h"

#include "metadata/types.h"

#include <gtest/gtest.h>

namespace kontiki::metadata {
namespace {

TEST(SeedsTest, SlotsDoNotDependOnTheOrderOrCaseOfTheList) {
  const auto a = Seeds::parse("Beta:9093,alpha:9093, gamma:9093");
  const auto b = Seeds::parse("gamma:9093,beta:9093,ALPHA:9093");
  ASSERT_TRUE(a && b);
  EXPECT_EQ(*a, *b);
  EXPECT_EQ(a->hash(), b->hash());
  EXPECT_EQ(a->addresses(), (std::vector<std::string>{"alpha:9093", "beta:9093", "gamma:9093"}));
  EXPECT_EQ(a->slot_of("BETA:9093"), 1);
  EXPECT_EQ(a->slot_of("beta:9094"), kNoSlot);
  EXPECT_EQ(a->slot_of("nonsense"), kNoSlot);
  EXPECT_EQ(a->address(2), "gamma:9093");
}

TEST(SeedsTest, VotersAreTheSlotsBelowMinusOne) {
  const auto seeds = Seeds::parse("a:1,b:1,c:1");
  EXPECT_EQ(Seeds::member(0), NodeId(-2));
  EXPECT_EQ(Seeds::member(2), NodeId(-4));
  EXPECT_EQ(Seeds::slot(NodeId(-4)), 2);
  EXPECT_EQ(Seeds::slot(NodeId(7)), kNoSlot);
  EXPECT_FALSE(Seeds::is_slot(kNoNode));
  const Configuration configuration = seeds->configuration();
  EXPECT_EQ(configuration.voters, (std::vector<NodeId>{NodeId(-4), NodeId(-3), NodeId(-2)}));
  EXPECT_TRUE(std::is_sorted(configuration.voters.begin(), configuration.voters.end()));
}

TEST(SeedsTest, DifferentListsHaveDifferentHashesThatNeverChange) {
  EXPECT_NE(Seeds::parse("a:1,b:1")->hash(), Seeds::parse("a:1,b:2")->hash());
  EXPECT_NE(Seeds::parse("a:1,b:1")->hash(), Seeds::parse("a:1")->hash());
  EXPECT_EQ(Seeds::parse("a:1")->hash(), 0x18f4db82dcecef3full);
}

TEST(SeedsTest, BadListsAreRefusedWithASentence) {
  const auto message = [](std::string_view text) {
    const auto seeds = Seeds::parse(text);
    return seeds ? std::string("accepted") : seeds.error();
  };
  EXPECT_NE(message("").find("empty"), std::string::npos);
  EXPECT_NE(message("a:1,A:1").find("a:1 twice"), std::string::npos);
  EXPECT_NE(message("a:1,,b:1").find("port is missing"), std::string::npos);
  EXPECT_NE(message("a:1,").find("port is missing"), std::string::npos);
  EXPECT_NE(message("a").find("port is missing"), std::string::npos);
  for (const char* port : {"a:", "a:0", "a:65536", "a:x", "a:1x", "a:-1"})
    EXPECT_NE(message(port).find("1 to 65535"), std::string::npos) << port;
  for (const char* host : {":1", "a b:1", "http://a:1", "::1:9"})
    EXPECT_NE(message(host).find("host is not"), std::string::npos) << host;
  EXPECT_NE(message("a:1,b:1,c:1,d:1,e:1,f:1,g:1,h:1,i:1,j:1").find("more than 9"), std::string::npos);
  EXPECT_TRUE(Seeds::parse("a:1,b:1,c:1,d:1,e:1,f:1,g:1,h:1,i:1"));
  EXPECT_EQ(*normal_address("[FE80::1]:9093"), "[fe80::1]:9093");
  EXPECT_EQ(*normal_address("10.0.0.1:09093"), "10.0.0.1:9093");
}

}  // namespace
}  // namespace kontiki::metadata
