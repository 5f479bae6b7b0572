#include "posix/posix_clock.h"

#include "base/check.h"

#include <ctime>

namespace kontiki::posix {
namespace {

std::int64_t nanoseconds(clockid_t clock) {
  timespec t{};
  if (clock_gettime(clock, &t) != 0) fatal(Reason::kClock, "the system clock cannot be read");
  return std::int64_t{t.tv_sec} * 1'000'000'000 + t.tv_nsec;
}

}  // namespace

std::int64_t PosixClock::monotonic_us() const {
  return nanoseconds(CLOCK_MONOTONIC) / 1000;
}
std::int64_t PosixClock::wall_ms() const {
  return nanoseconds(CLOCK_REALTIME) / 1'000'000;
}

}  // namespace kontiki::posix
