// Topic ids read and print as Kafka's tools do, and random ones never collide with the ids that Kafka
// reserves.
#include "base/uuid.h"

#include <gtest/gtest.h>

namespace kontiki {
namespace {

TEST(Uuid, TextIsUrlSafeBase64WithoutPadding) {
  EXPECT_EQ(Uuid{}.text(), "AAAAAAAAAAAAAAAAAAAAAA");
  Uuid one;
  one.bytes[15] = 1;
  EXPECT_EQ(one.text(), "AAAAAAAAAAAAAAAAAAAAAQ");
  Uuid full;
  full.bytes.fill(0xff);
  EXPECT_EQ(full.text(), "_____________________w");
  Uuid mixed;
  for (std::size_t i = 0; i < 16; ++i) mixed.bytes[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(mixed.text(), "AAECAwQFBgcICQoLDA0ODw");
}

TEST(Uuid, ParseTakesBackWhatTextGave) {
  Prng prng(1);
  for (int i = 0; i < 1000; ++i) {
    const Uuid id = Uuid::random(prng);
    ASSERT_EQ(Uuid::parse(id.text()), id);
  }
}

TEST(Uuid, ParseRefusesOtherText) {
  for (const char* text : {"", "AAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAA=",
                           "AAAAAAAAAA AAAAAAAAAAA", "AAAAAAAAAA+AAAAAAAAAAA", "AAAAAAAAAA/AAAAAAAAAAA"})
    EXPECT_EQ(Uuid::parse(text), std::nullopt) << text;
}

TEST(Uuid, RandomIdsAreVersionFourAndNeverLookLikeAnOption) {
  Prng prng(7);
  for (int i = 0; i < 5000; ++i) {
    const Uuid id = Uuid::random(prng);
    ASSERT_EQ(id.bytes[6] >> 4, 4);
    ASSERT_EQ(id.bytes[8] >> 6, 2);
    ASSERT_NE(id.text().front(), '-');
    ASSERT_FALSE(id.is_zero());
  }
}

}  // namespace
}  // namespace kontiki
