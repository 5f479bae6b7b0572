// Executor: the event loop of one shard. Tasks run one at a time, to completion, in the order in which they
// were posted. post() may be called from any thread; everything else only from the shard itself. Outlives all
// that runs on it.
#pragma once

#include <cstdint>
#include <functional>

namespace kontiki::env {

using Task = std::move_only_function<void()>;
enum class TimerId : std::uint64_t { kNone = 0 };

class Executor {
 public:
  virtual ~Executor() = default;
  // Runs the task later on this shard; never before post() returns.
  virtual void post(Task task) = 0;
  // Runs the task once, no earlier than `delay_us` microseconds from now.
  virtual TimerId schedule(std::int64_t delay_us, Task task) = 0;
  // After cancel() returns, the task will not run. A timer that ran or kNone is ignored.
  virtual void cancel(TimerId timer) = 0;
};

}  // namespace kontiki::env
