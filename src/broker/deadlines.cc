#include "broker/deadlines.h"

namespace kontiki::broker {

Deadlines::Id Deadlines::after(std::int64_t delay_us, env::Task task) {
  const std::int64_t at = clock_.monotonic_us() + (delay_us > 0 ? delay_us : 0);
  const std::uint64_t id = next_++;
  tasks_.emplace(Key{at, id}, std::move(task));
  times_.emplace(id, at);
  arm();
  return static_cast<Id>(id);
}

void Deadlines::cancel(Id id) {
  const auto time = times_.find(static_cast<std::uint64_t>(id));
  if (time == times_.end()) return;
  tasks_.erase({time->second, time->first});
  times_.erase(time);
  // The timer stays: finding nothing due costs less than arming anew for every request.
}

void Deadlines::clear() {
  tasks_.clear();
  times_.clear();
}

void Deadlines::arm() {
  if (tasks_.empty()) return;
  const std::int64_t at = tasks_.begin()->first.first;
  if (timer_ != env::TimerId::kNone) {
    if (timer_at_us_ <= at) return;
    executor_.cancel(timer_);
  }
  timer_at_us_ = at;
  const std::int64_t delay = at - clock_.monotonic_us();
  timer_ = executor_.schedule(delay > 0 ? delay : 0, [this] {
    timer_ = env::TimerId::kNone;
    run_due();
  });
}

void Deadlines::run_due() {
  const std::int64_t now = clock_.monotonic_us();
  // A task may add or cancel others, so each is taken from the table before it runs.
  while (!tasks_.empty() && tasks_.begin()->first.first <= now) {
    auto due = tasks_.extract(tasks_.begin());
    times_.erase(due.key().second);
    due.mapped()();
  }
  arm();
}

}  // namespace kontiki::broker
