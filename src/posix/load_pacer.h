// LoadPacer: how long a thread that brings files into memory leaves the device, and the cores, to others
// before its next request. While a broker flushes, loads come in little by little at first, ten parts of rest
// for one of work, so that who is a second behind moves nobody. When they go on without a pause they become
// faster every half second, and get half of the device's time in the end. No rest without flushes (ADR 16).
//
// rest_us() and worked() belong to the thread that loads; the others may be called from any. Times are
// microseconds of a clock that never goes back.
#pragma once

#include <atomic>
#include <cstdint>

namespace kontiki::posix {

class LoadPacer {
 public:
  static constexpr std::int64_t kFlushIsRecentUs = 100'000;
  static constexpr std::int64_t kPauseUs = 100'000;  // without a request: the next one is the first
  static constexpr std::int64_t kFasterEachUs = 500'000;
  static constexpr std::int64_t kRestPerWork = 10;  // at first
  static constexpr std::int64_t kRestMaxUs = 20'000;

  void flushes(std::int64_t now_us) { flush_us_.store(now_us, std::memory_order_relaxed); }
  void end() { is_over_ = true; }  // nobody rests any more

  bool is_flushing(std::int64_t now_us) const;
  // How long the next request has to wait.
  std::int64_t rest_us(std::int64_t now_us) const;
  // A request to the device has begun and ended then.
  void worked(std::int64_t begun_us, std::int64_t ended_us);

 private:
  std::atomic<std::int64_t> flush_us_ = -kFlushIsRecentUs;  // when one was asked for or over, last
  std::atomic<bool> is_over_ = false;
  std::int64_t first_us_ = 0;  // the first of the requests that follow each other
  std::int64_t rest_until_us_ = -kPauseUs;
};

}  // namespace kontiki::posix
