#include "broker/connection.h"

#include "base/limits.h"
#include "base/log.h"
#include "broker/dispatch.h"
#include "broker/request.h"
#include "broker/shard_broker.h"
#include "kafka/frame.h"
#include "kafka/messages/api_versions.h"

#include <utility>

namespace kontiki::broker {
namespace {

constexpr std::size_t kLargeFrameBytes = 64u << 10;
constexpr std::int64_t kSlowFrameUs = 30'000'000;

}  // namespace

// ---- Reply ----------------------------------------------------------------------------------------------

void Reply::send(std::vector<Slice> frame) {
  if (const auto connection = connection_.lock()) connection->answer(slot_, std::move(frame));
}

void Reply::none() {
  if (const auto connection = connection_.lock()) connection->answer(slot_, {});
}

void Reply::close(std::string_view why) {
  if (const auto connection = connection_.lock()) connection->close(why);
}

// ---- Connection -----------------------------------------------------------------------------------------

Connection::Connection(ShardBroker& shard, std::uint64_t id, std::unique_ptr<env::Connection> connection)
    : shard_(shard), id_(id), remote_(connection->remote()), connection_(std::move(connection)) {}

Connection::~Connection() = default;

void Connection::start() {
  if (connection_ == nullptr || std::exchange(started_, true)) return;
  active_us_ = shard_.clock().monotonic_us();
  watch_idle();
  read_next();
}

void Connection::close(std::string_view why) {
  if (connection_ == nullptr) return;
  if (!why.empty()) {
    ++shard_.metrics().connections_broken;
    log(LogLevel::kWarning, "Closed the connection of {}: {}.", remote_, why);
  }
  shard_.deadlines().cancel(idle_);
  shard_.deadlines().cancel(slow_);
  // Before anything is released: that may wake the next who waits for memory, and it must not be us.
  auto dead = std::exchange(connection_, nullptr);
  if (std::exchange(reserved_, false)) shard_.release(frame_bytes_);
  for (const auto& [place, request] : std::exchange(in_service_, {})) shard_.release(request.bytes);
  // The network's object may be in the middle of a call to us.
  dead->close();
  shard_.executor().post([dead = std::move(dead)] {});
  shard_.forget(id_);
}

// ---- reading --------------------------------------------------------------------------------------------

bool Connection::may_read() const {
  return connection_ != nullptr && !reading_ && !starved_ && !congested_ &&
         replies_.size() < limits::kConnectionInflightMax;
}

env::Connection::ReadDone Connection::reader(void (Connection::*then)(const Slice&)) {
  return [weak = weak_from_this(), then](Result<Slice, env::NetworkError> bytes) {
    const auto self = weak.lock();
    if (self == nullptr || self->connection_ == nullptr) return;
    self->reading_ = false;
    if (!bytes) return self->close({});  // the client went away
    (*self.*then)(*bytes);
  };
}

void Connection::read_next() {
  if (!may_read()) return;
  if (frame_bytes_ != 0) return read_frame();  // its size had been read before we had to stop
  reading_ = true;
  connection_->read_exactly(kafka::kFrameSizeBytes, reader(&Connection::size_read));
}

void Connection::size_read(const Slice& bytes) {
  const auto size = kafka::frame_size(bytes.bytes());
  if (!size) return close(kafka::to_string(size.error()));
  if (*size == 0) return close("an empty request");
  frame_bytes_ = *size;
  read_frame();
}

void Connection::read_frame() {
  if (!reserved_) {
    if (!shard_.reserve(frame_bytes_, shared_from_this())) {
      starved_ = true;
      return;
    }
    reserved_ = true;
    if (frame_bytes_ > kLargeFrameBytes) watch_slow_frame();
  }
  reading_ = true;
  connection_->read_exactly(frame_bytes_, reader(&Connection::frame_read));
}

void Connection::budget_freed() {
  starved_ = false;
  read_next();
}

void Connection::frame_read(const Slice& frame) {
  shard_.deadlines().cancel(std::exchange(slow_, Deadlines::Id::kNone));
  const std::size_t bytes = std::exchange(frame_bytes_, 0);
  shard_.metrics().bytes_in += bytes + kafka::kFrameSizeBytes;
  active_us_ = shard_.clock().monotonic_us();
  Slice body;
  const auto header = kafka::parse_header(frame, body);
  if (!header) {
    reserved_ = false;
    shard_.release(bytes);
    return close(fmt::format("a request header that does not parse ({})", kafka::to_string(header.error())));
  }
  reserved_ = false;
  serve(*header, body, bytes);
  read_next();
}

void Connection::serve(const kafka::RequestHeader& header, const Slice& body, std::size_t frame_bytes) {
  const kafka::ApiInfo* api = kafka::find_api(header.api_key);
  const Serve handler = find_handler(header.api_key);
  const bool served = api != nullptr && handler != nullptr && api->serves(header.api_version);
  if (!served && header.api_key != kafka::ApiKey::kApiVersions) {
    shard_.release(frame_bytes);
    return close(
        fmt::format("{} version {} is not supported", kafka::to_string(header.api_key), header.api_version));
  }
  const std::uint64_t place = replies_.open();
  in_service_.emplace(place, InService{header.api_key, active_us_, frame_bytes});
  if (!served) return answer(place, kafka::encode_unsupported_api_versions(header.correlation_id));
  const RequestContext context{shard_, header, remote_};
  const auto done = handler(context, body, Reply(weak_from_this(), place));
  if (!done)
    close(
        fmt::format("{} version {}: {}", kafka::to_string(header.api_key), header.api_version, done.error()));
}

// ---- answering ------------------------------------------------------------------------------------------

void Connection::answer(std::uint64_t place, std::vector<Slice> pieces) {
  if (connection_ == nullptr) return;
  const auto request = in_service_.find(place);
  CHECK(request != in_service_.end(), "a request is answered once");
  const std::int64_t now = shard_.clock().monotonic_us();
  ApiMetrics& api = shard_.metrics().apis[static_cast<std::int16_t>(request->second.key)];
  ++api.requests;
  api.latency.record(now - request->second.since_us);
  shard_.release(request->second.bytes);
  in_service_.erase(request);
  if (connection_ == nullptr) return;

  replies_.fill(place, std::move(pieces));
  std::vector<Slice> ready = replies_.take_ready();
  if (!ready.empty()) {
    active_us_ = now;
    for (const Slice& piece : ready) shard_.metrics().bytes_out += piece.size();
    connection_->send(std::move(ready));
    watch_unsent();
  }
  read_next();
}

void Connection::watch_unsent() {
  const std::size_t bytes_max = shard_.options().limits.connection_unsent_bytes_max;
  if (congested_ || connection_->unsent_bytes() <= bytes_max) return;
  congested_ = true;
  connection_->when_unsent_at_most(bytes_max / 2, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr || self->connection_ == nullptr) return;
    self->congested_ = false;
    self->active_us_ = self->shard_.clock().monotonic_us();
    self->read_next();
  });
}

void Connection::watch_idle() {
  const std::int64_t idle_us = shard_.options().limits.connection_idle_us;
  const std::int64_t left_us = active_us_ + idle_us - shard_.clock().monotonic_us();
  if (left_us <= 0 && in_service_.empty()) return close({});
  idle_ = shard_.deadlines().after(left_us > 0 ? left_us : idle_us, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->watch_idle();
  });
}

void Connection::watch_slow_frame() {
  slow_ = shard_.deadlines().after(kSlowFrameUs, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr || self->connection_ == nullptr) return;
    if (self->shard_.starving())
      self->close(fmt::format("a request of {} bytes that does not arrive, while others wait for its memory",
                              self->frame_bytes_));
    else
      self->watch_slow_frame();
  });
}

}  // namespace kontiki::broker
