#include "sim/clients/wire.h"

#include <utility>

namespace kontiki::sim {
namespace {

constexpr std::int64_t kConnectTimeoutUs = 2'000'000;

std::uint32_t big_endian(Bytes bytes) {
  std::uint32_t value = 0;
  for (const std::byte b : bytes) value = (value << 8) | static_cast<std::uint8_t>(b);
  return value;
}

}  // namespace

Wire::Wire(env::Network& network, env::Executor& executor, env::Address address, Garbled garbled)
    : executor_(executor), garbled_(std::move(garbled)) {
  network.connect(address, executor_, kConnectTimeoutUs, [self = std::weak_ptr(self_)](auto result) {
    const auto alive = self.lock();
    if (!alive) return;
    if (!result) return (*alive)->fail();
    (*alive)->connected(std::move(*result));
  });
}

Wire::~Wire() {
  self_.reset();
  connection_.reset();
  for (const Waiting& waiting : waiting_) executor_.cancel(waiting.timer);
}

void Wire::connected(std::unique_ptr<env::Connection> connection) {
  if (dead_) return;
  connection_ = std::move(connection);
  if (!unsent_.empty()) connection_->send(std::exchange(unsent_, {}));
  read();
}

void Wire::send(std::vector<Slice> pieces, Waiting waiting, std::int64_t timeout_us) {
  if (dead_) {  // never from inside the call
    executor_.post([self = std::weak_ptr(self_), done = std::move(waiting.done)]() mutable {
      if (self.lock()) done(std::nullopt);
    });
    return;
  }
  waiting.timer = executor_.schedule(timeout_us, [this] { fail(); });
  waiting_.push_back(std::move(waiting));
  queue_or_send(std::move(pieces));
}

void Wire::queue_or_send(std::vector<Slice> pieces) {
  if (dead_) return;
  if (connection_ != nullptr) return connection_->send(std::move(pieces));
  for (Slice& piece : pieces) unsent_.push_back(std::move(piece));
}

void Wire::read() {
  connection_->read_exactly(4, [this](Result<Slice, env::NetworkError> size) {
    if (!size) return fail();
    connection_->read_exactly(big_endian(size->bytes()), [this](Result<Slice, env::NetworkError> frame) {
      if (!frame) return fail();
      const std::weak_ptr alive(self_);
      answered(*frame);
      if (alive.lock() && !dead_) read();
    });
  });
}

void Wire::answered(const Slice& frame) {
  if (waiting_.empty()) {
    garbled_("an answer that nobody asked for");
    return fail();
  }
  Waiting waiting = std::move(waiting_.front());
  waiting_.pop_front();
  executor_.cancel(waiting.timer);
  Slice body;
  const auto id = kafka::parse_response_header(frame, waiting.key, waiting.version, body);
  if (!id || *id != waiting.id) {
    garbled_("an answer to another request than the oldest one");
    waiting.done(std::nullopt);
    return fail();
  }
  waiting.done(std::move(body));
}

void Wire::fail() {
  if (std::exchange(dead_, true)) return;
  if (connection_ != nullptr) connection_->close();
  const std::weak_ptr alive(self_);
  for (Waiting& waiting : std::exchange(waiting_, {})) {
    executor_.cancel(waiting.timer);
    if (!alive.lock()) return;
    waiting.done(std::nullopt);
  }
}

}  // namespace kontiki::sim
