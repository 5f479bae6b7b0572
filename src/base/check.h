// CHECK: assertions that stay on in release. A failed CHECK is a programmer's error: it prints and aborts.
// fatal(): a broken environment (disk, clock, port). It prints one clear sentence and exits with the reason's
// code.
#pragma once

#include <string>
#include <string_view>

namespace kontiki {

// Exit codes of the process; documented in docs/architecture.md and `kontiki server --help`.
enum class Reason : int {
  kUsage = 2,             // bad flag or configuration
  kPortInUse = 10,        // a listening address cannot be bound
  kDataNotWritable = 11,  // the data folder cannot be created or written
  kDataOwned = 12,        // another live process owns the data folder
  kDataMismatch = 13,     // the data folder belongs to another node, cluster or newer format
  kDataDamaged = 14,      // acknowledged data is damaged; the replica must not vote
  kDiskFull = 15,         // no space left
  kDiskFailed = 16,       // a write or fsync failed; never retried
  kClock = 17,            // the clock is unusable
};

// Called (if set) instead of exiting, by tests and the simulator. Must not return.
using FatalHandler = void (*)(Reason, std::string_view message);
void set_fatal_handler(FatalHandler handler);

// Ends the process: `message` says what was wrong, where, and what to do about it.
[[noreturn]] void fatal(Reason reason, std::string_view message);

namespace detail {
[[noreturn]] void check_failed(const char* file, int line, const char* expression, std::string_view message);
}

}  // namespace kontiki

// CHECK(condition) or CHECK(condition, "why it must hold").
#define CHECK(condition, ...)                                                                         \
  do {                                                                                                \
    if (!(condition)) [[unlikely]]                                                                    \
      ::kontiki::detail::check_failed(__FILE__, __LINE__, #condition, std::string_view{__VA_ARGS__}); \
  } while (false)
