// Deadlines: many cheap timeouts on one timer of the executor. Owned by a ShardBroker, used on its shard.
// Nothing runs after it is destroyed.
#pragma once

#include "env/clock.h"
#include "env/executor.h"

#include <cstdint>
#include <map>
#include <unordered_map>
#include <utility>

namespace kontiki::broker {

class Deadlines {
 public:
  enum class Id : std::uint64_t { kNone = 0 };

  Deadlines(env::Clock& clock, env::Executor& executor) : clock_(clock), executor_(executor) {}
  ~Deadlines() { executor_.cancel(timer_); }
  Deadlines(const Deadlines&) = delete;
  Deadlines& operator=(const Deadlines&) = delete;

  // Runs the task once, `delay_us` from now or a little later.
  Id after(std::int64_t delay_us, env::Task task);
  // The task will not run. One that ran, or kNone, is ignored.
  void cancel(Id id);
  void clear();
  std::size_t size() const { return tasks_.size(); }

 private:
  using Key = std::pair<std::int64_t, std::uint64_t>;  // time on the monotonic clock, id
  void arm();
  void run_due();

  env::Clock& clock_;
  env::Executor& executor_;
  std::uint64_t next_ = 1;
  std::map<Key, env::Task> tasks_;
  // Derived from the above.
  std::unordered_map<std::uint64_t, std::int64_t> times_;
  env::TimerId timer_ = env::TimerId::kNone;
  std::int64_t timer_at_us_ = 0;  // meaningful while timer_ is set
};

}  // namespace kontiki::broker
