#include "posix/asio_executor.h"

#include "base/check.h"
#include "posix/asio_executor_impl.h"

#include <boost/asio/post.hpp>

#include <algorithm>
#include <pthread.h>

namespace kontiki::posix {

env::TimerId AsioExecutor::Impl::schedule(std::int64_t delay_us, env::Task task) {
  const Time deadline =
      std::chrono::steady_clock::now() + std::chrono::microseconds(std::max<std::int64_t>(delay_us, 0));
  const std::uint64_t id = next_timer++;
  timers.emplace(std::pair(deadline, id), std::move(task));
  deadlines.emplace(id, deadline);
  arm();
  return static_cast<env::TimerId>(id);
}

void AsioExecutor::Impl::cancel(env::TimerId timer) {
  const auto id = static_cast<std::uint64_t>(timer);
  const auto it = deadlines.find(id);
  if (it == deadlines.end()) return;
  const auto dropped =
      timers.extract(std::pair(it->second, id));  // destroyed when the tables are whole again
  deadlines.erase(it);
  // The alarm stays set: it finds nothing due, which costs less than setting it back each time.
}

void AsioExecutor::Impl::arm() {
  if (closing || timers.empty() || timers.begin()->first.first >= armed_for) return;
  armed_for = timers.begin()->first.first;
  alarm.expires_at(armed_for);  // ends the wait that was under way
  alarm.async_wait([this](const boost::system::error_code& error) {
    if (!error) run_due();
  });
}

void AsioExecutor::Impl::run_due() {
  armed_for = Time::max();
  const Time now = std::chrono::steady_clock::now();
  // One at a time: a task may cancel another that is due as well.
  while (!timers.empty() && timers.begin()->first.first <= now) {
    auto due = timers.extract(timers.begin());
    deadlines.erase(due.key().second);
    due.mapped()();
  }
  arm();
}

AsioExecutor::AsioExecutor() : impl_(std::make_unique<Impl>()) {}

AsioExecutor::~AsioExecutor() {
  stop();
  join();
  impl_->closing = true;
  const auto dropped = std::exchange(impl_->timers, {});
  impl_->deadlines.clear();
}

void AsioExecutor::post(env::Task task) {
  if (!impl_->closing) asio::post(impl_->context, std::move(task));
}

env::TimerId AsioExecutor::schedule(std::int64_t delay_us, env::Task task) {
  return impl_->schedule(delay_us, std::move(task));
}

void AsioExecutor::cancel(env::TimerId timer) {
  impl_->cancel(timer);
}

void AsioExecutor::run() {
  impl_->context.run();
}

void AsioExecutor::stop() {
  impl_->context.stop();
}

void AsioExecutor::start(const std::string& name) {
  CHECK(!thread_.joinable(), "the executor runs already");
  thread_ = std::thread([this] { run(); });
  pthread_setname_np(thread_.native_handle(), name.substr(0, 15).c_str());
}

void AsioExecutor::join() {
  if (thread_.joinable()) thread_.join();
}

asio::io_context& context_of(env::Executor& executor) {
  auto* own = dynamic_cast<AsioExecutor*>(&executor);
  CHECK(own != nullptr, "the real network needs AsioExecutors");
  return own->impl().context;
}

}  // namespace kontiki::posix
