// SimClock: the clock of one simulated node. It runs faster or slower than the world by `drift_ppm`, and its
// wall clock can be made to jump. Owned by the node (or test); the Scheduler outlives it.
#pragma once

#include "env/clock.h"
#include "sim/scheduler.h"

#include <cstdint>

namespace kontiki::sim {

class SimClock : public env::Clock {
 public:
  static constexpr std::int64_t kWallStartMs = 1'700'000'000'000;  // some day in 2023

  explicit SimClock(Scheduler& scheduler, std::int64_t drift_ppm = 0)
      : scheduler_(scheduler), since_us_(scheduler.now_us()), drift_ppm_(drift_ppm) {}

  std::int64_t monotonic_us() const override {
    const std::int64_t elapsed = scheduler_.now_us() - since_us_;
    return base_us_ + elapsed + elapsed * drift_ppm_ / 1'000'000;
  }
  std::int64_t wall_ms() const override { return wall_base_ms_ + monotonic_us() / 1000; }

  // From now on; what has passed stays as it was read.
  void set_drift_ppm(std::int64_t drift_ppm) {
    base_us_ = monotonic_us();
    since_us_ = scheduler_.now_us();
    drift_ppm_ = drift_ppm;
  }
  void jump_wall_ms(std::int64_t by_ms) { wall_base_ms_ += by_ms; }

  // How long the world has to wait until at least `local_us` have passed on this clock.
  std::int64_t world_duration_us(std::int64_t local_us) const {
    if (drift_ppm_ == 0 || local_us <= 0) return local_us;
    const std::int64_t rate = 1'000'000 + drift_ppm_;
    // One more for each rounding: of this division and of the two readings that the caller compares.
    return static_cast<std::int64_t>(static_cast<__int128>(local_us) * 1'000'000 / rate) + 2;
  }

 private:
  Scheduler& scheduler_;
  std::int64_t since_us_;     // world time at which base_us_ was right
  std::int64_t base_us_ = 1;  // never 0, so that "no time yet" shows
  std::int64_t drift_ppm_;
  std::int64_t wall_base_ms_ = kWallStartMs;
};

}  // namespace kontiki::sim
