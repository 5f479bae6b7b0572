// PosixClock: the clocks of the machine. Stateless, so every shard may use the one that cli/ owns.
#pragma once

#include "env/clock.h"

namespace kontiki::posix {

class PosixClock : public env::Clock {
 public:
  std::int64_t monotonic_us() const override;
  std::int64_t wall_ms() const override;
};

}  // namespace kontiki::posix
