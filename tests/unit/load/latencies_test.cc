// A benchmark's histogram is off by less than 1 %, over its whole range.
#include "load/latencies.h"

#include "base/prng.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <vector>

namespace kontiki::bench {
namespace {

// The value that the histogram is to give: the smallest that at least this share did not exceed.
double exact(const std::vector<std::int64_t>& sorted, double share) {
  const auto rank = static_cast<std::size_t>(std::ceil(share * static_cast<double>(sorted.size())));
  return static_cast<double>(sorted[std::max<std::size_t>(rank, 1) - 1]);
}

TEST(Latencies, OneValueIsEveryPercentileOfItself) {
  for (std::int64_t value = 1; value < std::int64_t{1} << 39; value = value * 3 + 1) {
    Latencies latencies;
    latencies.record(value);
    for (const double share : {0.0, 0.5, 0.9999, 1.0}) EXPECT_EQ(latencies.quantile_ns(share), value);
    EXPECT_EQ(latencies.min_ns(), value);
    EXPECT_EQ(latencies.max_ns(), value);
    EXPECT_EQ(latencies.mean_ns(), value);
  }
}

TEST(Latencies, PercentilesAreOffByLessThanOnePercent) {
  Prng chance(7);
  for (const int bits : {3, 8, 16, 24, 32, 39}) {
    Latencies latencies;
    std::vector<std::int64_t> values;
    for (int i = 0; i < 10'000; ++i) {
      // Spread over all powers of two, as latencies with a long tail are.
      const auto value =
          static_cast<std::int64_t>(chance.below(std::uint64_t{1} << (1 + chance.below(bits))));
      values.push_back(value);
      latencies.record(value);
    }
    std::sort(values.begin(), values.end());
    for (const double share : {0.01, 0.5, 0.9, 0.99, 0.999, 0.9999, 1.0}) {
      const double wanted = exact(values, share);
      EXPECT_NEAR(latencies.quantile_ns(share), wanted, wanted * 0.01) << bits << " bits, " << share;
    }
  }
}

TEST(Latencies, AddingUpIsRecordingBoth) {
  Latencies both;
  Latencies one;
  Latencies other;
  Prng chance(8);
  for (int i = 0; i < 1000; ++i) {
    const auto value = static_cast<std::int64_t>(chance.below(1'000'000));
    both.record(value);
    (i % 3 == 0 ? one : other).record(value);
  }
  one.add(other);
  one.add(Latencies{});
  EXPECT_EQ(one.count(), both.count());
  EXPECT_EQ(one.min_ns(), both.min_ns());
  EXPECT_EQ(one.max_ns(), both.max_ns());
  EXPECT_EQ(one.mean_ns(), both.mean_ns());
  for (const double share : {0.1, 0.5, 0.99}) EXPECT_EQ(one.quantile_ns(share), both.quantile_ns(share));
}

TEST(Latencies, WhatIsOutOfRangeCountsAsTheNearest) {
  Latencies latencies;
  latencies.record(-5);
  EXPECT_EQ(latencies.max_ns(), 0u);
  latencies.record(std::int64_t{1} << 60);
  EXPECT_EQ(latencies.count(), 2u);
  EXPECT_LT(latencies.max_ns(), std::uint64_t{1} << 40);
}

}  // namespace
}  // namespace kontiki::bench
