// Pauses: the longest time between two successful deliveries, over all partitions and for each. Fed by the
// thread that polls the producer.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <vector>

namespace kontiki::demo {

using Clock = std::chrono::steady_clock;

inline double to_ms(Clock::duration duration) {
  return std::chrono::duration<double, std::milli>(duration).count();
}

class Pauses {
 public:
  explicit Pauses(std::size_t partitions) : partitions_(partitions) {}

  void delivered(std::size_t partition, Clock::time_point now) {
    all_.delivered(now);
    partitions_.at(partition).delivered(now);
  }
  // Only pauses that end from now on count.
  void forget() {
    all_.longest = {};
    for (One& one : partitions_) one.longest = {};
  }
  Clock::duration longest() const { return all_.longest; }
  Clock::duration longest_of_any_partition() const {
    Clock::duration longest{};
    for (const One& one : partitions_) longest = std::max(longest, one.longest);
    return longest;
  }

 private:
  struct One {
    Clock::time_point last;
    Clock::duration longest{};
    void delivered(Clock::time_point now) {
      if (last != Clock::time_point{}) longest = std::max(longest, now - last);
      last = now;
    }
  };
  One all_;
  std::vector<One> partitions_;
};

}  // namespace kontiki::demo
