// SpareMemory: what becomes of memory that the process has used and freed, and what a shard finds when it
// needs more. By itself the allocator gives back what nobody has used for ten seconds, piece by piece, which
// takes its huge pages apart: at full speed a broker is half as fast after twenty seconds, and at a thousand
// messages a second giving back and getting anew goes on all the time (ADR 14). And what is new the kernel
// has to clear first, a huge page at once, while the shard waits: 4 to 8 ms on a virtual machine whose host
// gives memory out late (ADR 17).
//
// So while there is traffic all of it stays with the process, which is no more than was needed at one time,
// and beside a slow load a thread of its own sees to it that each shard has some more that is cleared
// already. When it has been quiet for a while it goes back.
//
// Owned by cli/, used on one thread but for serve_this_thread(). Does nothing where the allocator is not
// jemalloc (sanitizers have theirs).
#pragma once

#include "posix/workers.h"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <vector>

namespace kontiki::posix {

class SpareMemory {
 public:
  static constexpr std::uint64_t kBusyBytes = 32u << 20;    // in a second: memory stays from now on
  static constexpr std::uint64_t kQuietBytes = 768u << 10;  // less, in each of so many seconds: it goes back
  static constexpr int kQuietSeconds = 10;
  static constexpr int kSteadySeconds = 5;              // not less, in each of so many: it stays
  static constexpr std::size_t kReadyBytes = 8u << 20;  // that a shard finds: seconds of a slow writer

  SpareMemory();

  // Called by each shard: what its thread allocates is to be ready beforehand.
  void serve_this_thread();

  // A second has passed; all connections together have received and sent so many bytes until now.
  void second_passed(std::uint64_t transferred_bytes);
  bool stays() const { return stays_; }

 private:
  void decide(bool stays);
  void make_ready();

  std::uint64_t transferred_bytes_ = 0;
  int quiet_seconds_ = 0;   // in a row
  int steady_seconds_ = 0;  // likewise
  bool stays_ = false;

  std::mutex mutex_;
  std::vector<unsigned> arenas_;  // the allocator's, of the threads that are served; guarded by mutex_
  std::atomic<bool> is_making_ready_ = false;
  Workers workers_{1, "memory"};
};

}  // namespace kontiki::posix
