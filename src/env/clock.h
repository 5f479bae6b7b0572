// Clock: the only source of time. Owned by the composition root; safe to use from every shard.
#pragma once

#include <cstdint>

namespace kontiki::env {

class Clock {
 public:
  virtual ~Clock() = default;
  // Never goes back; for durations and deadlines. Microseconds from an arbitrary start.
  virtual std::int64_t monotonic_us() const = 0;
  // Wall clock, may jump. Milliseconds since the Unix epoch; for record timestamps and retention only.
  virtual std::int64_t wall_ms() const = 0;
};

}  // namespace kontiki::env
