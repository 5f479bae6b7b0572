// Driver "redis": Redis Streams by its C client, hiredis. A partition is a key, TOPIC-n; a message is one
// XADD with one field. How durable an answer is stands in the server's configuration (appendfsync), not here.
//
// --set connections=n: each producer has so many connections, and a partition always uses the same one of
//   them; the default is 1. Redis reads 16 KiB of a connection at a time and flushes once for all that it
//   read, so more connections make larger group commits.
// --set wait=n: XADDs are followed by WAIT n, and count only when that many replicas have answered. Redis
// does
//   nothing else on a connection that waits, so one WAIT stands for all XADDs since the one before. The
//   default, 0, does not wait for replicas.
// --set maxlen=n: streams keep about so many messages; the default is 100000, since Redis keeps them in
// memory.
#include "servers.h"

#include <fmt/format.h>
#include <hiredis/hiredis.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <deque>
#include <poll.h>
#include <utility>

namespace kontiki::bench {
namespace {

constexpr std::size_t kOutputBytesMax = 4u << 20;  // not yet taken by the kernel, of a connection
constexpr int kWaitMs = 60'000;

using ReplyPointer = std::unique_ptr<redisReply, decltype([](redisReply* reply) { freeReplyObject(reply); })>;

class Connection {
 public:
  Connection(const Server& server, int wait_replicas, OnAcked on_acked)
      : wait_replicas_(wait_replicas),
        on_acked_(std::move(on_acked)),
        context_(redisConnectNonBlock(server.host.c_str(), server.port)) {
    if (context_ == nullptr || context_->err != 0) fail("connect to Redis at " + server.address());
    redisEnableKeepAlive(context_);
    redisAppendCommand(context_, "PING");
    while (greeting_) {
      wait_for_socket();
      exchange();
    }
  }
  ~Connection() { redisFree(context_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  bool has_room() const { return output_bytes_ < kOutputBytesMax; }

  void add(std::string_view key, std::string_view maxlen, std::string_view payload, std::uint64_t number) {
    std::array<const char*, 8> words = {"XADD",        key.data(), "MAXLEN", "~",
                                        maxlen.data(), "*",        "m",      payload.data()};
    std::array<std::size_t, 8> sizes = {4, key.size(), 6, 1, maxlen.size(), 1, 1, payload.size()};
    redisAppendCommandArgv(context_, static_cast<int>(words.size()), words.data(), sizes.data());
    output_bytes_ += payload.size();
    outstanding_.push_back({number, false});
    unwaited_ = true;
  }

  // Sends what it can and calls back for the answers that are there; true if there was one.
  bool exchange() {
    if (wait_replicas_ > 0 && unwaited_ && !is_waiting_) {
      redisAppendCommand(context_, "WAIT %d %d", wait_replicas_, kWaitMs);
      outstanding_.push_back({0, true});
      unwaited_ = false;
      is_waiting_ = wants_write_ = true;
    }
    if (output_bytes_ > 0 || wants_write_) {
      int is_all = 0;
      check(redisBufferWrite(context_, &is_all));
      wants_write_ = is_all == 0;
      if (!wants_write_) output_bytes_ = 0;
    }
    if (outstanding_.empty() && !greeting_) return false;
    check(redisBufferRead(context_));
    bool any = false;
    while (take_reply()) any = true;
    return any;
  }

  pollfd interest() const {
    return {.fd = context_->fd,
            .events = static_cast<short>(POLLIN | (wants_write_ ? POLLOUT : 0)),
            .revents = 0};
  }

 private:
  struct Outstanding {
    std::uint64_t number = 0;
    bool is_wait = false;
  };

  void check(int status) const {
    if (status != REDIS_OK) fail(fmt::format("Redis: {}", context_->errstr));
  }
  void wait_for_socket() {
    pollfd waits{.fd = context_->fd, .events = POLLIN | POLLOUT, .revents = 0};
    ::poll(&waits, 1, 1000);
  }

  bool take_reply() {
    void* raw = nullptr;
    check(redisGetReplyFromReader(context_, &raw));
    if (raw == nullptr) return false;
    const ReplyPointer reply(static_cast<redisReply*>(raw));
    if (reply->type == REDIS_REPLY_ERROR) fail(fmt::format("Redis: {}", reply->str));
    if (greeting_) {
      greeting_ = false;
      return true;
    }
    const Outstanding answered = outstanding_.front();
    outstanding_.pop_front();
    if (wait_replicas_ == 0) {
      on_acked_(answered.number, true);
    } else if (!answered.is_wait) {
      written_.push_back(answered.number);
    } else {
      is_waiting_ = false;
      for (const std::uint64_t number : written_) on_acked_(number, reply->integer >= wait_replicas_);
      written_.clear();
    }
    return true;
  }

  const int wait_replicas_;
  const OnAcked on_acked_;
  redisContext* context_;
  bool greeting_ = true;                 // the answer to PING is not there yet
  std::deque<Outstanding> outstanding_;  // in the order of the answers; bounded by the window
  std::vector<std::uint64_t> written_;   // answered by the master, not yet by WAIT
  std::size_t output_bytes_ = 0;         // of payload, that the kernel may not have yet
  bool wants_write_ = true;
  bool unwaited_ = false;    // there are XADDs without a WAIT after them
  bool is_waiting_ = false;  // there is a WAIT without an answer
};

class RedisProducer : public Producer {
 public:
  RedisProducer(std::string topic, const Server& server, const DriverOptions& options,
                const OnAcked& on_acked)
      : topic_(std::move(topic)), maxlen_(std::to_string(int_setting(options, "maxlen", 100'000))) {
    const int wait_replicas = int_setting(options, "wait", 0);
    const int connections = std::max(1, int_setting(options, "connections", 1));
    for (int i = 0; i < connections; ++i)
      connections_.push_back(std::make_unique<Connection>(server, wait_replicas, on_acked));
  }

  bool send(std::int32_t partition, std::string_view payload, std::uint64_t number) override {
    const auto place = static_cast<std::size_t>(partition);
    while (keys_.size() <= place) keys_.push_back(fmt::format("{}-{}", topic_, keys_.size()));
    Connection& connection = *connections_[place % connections_.size()];
    if (!connection.has_room()) return false;
    connection.add(keys_[place], maxlen_, payload, number);
    return true;
  }

  void poll(std::chrono::microseconds timeout) override {
    if (exchange_all() || timeout.count() <= 0) return;
    waits_.clear();
    for (const auto& connection : connections_) waits_.push_back(connection->interest());
    const timespec until{.tv_sec = timeout.count() / 1'000'000,
                         .tv_nsec = timeout.count() % 1'000'000 * 1000};
    if (::ppoll(waits_.data(), waits_.size(), &until, nullptr) > 0) exchange_all();
  }

 private:
  bool exchange_all() {
    bool any = false;
    for (const auto& connection : connections_) any |= connection->exchange();
    return any;
  }

  const std::string topic_;
  const std::string maxlen_;
  std::vector<std::string> keys_;  // by partition
  std::vector<std::unique_ptr<Connection>> connections_;
  std::vector<pollfd> waits_;
};

class RedisDriver : public Driver {
 public:
  explicit RedisDriver(const DriverOptions& options)
      : options_(options), server_(parse_servers(options.servers).front()) {}

  // XADD makes the key. Replicas are the configuration's affair.
  void create_topic(const std::string&, std::int32_t, std::int32_t) override {}
  std::unique_ptr<Producer> make_producer(const std::string& topic, OnAcked on_acked) override {
    return std::make_unique<RedisProducer>(topic, server_, options_, on_acked);
  }
  std::unique_ptr<Consumer> make_consumer(const std::string&, const std::vector<std::int32_t>&, bool,
                                          OnMessage) override {
    fail("the driver 'redis' has no consumer");
  }

 private:
  const DriverOptions options_;
  const Server server_;  // the first one given; the others are its replicas
};

const DriverRegistration kRegistered("redis", [](const DriverOptions& options) -> std::unique_ptr<Driver> {
  return std::make_unique<RedisDriver>(options);
});

}  // namespace
}  // namespace kontiki::bench
