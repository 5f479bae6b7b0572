#include "posix/workers.h"

#include <algorithm>
#include <pthread.h>
#include <utility>

namespace kontiki::posix {

Workers::Workers(std::size_t threads, const char* name) {
  for (std::size_t i = 0; i < std::max<std::size_t>(threads, 1); ++i) {
    threads_.emplace_back([this] { run(); });
    pthread_setname_np(threads_.back().native_handle(), name);
  }
}

Workers::~Workers() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void Workers::add(std::move_only_function<void()> work) {
  {
    const std::lock_guard lock(mutex_);
    queue_.push_back(std::move(work));
  }
  changed_.notify_one();
}

void Workers::drop_waiting() {
  std::deque<std::move_only_function<void()>> dropped;  // destroyed outside the lock
  const std::lock_guard lock(mutex_);
  dropped.swap(queue_);
}

void Workers::run() {
  std::unique_lock lock(mutex_);
  for (;;) {
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    if (queue_.empty()) return;
    auto work = std::move(queue_.front());
    queue_.pop_front();
    lock.unlock();
    work();
    work = nullptr;  // its destructor, too, runs outside the lock
    lock.lock();
  }
}

}  // namespace kontiki::posix
