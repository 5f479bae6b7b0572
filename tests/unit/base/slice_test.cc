// Slices share bytes without copying and keep them alive; the generator repeats itself from its seed.
#include "base/slice.h"

#include "base/prng.h"

#include <gtest/gtest.h>

namespace kontiki {
namespace {

TEST(Slice, PartsShareTheBytesAndOutliveTheWhole) {
  Slice part;
  const std::byte* data = nullptr;
  {
    const Slice whole = Slice::copy_of("abcdef");
    data = whole.data();
    part = whole.sub(2, 3);
  }
  EXPECT_EQ(part.text(), "cde");
  EXPECT_EQ(part.data(), data + 2);
  EXPECT_EQ(part.sub(3).size(), 0u);
}

TEST(Slice, EqualityIsByContent) {
  EXPECT_EQ(Slice::copy_of("ab"), Slice::copy_of("xab").sub(1));
  EXPECT_FALSE(Slice::copy_of("ab") == Slice::copy_of("ac"));
  EXPECT_EQ(Slice(), Slice::copy_of(""));
}

TEST(SliceDeathTest, OutOfRangeIsAProgrammersError) {
  const Slice slice = Slice::copy_of("abc");
  EXPECT_DEATH((void)slice.sub(4), "slice out of range");
  EXPECT_DEATH((void)slice.sub(1, SIZE_MAX), "slice out of range");
}

TEST(Prng, TheSeedDecidesTheSequence) {
  Prng a(42), b(42), c(43);
  bool differs = false;
  for (int i = 0; i < 100; ++i) {
    const auto x = a.next();
    ASSERT_EQ(x, b.next());
    differs |= x != c.next();
  }
  EXPECT_TRUE(differs);
}

TEST(Prng, BelowIsInRangeAndReachesAllOfIt) {
  Prng prng(0);
  int seen[7] = {};
  for (int i = 0; i < 7000; ++i) ++seen[prng.below(7)];
  for (int n : seen) EXPECT_GT(n, 800);
  EXPECT_EQ(prng.below(0), 0u);
  EXPECT_FALSE(prng.chance(0, 10));
  EXPECT_TRUE(prng.chance(10, 10));
}

}  // namespace
}  // namespace kontiki
