// SignalWait: tells a shard that the process was asked to end (SIGINT, SIGTERM). Owned by cli/; destroyed
// before its executor, on the executor's thread or after that has stopped.
#pragma once

#include "posix/asio_executor.h"

#include <functional>
#include <memory>

namespace kontiki::posix {

class SignalWait {
 public:
  // `on_signal` runs on `executor`, once for each signal, with its number.
  SignalWait(AsioExecutor& executor, std::function<void(int)> on_signal);
  ~SignalWait();  // no callback after

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace kontiki::posix
