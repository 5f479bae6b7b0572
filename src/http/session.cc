#include "http/session.h"

#include <utility>

namespace kontiki::http {

Session::Session(std::unique_ptr<env::Connection> connection, env::Executor& executor, const Handler& handler,
                 const Options& options, env::Task ended)
    : executor_(executor),
      handler_(handler),
      options_(options),
      ended_(std::move(ended)),
      connection_(std::move(connection)) {}

Session::~Session() {
  executor_.cancel(timer_);
}

void Session::start() {
  wait(options_.idle_us);
  read();
}

void Session::read() {
  connection_->read_some(kReadBytesMax, [weak = weak_from_this()](Result<Slice, env::NetworkError> bytes) {
    if (const auto self = weak.lock()) self->received(std::move(bytes));
  });
}

void Session::received(Result<Slice, env::NetworkError> bytes) {
  if (ended_already_) return;
  if (!bytes) return end();
  if (refused_) {
    discarded_ += bytes->size();
    return discard();
  }
  parser_.feed(bytes->bytes());
  serve_next();
}

// The next request that has arrived, or more bytes. The timer is not restarted by bytes, only by a whole
// request: who sends one byte a minute does not keep the connection.
void Session::serve_next() {
  auto request = parser_.next();
  if (!request) return refuse(request.error());
  if (!*request) return read();
  serve(**request);
}

void Session::serve(const Request& request) {
  serving_ = true;
  keep_alive_ = request.keep_alive;
  is_head_ = request.is_head();
  wait(options_.idle_us);
  handler_(request, [weak = weak_from_this(), number = ++request_](Response response) {
    if (const auto self = weak.lock()) self->answer(number, std::move(response));
  });
}

void Session::answer(std::uint64_t request, Response response) {
  if (ended_already_ || !serving_ || request != request_) return;
  serving_ = false;
  wait(refused_ ? options_.linger_us : options_.idle_us);
  connection_->send(serialize(response, keep_alive_, is_head_));
  connection_->when_unsent_at_most(0, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->sent();
  });
}

void Session::refuse(Status status) {
  serving_ = true;
  keep_alive_ = false;
  is_head_ = false;
  refused_ = true;
  answer(++request_, Response::text(status, reason(status)));
}

void Session::sent() {
  if (ended_already_) return;
  if (refused_) return discard();
  if (!keep_alive_) return end();
  wait(options_.idle_us);
  serve_next();
}

// Closing while bytes come in resets the connection, and the peer may never see the answer: so they are read
// and dropped, for a moment.
void Session::discard() {
  if (discarded_ > kLingerBytesMax) return end();
  read();
}

void Session::wait(std::int64_t duration_us) {
  executor_.cancel(timer_);
  timer_ = executor_.schedule(duration_us, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->timed_out();
  });
}

void Session::timed_out() {
  timer_ = env::TimerId::kNone;
  if (ended_already_) return;
  if (!serving_) return end();
  keep_alive_ = false;
  answer(request_, Response::text(Status::kUnavailable, "The broker did not answer in time."));
}

void Session::end() {
  if (ended_already_) return;
  ended_already_ = true;
  executor_.cancel(timer_);
  timer_ = env::TimerId::kNone;
  connection_->close();
  // Not at once: this runs inside a callback of the connection, which `ended` destroys.
  executor_.post(std::move(ended_));
}

}  // namespace kontiki::http
