// Allowance: so much of something per second, of which a second's worth can be saved up. A plain value; time
// is its user's. Owned by a ShardBroker.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace kontiki::broker {

class Allowance {
 public:
  explicit Allowance(std::size_t per_second) : per_second_(per_second), left_(per_second) {}

  std::size_t left(std::int64_t now_us) {
    const auto passed_us =
        static_cast<std::size_t>(std::clamp<std::int64_t>(now_us - since_us_, 0, kSecondUs));
    left_ = std::min(per_second_, left_ + per_second_ / kSecondUs * passed_us);
    since_us_ = now_us;
    return left_;
  }
  void take(std::size_t amount) { left_ -= std::min(amount, left_); }

 private:
  static constexpr std::int64_t kSecondUs = 1'000'000;
  const std::size_t per_second_;
  std::size_t left_;
  std::int64_t since_us_ = 0;
};

}  // namespace kontiki::broker
