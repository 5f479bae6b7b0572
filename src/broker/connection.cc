#include "broker/connection.h"

#include "base/limits.h"
#include "base/log.h"
#include "broker/dispatch.h"
#include "broker/request.h"
#include "broker/shard_broker.h"
#include "kafka/frame.h"
#include "kafka/messages/api_versions.h"

#include <algorithm>
#include <utility>

namespace kontiki::broker {
namespace {

constexpr std::size_t kLargeChargeBytes = 256u << 10;
constexpr std::int64_t kSlowFrameUs = 10'000'000;
constexpr std::size_t kFixedHeaderBytes = 8;  // API, version and correlation id are in every header,
constexpr std::size_t kHeaderBytesMin = kFixedHeaderBytes + 2;   // as is the length of the client's name
constexpr std::size_t kStartBytes = kafka::kFrameSizeBytes + 4;  // the size, the API and its version
constexpr std::size_t kSmallAnswerBytes = 16u << 10;
constexpr std::size_t kProgressBytes = 1u << 20;
constexpr std::int64_t kStalledUs = 5'000'000;

// What a request may take in memory, per byte of it: a batch may be copied on its way to the log; what a
// fetch remembers of a partition, and what anything else is decoded to, is larger than the words for it.
std::size_t memory_per_byte(kafka::ApiKey key) {
  switch (key) {
    case kafka::ApiKey::kProduce:
      return 2;
    case kafka::ApiKey::kFetch:
      return 24;
    default:
      return 9;
  }
}

// Those that clients send all the time, and that cost little, or what they cost is bounded elsewhere.
bool skips_the_lane(kafka::ApiKey key) {
  using enum kafka::ApiKey;
  switch (key) {
    case kProduce:
    case kFetch:
    case kApiVersions:
    case kHeartbeat:
    case kJoinGroup:
    case kSyncGroup:
    case kLeaveGroup:
    case kOffsetCommit:
    case kInitProducerId:
      return true;
    default:
      return false;
  }
}

}  // namespace

// ---- Reply ----------------------------------------------------------------------------------------------

bool Reply::is_behind() const {
  const auto connection = connection_.lock();
  return connection != nullptr && connection->owes();
}

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
  connection_->acknowledge_at_once();
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
  if (const std::size_t charge = std::exchange(lane_charge_, 0); charge > 0)
    shard_.connections().release(charge);
  if (incoming_ && std::exchange(incoming_->is_reserved, false))
    shard_.connections().release(incoming_->charge);
  for (const auto& [place, request] : std::exchange(in_service_, {}))
    shard_.connections().release(request.charge);
  shard_.connections().owed_changed(std::exchange(owed_, 0), 0);
  // The network's object may be in the middle of a call to us.
  dead->close();
  shard_.executor().post([dead = std::move(dead)] {});
  shard_.connections().forget(id_);
}

// ---- reading --------------------------------------------------------------------------------------------

bool Connection::may_read() const {
  return connection_ != nullptr && !reading_ && !starved_ && !congested_ && lane_charge_ == 0 &&
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
  if (incoming_) return read_rest();  // we had to stop between its start and its rest
  reading_ = true;
  connection_->read_exactly(kStartBytes, reader(&Connection::start_read));
}

void Connection::start_read(const Slice& bytes) {
  const auto size = kafka::frame_size(bytes.bytes().first(kafka::kFrameSizeBytes),
                                      shard_.options().limits.request_size_max);
  if (!size) return close(kafka::to_string(size.error()));
  if (*size < kHeaderBytesMin) return close(fmt::format("a request of {} bytes", *size));
  const auto start = kafka::parse_header_start(bytes.sub(kafka::kFrameSizeBytes));
  Incoming incoming{.key = start.api_key,
                    .version = start.api_version,
                    .bytes = *size - kafka::kHeaderStartBytes,
                    .charge = *size * memory_per_byte(start.api_key)};
  if (const std::string why = why_refused(incoming); !why.empty()) return close(why);
  incoming_ = incoming;
  read_rest();
}

std::string Connection::why_refused(const Incoming& incoming) const {
  const bool is_produce = incoming.key == kafka::ApiKey::kProduce;
  if (!is_produce && incoming.bytes > limits::kPlainRequestBytesMax)
    return fmt::format("{} of {} bytes is too large", kafka::to_string(incoming.key), incoming.bytes);
  const kafka::ApiInfo* api = kafka::find_api(incoming.key);
  const bool served =
      api != nullptr && find_handler(incoming.key) != nullptr && api->serves(incoming.version);
  // Of that one the answer to an unknown version says which ones are known.
  if (served || incoming.key == kafka::ApiKey::kApiVersions) return {};
  return fmt::format("{} version {} is not supported", kafka::to_string(incoming.key), incoming.version);
}

void Connection::read_rest() {
  if (!incoming_->is_reserved) {
    if (!shard_.connections().reserve(incoming_->charge, shared_from_this())) {
      starved_ = true;
      return;
    }
    incoming_->is_reserved = true;
    if (incoming_->charge > kLargeChargeBytes) watch_slow_frame();
  }
  reading_ = true;
  connection_->read_exactly(incoming_->bytes, reader(&Connection::rest_read));
}

void Connection::budget_freed() {
  starved_ = false;
  read_next();
}

void Connection::rest_read(const Slice& rest) {
  shard_.deadlines().cancel(std::exchange(slow_, Deadlines::Id::kNone));
  const Incoming incoming = *std::exchange(incoming_, std::nullopt);
  shard_.metrics().bytes_in += kStartBytes + rest.size();
  active_us_ = shard_.clock().monotonic_us();
  Slice body;
  const auto header = kafka::parse_header(incoming.key, incoming.version, rest, body);
  if (!header) {
    shard_.connections().release(incoming.charge);
    return close(fmt::format("a request header that does not parse ({})", kafka::to_string(header.error())));
  }
  if (!skips_the_lane(header->api_key) && !shard_.connections().lane().is_free())
    return enter_lane({*header, body, rest.size(), incoming.charge});
  serve({*header, body, rest.size(), incoming.charge});
  read_next();
}

// ---- serving --------------------------------------------------------------------------------------------

void Connection::enter_lane(Request request) {
  lane_charge_ = request.charge;
  shard_.connections().lane().wait([weak = weak_from_this(), request = std::move(request)] {
    const auto self = weak.lock();
    if (self == nullptr || self->connection_ == nullptr) return;
    self->lane_charge_ = 0;
    self->serve(request);
    self->read_next();
  });
}

void Connection::serve(const Request& request) {
  const kafka::RequestHeader& header = request.header;
  const kafka::ApiInfo* api = kafka::find_api(header.api_key);
  const std::uint64_t place = replies_.open();
  const std::int64_t since_us = shard_.clock().monotonic_us();
  in_service_.emplace(place, InService{header.api_key, active_us_, request.charge});
  if (!api->serves(header.api_version))
    return answer(place, kafka::encode_unsupported_api_versions(header.correlation_id));
  const RequestContext context{shard_, header, remote_, request.buffer_bytes};
  const auto done = find_handler(header.api_key)(context, request.body, Reply(weak_from_this(), place));
  if (!skips_the_lane(header.api_key))
    shard_.connections().lane().worked(shard_.clock().monotonic_us() - since_us);
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
  const std::size_t charge = request->second.charge;
  in_service_.erase(request);
  shard_.connections().release(charge);
  if (connection_ == nullptr) return;

  held_bytes_ += kafka::total_bytes(pieces);
  replies_.fill(place, std::move(pieces));
  std::vector<Slice> ready = replies_.take_ready();
  if (!ready.empty()) {
    active_us_ = now;
    const std::size_t bytes = kafka::total_bytes(ready);
    held_bytes_ -= bytes;
    shard_.metrics().bytes_out += bytes;
    connection_->send(std::move(ready));
  }
  count_owed();
  read_next();
}

void Connection::count_owed() {
  const std::size_t unsent = connection_->unsent_bytes();
  const std::size_t all = held_bytes_ + unsent;
  // What is small is on its way to the kernel at the end of this turn.
  const std::size_t before = std::exchange(owed_, all > kSmallAnswerBytes ? all : 0);
  shard_.connections().owed_changed(before, owed_);
  const std::size_t bytes_max = shard_.options().limits.connection_unsent_bytes_max;
  congested_ = all > (congested_ ? bytes_max / 2 : bytes_max);
  if (unsent > (congested_ ? 0 : kSmallAnswerBytes)) watch_unsent();
}

void Connection::watch_unsent() {
  if (std::exchange(watching_, true)) return;
  progress_us_ = shard_.clock().monotonic_us();
  const std::size_t unsent = connection_->unsent_bytes();
  connection_->when_unsent_at_most(unsent - std::min(unsent / 2, kProgressBytes), [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (self == nullptr || self->connection_ == nullptr) return;
    self->watching_ = false;
    self->active_us_ = self->shard_.clock().monotonic_us();
    self->count_owed();
    self->read_next();
  });
}

bool Connection::is_stalled() const {
  return watching_ && shard_.clock().monotonic_us() - progress_us_ > kStalledUs;
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
    if (self->shard_.connections().starving())
      self->close(fmt::format("a request of {} bytes that does not arrive, while others wait for its memory",
                              self->incoming_->bytes));
    else
      self->watch_slow_frame();
  });
}

}  // namespace kontiki::broker
