// The inside of AsioExecutor, for the *.cc files of posix/ that put sockets and signals on its io_context.
// Kept out of asio_executor.h so that only they pay for the Asio headers.
#pragma once

#include "posix/asio_executor.h"

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <chrono>
#include <map>
#include <unordered_map>
#include <utility>

namespace kontiki::posix {

namespace asio = boost::asio;

struct AsioExecutor::Impl {
  using Time = std::chrono::steady_clock::time_point;

  env::TimerId schedule(std::int64_t delay_us, env::Task task);
  void cancel(env::TimerId id);
  void arm();
  void run_due();

  // Timers outlive the context: a task that the context destroys unrun may cancel its timers.
  std::atomic<bool> closing{false};
  std::uint64_t next_timer = 1;
  std::map<std::pair<Time, std::uint64_t>, env::Task> timers;
  std::unordered_map<std::uint64_t, Time> deadlines;  // Invariant: the keys of timers, by id

  asio::io_context context{1};  // run by one thread; still safe to post to from others
  asio::executor_work_guard<asio::io_context::executor_type> work{context.get_executor()};
  asio::steady_timer alarm{context};  // waits for the first of timers
  Time armed_for = Time::max();
};

// The io_context of an executor that this module made. Another kind here is a programmer's error.
asio::io_context& context_of(env::Executor& executor);

}  // namespace kontiki::posix
