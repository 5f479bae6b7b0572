// Histogram: counts of durations in fixed buckets, for an operator's metrics. Plain numbers, one per shard;
// whoever wants the sum of all shards adds copies up on one of them.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

namespace kontiki {

struct Histogram {
  // Upper bounds in microseconds; the last bucket has none.
  static constexpr std::array<std::int64_t, 18> kBoundsUs{
      50,     100,    200,     400,     800,     1'600,   3'200,     6'400,     12'800,
      25'000, 50'000, 100'000, 200'000, 400'000, 800'000, 1'600'000, 5'000'000, 10'000'000};
  std::array<std::uint64_t, kBoundsUs.size() + 1> buckets{};
  std::uint64_t count = 0;
  std::int64_t sum_us = 0;

  void record(std::int64_t us) {
    std::size_t i = 0;
    while (i < kBoundsUs.size() && us > kBoundsUs[i]) ++i;
    ++buckets[i];
    ++count;
    sum_us += us;
  }
  void add(const Histogram& other) {
    for (std::size_t i = 0; i < buckets.size(); ++i) buckets[i] += other.buckets[i];
    count += other.count;
    sum_us += other.sum_us;
  }
};

}  // namespace kontiki
