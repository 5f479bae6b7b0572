// Driver "amqp": RabbitMQ by its C client, librabbitmq, with publisher confirms. A partition is a durable
// queue of its own, TOPIC-n, led by the server through which it was declared: messages go there, as clients
// of Kafka send them, which spares RabbitMQ a hop. Messages are persistent (delivery mode 2).
//
// --set queue=quorum (the default) or stream.
#include "servers.h"

#include <amqp.h>
#include <amqp_tcp_socket.h>
#include <fmt/format.h>

#include <array>
#include <deque>
#include <poll.h>
#include <utility>

namespace kontiki::bench {
namespace {

constexpr amqp_channel_t kChannel = 1;
constexpr int kFrameBytesMax = 128 << 10;

amqp_bytes_t bytes_of(std::string_view text) {
  return {.len = text.size(), .bytes = const_cast<char*>(text.data())};
}
std::string queue_of(const std::string& topic, std::int32_t partition) {
  return fmt::format("{}-{}", topic, partition);
}
// Partitions are spread over the servers one by one.
std::size_t server_of(std::int32_t partition, std::size_t servers) {
  return static_cast<std::size_t>(partition) % servers;
}

class Connection {
 public:
  explicit Connection(const Server& server) : state_(amqp_new_connection()), name_(server.address()) {
    amqp_socket_t* socket = amqp_tcp_socket_new(state_);
    if (socket == nullptr || amqp_socket_open(socket, server.host.c_str(), server.port) != AMQP_STATUS_OK)
      fail("connect to RabbitMQ at " + name_);
    require(amqp_login(state_, "/", 0, kFrameBytesMax, 0, AMQP_SASL_METHOD_PLAIN, "guest", "guest"),
            "log in");
    amqp_channel_open(state_, kChannel);
    require(amqp_get_rpc_reply(state_), "open a channel");
  }
  ~Connection() { amqp_destroy_connection(state_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void declare_queue(const std::string& queue, const std::string& type, std::int32_t replicas) {
    std::array<amqp_table_entry_t, 2> entries{};
    entries[0].key = bytes_of("x-queue-type");
    entries[0].value.kind = AMQP_FIELD_KIND_UTF8;
    entries[0].value.value.bytes = bytes_of(type);
    // So many of the cluster's nodes have a copy.
    entries[1].key = bytes_of(type == "stream" ? "x-initial-cluster-size" : "x-quorum-initial-group-size");
    entries[1].value.kind = AMQP_FIELD_KIND_I32;
    entries[1].value.value.i32 = replicas;
    const amqp_table_t arguments{.num_entries = 2, .entries = entries.data()};
    amqp_queue_declare(state_, kChannel, bytes_of(queue), 0, 1, 0, 0, arguments);
    require(amqp_get_rpc_reply(state_), "declare queue " + queue);
  }

  void expect_confirms() {
    amqp_confirm_select(state_, kChannel);
    require(amqp_get_rpc_reply(state_), "select confirms");
  }

  void publish(std::string_view queue, std::string_view payload, std::uint64_t number) {
    amqp_basic_properties_t properties{};
    properties._flags = AMQP_BASIC_DELIVERY_MODE_FLAG;
    properties.delivery_mode = AMQP_DELIVERY_PERSISTENT;
    const int status = amqp_basic_publish(state_, kChannel, amqp_empty_bytes, bytes_of(queue), 0, 0,
                                          &properties, bytes_of(payload));
    if (status != AMQP_STATUS_OK)
      fail(fmt::format("publish to RabbitMQ at {}: {}", name_, amqp_error_string2(status)));
    outstanding_.push_back({.number = number, .state = State::kOpen});
  }

  // Calls back for the confirms that are there; true if there was one.
  bool take_confirms(const OnAcked& on_acked) {
    bool any = false;
    amqp_frame_t frame;
    timeval now{};
    for (;;) {
      amqp_maybe_release_buffers(state_);
      const int status = amqp_simple_wait_frame_noblock(state_, &frame, &now);
      if (status == AMQP_STATUS_TIMEOUT) return any;
      if (status != AMQP_STATUS_OK)
        fail(fmt::format("RabbitMQ at {}: {}", name_, amqp_error_string2(status)));
      if (frame.frame_type != AMQP_FRAME_METHOD) continue;
      if (frame.payload.method.id == AMQP_BASIC_ACK_METHOD) {
        const auto* ack = static_cast<const amqp_basic_ack_t*>(frame.payload.method.decoded);
        confirm(ack->delivery_tag, ack->multiple != 0, true, on_acked);
      } else if (frame.payload.method.id == AMQP_BASIC_NACK_METHOD) {
        const auto* nack = static_cast<const amqp_basic_nack_t*>(frame.payload.method.decoded);
        confirm(nack->delivery_tag, nack->multiple != 0, false, on_acked);
      } else if (frame.payload.method.id == AMQP_CHANNEL_CLOSE_METHOD) {
        const auto* close = static_cast<const amqp_channel_close_t*>(frame.payload.method.decoded);
        fail(fmt::format(
            "RabbitMQ at {} closed the channel: {}", name_,
            std::string_view(static_cast<const char*>(close->reply_text.bytes), close->reply_text.len)));
      }
      any = true;
    }
  }

  pollfd interest() const { return {.fd = amqp_get_sockfd(state_), .events = POLLIN, .revents = 0}; }

 private:
  enum class State : std::uint8_t { kOpen, kDone };
  struct Outstanding {
    std::uint64_t number = 0;
    State state = State::kOpen;
  };

  void require(const amqp_rpc_reply_t& reply, const std::string& what) const {
    if (reply.reply_type == AMQP_RESPONSE_NORMAL) return;
    std::string why = amqp_error_string2(reply.library_error);
    if (reply.reply_type == AMQP_RESPONSE_SERVER_EXCEPTION && reply.reply.id == AMQP_CHANNEL_CLOSE_METHOD) {
      const auto* close = static_cast<const amqp_channel_close_t*>(reply.reply.decoded);
      why.assign(static_cast<const char*>(close->reply_text.bytes), close->reply_text.len);
    }
    fail(fmt::format("RabbitMQ at {}: {}: {}", name_, what, why));
  }

  // Tags count the messages of the channel from 1 on.
  void confirm(std::uint64_t tag, bool with_all_before, bool is_ok, const OnAcked& on_acked) {
    const std::uint64_t place = tag - first_tag_;
    for (std::uint64_t i = with_all_before ? 0 : place; i <= place && i < outstanding_.size(); ++i) {
      if (outstanding_[i].state == State::kDone) continue;
      outstanding_[i].state = State::kDone;
      on_acked(outstanding_[i].number, is_ok);
    }
    while (!outstanding_.empty() && outstanding_.front().state == State::kDone) {
      outstanding_.pop_front();
      ++first_tag_;
    }
  }

  amqp_connection_state_t state_;
  const std::string name_;
  std::uint64_t first_tag_ = 1;          // of outstanding_.front()
  std::deque<Outstanding> outstanding_;  // in the order of their tags; bounded by the window
};

class AmqpProducer : public Producer {
 public:
  AmqpProducer(std::string topic, const std::vector<Server>& servers, std::int32_t partitions,
               OnAcked on_acked)
      : on_acked_(std::move(on_acked)) {
    for (std::int32_t i = 0; i < partitions; ++i) queues_.push_back(queue_of(topic, i));
    for (std::size_t i = 0; i < std::min(servers.size(), queues_.size()); ++i) {
      connections_.push_back(std::make_unique<Connection>(servers[i]));
      connections_.back()->expect_confirms();
    }
  }

  bool send(std::int32_t partition, std::string_view payload, std::uint64_t number) override {
    Connection& connection = *connections_[server_of(partition, connections_.size())];
    connection.publish(queues_.at(static_cast<std::size_t>(partition)), payload, number);
    return true;
  }

  void poll(std::chrono::microseconds timeout) override {
    if (take_all() || timeout.count() <= 0) return;
    waits_.clear();
    for (const auto& connection : connections_) waits_.push_back(connection->interest());
    const timespec until{.tv_sec = timeout.count() / 1'000'000,
                         .tv_nsec = timeout.count() % 1'000'000 * 1000};
    if (::ppoll(waits_.data(), waits_.size(), &until, nullptr) > 0) take_all();
  }

 private:
  bool take_all() {
    bool any = false;
    for (const auto& connection : connections_) any |= connection->take_confirms(on_acked_);
    return any;
  }

  const OnAcked on_acked_;
  std::vector<std::string> queues_;                       // by partition
  std::vector<std::unique_ptr<Connection>> connections_;  // by server; those that lead something
  std::vector<pollfd> waits_;
};

class AmqpDriver : public Driver {
 public:
  explicit AmqpDriver(const DriverOptions& options)
      : servers_(parse_servers(options.servers)), queue_type_(setting(options, "queue", "quorum")) {
    if (queue_type_ != "quorum" && queue_type_ != "stream") fail("--set queue: quorum or stream");
  }

  void create_topic(const std::string& topic, std::int32_t partitions, std::int32_t replicas) override {
    partitions_ = partitions;
    std::vector<std::unique_ptr<Connection>> connections;
    for (const Server& server : servers_) connections.push_back(std::make_unique<Connection>(server));
    for (std::int32_t i = 0; i < partitions; ++i)
      connections[server_of(i, servers_.size())]->declare_queue(queue_of(topic, i), queue_type_, replicas);
  }
  std::unique_ptr<Producer> make_producer(const std::string& topic, OnAcked on_acked) override {
    if (partitions_ == 0)
      fail("the driver 'amqp' learns the number of queues when it creates them: --create");
    return std::make_unique<AmqpProducer>(topic, servers_, partitions_, std::move(on_acked));
  }
  std::unique_ptr<Consumer> make_consumer(const std::string&, const std::vector<std::int32_t>&, bool,
                                          OnMessage) override {
    fail("the driver 'amqp' has no consumer");
  }

 private:
  const std::vector<Server> servers_;
  const std::string queue_type_;
  std::int32_t partitions_ = 0;
};

const DriverRegistration kRegistered("amqp", [](const DriverOptions& options) -> std::unique_ptr<Driver> {
  return std::make_unique<AmqpDriver>(options);
});

}  // namespace
}  // namespace kontiki::bench
