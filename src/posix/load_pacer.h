// LoadPacer: how long a thread that brings files into memory leaves the device, and the cores, to others
// after each request. While a broker flushes, what a reader asks for comes in little by little at first, ten
// parts of rest for one of work, so that one who is a second behind moves nobody; who reads on and on is
// served faster every half second, and gets half of the device's time in the end. No rest without flushes
// (ADR 16).
//
// flushed() may be called from any thread; the rest belongs to the thread that loads. Times are microseconds
// of a clock that never goes back.
#pragma once

#include <atomic>
#include <cstdint>

namespace kontiki::posix {

class LoadPacer {
 public:
  static constexpr std::int64_t kFlushIsRecentUs = 100'000;
  static constexpr std::int64_t kReaderIsNewUs = 100'000;  // nothing was asked for so long
  static constexpr std::int64_t kFasterEachUs = 500'000;
  static constexpr std::int64_t kRestPerWork = 10;  // at first
  static constexpr std::int64_t kRestMaxUs = 20'000;

  void flushed(std::int64_t now_us) { flushed_us_.store(now_us, std::memory_order_relaxed); }

  // How long to rest after a request to the device that began and ended then.
  std::int64_t rest_us(std::int64_t begun_us, std::int64_t ended_us);

 private:
  std::atomic<std::int64_t> flushed_us_ = -kFlushIsRecentUs;
  std::int64_t reading_since_us_ = 0;
  std::int64_t rested_until_us_ = -kReaderIsNewUs;  // after the last request
};

}  // namespace kontiki::posix
