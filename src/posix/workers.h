// Workers: a few threads that do what would block a shard: flush files, bring pieces of them into memory,
// have memory cleared. Owned by PosixDisk and SpareMemory. The queue holds one element per call that has not
// answered; each caller bounds how many of those it has.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace kontiki::posix {

class Workers {
 public:
  Workers(std::size_t threads, const char* name);  // name: at most 15 characters
  ~Workers();                                      // after all that was added, and not dropped, has run
  void add(std::move_only_function<void()> work);
  void drop_waiting();  // what has not begun never will

 private:
  void run();

  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::move_only_function<void()>> queue_;  // guarded by mutex_
  bool stopping_ = false;                              // guarded by mutex_
  std::vector<std::thread> threads_;
};

}  // namespace kontiki::posix
