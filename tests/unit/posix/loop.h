// Loop: an AsioExecutor with a thread, for tests that talk to it from their own thread. Owned by a test;
// stop() all loops before what ran on them is destroyed.
#pragma once

#include "posix/asio_executor.h"

#include <chrono>
#include <future>
#include <optional>

namespace kontiki::posix {

class Loop {
 public:
  Loop() { executor_.start("test-loop"); }
  ~Loop() { stop(); }
  AsioExecutor& executor() { return executor_; }
  // Runs `work` on the loop and returns what it returned.
  template <typename Work>
  auto run(Work work) {
    std::packaged_task<decltype(work())()> task(std::move(work));
    auto result = task.get_future();
    executor_.post([&task] { task(); });
    return result.get();
  }
  void stop() {
    executor_.stop();
    executor_.join();
  }

 private:
  AsioExecutor executor_;
};

// A value that another thread sets once. Waiting is bounded: a test that would hang fails instead.
template <typename T>
class Awaited {
 public:
  void set(T value) { promise_.set_value(std::move(value)); }
  std::optional<T> wait() {
    if (future_.wait_for(std::chrono::seconds(30)) != std::future_status::ready) return std::nullopt;
    return future_.get();
  }
  bool is_set() { return future_.wait_for(std::chrono::seconds(0)) == std::future_status::ready; }

 private:
  std::promise<T> promise_;
  std::future<T> future_ = promise_.get_future();
};

}  // namespace kontiki::posix
