#include "posix/signal_wait.h"

#include "posix/asio_executor_impl.h"

#include <boost/asio/signal_set.hpp>

#include <csignal>
#include <utility>

namespace kontiki::posix {

struct SignalWait::State : std::enable_shared_from_this<State> {
  State(asio::io_context& context, std::function<void(int)> callback)
      : signals(context, SIGINT, SIGTERM), on_signal(std::move(callback)) {}

  void wait() {
    signals.async_wait([self = shared_from_this()](const boost::system::error_code& error, int number) {
      if (error || self->ended) return;
      self->wait();
      self->on_signal(number);
    });
  }

  asio::signal_set signals;
  std::function<void(int)> on_signal;
  bool ended = false;
};

SignalWait::SignalWait(AsioExecutor& executor, std::function<void(int)> on_signal)
    : state_(std::make_shared<State>(executor.impl().context, std::move(on_signal))) {
  state_->wait();
}

SignalWait::~SignalWait() {
  state_->ended = true;
  boost::system::error_code ignored;
  state_->signals.cancel(ignored);
}

}  // namespace kontiki::posix
