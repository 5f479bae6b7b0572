// SpareMemory: what becomes of memory that the process has used and freed. By itself the allocator gives back
// what nobody has used for ten seconds, piece by piece, which takes its huge pages apart: at full speed a
// broker is half as fast after twenty seconds, and at a thousand messages a second giving back and getting
// anew goes on all the time (ADR 14). So while there is traffic all of it stays with the process, which is no
// more than was needed at one time, and goes back when it has been quiet for a while.
//
// Owned by cli/, used on one thread. Does nothing where the allocator is not jemalloc (sanitizers have
// theirs).
#pragma once

#include <cstdint>

namespace kontiki::posix {

class SpareMemory {
 public:
  static constexpr std::uint64_t kBusyBytes = 32u << 20;  // in a second: memory stays from now on
  static constexpr std::uint64_t kQuietBytes = 1u << 20;  // less, in each of so many seconds: it goes back
  static constexpr int kQuietSeconds = 10;
  static constexpr int kSteadySeconds = 5;  // not less, in each of so many: it stays

  SpareMemory();

  // A second has passed; all connections together have received and sent so many bytes until now.
  void second_passed(std::uint64_t transferred_bytes);
  bool stays() const { return stays_; }

 private:
  void decide(bool stays);

  std::uint64_t transferred_bytes_ = 0;
  int quiet_seconds_ = 0;   // in a row
  int steady_seconds_ = 0;  // likewise
  bool stays_ = false;
};

}  // namespace kontiki::posix
