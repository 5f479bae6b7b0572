// The one clock of a run: CLOCK_MONOTONIC in nanoseconds, the same in all processes of the machine. Time 0
// means never.
#pragma once

#include <chrono>
#include <cstdint>
#include <thread>

namespace kontiki::bench {

inline constexpr std::int64_t kSecondNs = 1'000'000'000;

inline std::int64_t now_ns() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

inline std::int64_t to_ns(double seconds) {
  return static_cast<std::int64_t>(seconds * 1e9);
}

inline void sleep_until_ns(std::int64_t when) {
  std::this_thread::sleep_until(std::chrono::steady_clock::time_point(std::chrono::nanoseconds(when)));
}

}  // namespace kontiki::bench
