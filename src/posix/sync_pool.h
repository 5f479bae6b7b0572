// SyncPool: the few threads that flush files, so that no shard blocks on the disk. Owned by PosixDisk. Its
// queue holds one element per sync_async that has not answered; each caller bounds how many of those it has.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace kontiki::posix {

class SyncPool {
 public:
  explicit SyncPool(std::size_t threads);
  ~SyncPool();  // after all that was added has run
  void add(std::move_only_function<void()> work);

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::move_only_function<void()>> queue_;  // guarded by mutex_
  bool stopping_ = false;                              // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace kontiki::posix
