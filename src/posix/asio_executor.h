// AsioExecutor: the event loop of one shard on a Boost.Asio io_context, run by one thread. Owned by cli/, and
// outlives everything that runs on it. Stop and join every executor before the first of them, or anything on
// them, is destroyed.
#pragma once

#include "env/executor.h"

#include <memory>
#include <string>
#include <thread>

namespace kontiki::posix {

class AsioExecutor : public env::Executor {
 public:
  AsioExecutor();
  ~AsioExecutor() override;  // destroys the tasks that did not run
  AsioExecutor(const AsioExecutor&) = delete;
  AsioExecutor& operator=(const AsioExecutor&) = delete;

  void post(env::Task task) override;
  env::TimerId schedule(std::int64_t delay_us, env::Task task) override;
  void cancel(env::TimerId timer) override;

  // Runs tasks on the calling thread until stop().
  void run();
  // The task that runs now is the last one. From any thread.
  void stop();
  // run() on a thread of its own, which shows under `name` (15 characters) in ps and top.
  void start(const std::string& name);
  void join();  // after stop()

  struct Impl;  // posix/asio_executor_impl.h
  Impl& impl() { return *impl_; }

 private:
  std::unique_ptr<Impl> impl_;
  std::thread thread_;
};

}  // namespace kontiki::posix
