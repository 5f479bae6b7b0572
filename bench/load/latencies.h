// Latencies: a histogram of durations, linear within each power of two (the idea of HdrHistogram): 128
// buckets each, so that a percentile is off by less than 1 %, from 1 ns to 2^40 ns (18 minutes; longer counts
// as that). 34 KiB; recording is an increment. Not for several threads: each has its own, and they are added
// up at the end.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>

namespace kontiki::bench {

class Latencies {
 public:
  void record(std::int64_t ns) {
    const std::uint64_t value = std::clamp<std::int64_t>(ns, 0, kMax);
    ++buckets_[bucket_of(value)];
    ++count_;
    sum_ += static_cast<double>(value);
    min_ = count_ == 1 ? value : std::min(min_, value);
    max_ = std::max(max_, value);
  }

  void add(const Latencies& other) {
    if (other.count_ == 0) return;
    for (std::size_t i = 0; i < kBuckets; ++i) buckets_[i] += other.buckets_[i];
    min_ = count_ == 0 ? other.min_ : std::min(min_, other.min_);
    max_ = std::max(max_, other.max_);
    count_ += other.count_;
    sum_ += other.sum_;
  }

  std::uint64_t count() const { return count_; }
  double mean_ns() const { return count_ == 0 ? 0 : sum_ / static_cast<double>(count_); }
  std::uint64_t min_ns() const { return min_; }
  std::uint64_t max_ns() const { return max_; }

  // The duration that this share of all (0 to 1) did not exceed; the middle of its bucket. 0 if there are
  // none.
  double quantile_ns(double share) const {
    if (count_ == 0) return 0;
    const auto wanted = static_cast<std::uint64_t>(std::ceil(share * static_cast<double>(count_)));
    std::uint64_t seen = 0;
    for (std::size_t i = 0; i < kBuckets; ++i) {
      seen += buckets_[i];
      if (seen >= std::max<std::uint64_t>(wanted, 1)) {
        return std::clamp(middle_of(i), static_cast<double>(min_), static_cast<double>(max_));
      }
    }
    return static_cast<double>(max_);
  }

 private:
  static constexpr int kLinearBits = 7;
  static constexpr std::uint64_t kLinear = 1u << kLinearBits;
  static constexpr int kPowers = 40;
  static constexpr std::int64_t kMax = (std::int64_t{1} << kPowers) - 1;
  static constexpr std::size_t kBuckets = (kPowers - kLinearBits + 1) * kLinear;

  // Below 128 the value itself; then, for each power of two, the 7 bits after the leading one.
  static std::size_t bucket_of(std::uint64_t value) {
    if (value < kLinear) return value;
    const int power = std::bit_width(value) - 1;
    const std::uint64_t linear = (value >> (power - kLinearBits)) & (kLinear - 1);
    return static_cast<std::size_t>(power - kLinearBits + 1) * kLinear + linear;
  }
  static double middle_of(std::size_t bucket) {
    if (bucket < kLinear) return static_cast<double>(bucket);
    const auto shift = bucket / kLinear - 1;
    const auto low = (kLinear + bucket % kLinear) << shift;
    return static_cast<double>(low) + static_cast<double>((std::uint64_t{1} << shift) - 1) / 2;
  }

  std::array<std::uint64_t, kBuckets> buckets_{};
  std::uint64_t count_ = 0;
  double sum_ = 0;
  std::uint64_t min_ = 0;
  std::uint64_t max_ = 0;
};

}  // namespace kontiki::bench
