#include "broker/lane.h"

#include <algorithm>
#include <utility>

namespace kontiki::broker {

void Lane::wait(env::Task task) {
  waiting_.push_back(std::move(task));
  arm();
}

void Lane::worked(std::int64_t us) {
  worked_us_ += us;
  if (worked_us_ < kTurnUs) return;
  rest_until_us_ = clock_.monotonic_us() + kRestPerWork * std::exchange(worked_us_, 0);
}

void Lane::arm() {
  if (std::exchange(armed_, true)) return;
  const std::int64_t rest_us = rest_until_us_ - clock_.monotonic_us();
  deadlines_.after(has_room_() ? std::max<std::int64_t>(rest_us, 0) : std::max(rest_us, kRetryUs), [this] {
    armed_ = false;
    run();
  });
}

void Lane::run() {
  while (!waiting_.empty() && may_work()) {
    auto task = std::move(waiting_.front());
    waiting_.pop_front();
    task();
  }
  if (!waiting_.empty()) arm();
}

}  // namespace kontiki::broker
