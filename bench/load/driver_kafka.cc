// The driver for everything that speaks the Kafka protocol, through librdkafka, the client that users have.
#include "cli/admin.h"
#include "cli/client.h"
#include "driver.h"
#include "readable.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <thread>
#include <utility>

namespace kontiki::bench {
namespace {

using cli::Client;

constexpr std::chrono::minutes kCreateTimeout{5};
// Between looks at a new topic, which cost the brokers something for each partition.
constexpr std::chrono::milliseconds kCreatePause{50};
constexpr std::chrono::microseconds kCreatePausePerPartition{50};
constexpr int kMessagesAtOnce = 1000;

std::unique_ptr<Client> connect(rd_kafka_type_t type, const DriverOptions& options, Client::Settings settings,
                                Client::DeliveryCallback delivered = nullptr) {
  for (const auto& [key, value] : options.settings) {
    if (key.starts_with("consumer.")) {
      if (type == RD_KAFKA_CONSUMER) settings.emplace_back(key.substr(9), value);
    } else if (type == RD_KAFKA_PRODUCER) {
      settings.emplace_back(key, value);
    }
  }
  auto client = Client::connect(type, options.servers, settings, delivered);
  if (!client) fail(client.error().message);
  return std::move(*client);
}

Client::Settings producer_settings(const DriverOptions& options) {
  return {{"acks", options.acks},
          {"compression.type", options.compression},
          {"linger.ms", fmt::format("{}", options.linger_ms)},
          {"batch.size", std::to_string(options.batch_bytes)},
          {"message.max.bytes", std::to_string(std::max<std::size_t>(options.batch_bytes, 1'000'000))},
          {"batch.num.messages", "1000000"},  // the bytes decide
          {"queue.buffering.max.messages", std::to_string(std::max<std::size_t>(options.window, 1000))},
          {"queue.buffering.max.kbytes", "2097151"}};
}

class KafkaProducer : public Producer {
 public:
  KafkaProducer(const DriverOptions& options, const std::string& topic, OnAcked on_acked)
      : on_acked_(std::move(on_acked)),
        client_(connect(RD_KAFKA_PRODUCER, options, producer_settings(options), &delivered)),
        events_(rd_kafka_queue_get_main(client_->handle())) {
    readable_.watch(events_.get());
    rd_kafka_topic_conf_t* conf = rd_kafka_topic_conf_new();
    rd_kafka_topic_conf_set_opaque(conf, this);
    topic_.reset(rd_kafka_topic_new(client_->handle(), topic.c_str(), conf));
    if (!topic_) fail(fmt::format("cannot use topic {}: {}", topic, cli::describe(rd_kafka_last_error())));
    // Asked for only now, since librdkafka takes the settings of the first handle of a topic. With this its
    // metadata is here before the first message is due.
    if (const auto known = client_->topic(topic); !known) fail(known.error().message);
  }

  // What is still outstanding is given up, not waited for.
  ~KafkaProducer() override {
    rd_kafka_purge(client_->handle(), RD_KAFKA_PURGE_F_QUEUE | RD_KAFKA_PURGE_F_INFLIGHT);
  }

  bool send(std::int32_t partition, std::string_view payload, std::uint64_t number) override {
    const int result = rd_kafka_produce(topic_.get(), partition, RD_KAFKA_MSG_F_COPY,
                                        const_cast<char*>(payload.data()), payload.size(), nullptr, 0,
                                        reinterpret_cast<void*>(static_cast<std::uintptr_t>(number)));
    if (result == 0) return true;
    const auto error = rd_kafka_last_error();
    if (error == RD_KAFKA_RESP_ERR__QUEUE_FULL) return false;
    fail(fmt::format("cannot produce to partition {}: {}", partition, cli::describe(error)));
  }

  void poll(std::chrono::microseconds timeout) override {
    if (rd_kafka_poll(client_->handle(), 0) > 0 || timeout.count() == 0) return;
    readable_.wait(timeout);
    rd_kafka_poll(client_->handle(), 0);
  }

 private:
  static void delivered(rd_kafka_t*, const rd_kafka_message_t* message, void*) {
    auto* self = static_cast<KafkaProducer*>(rd_kafka_topic_opaque(message->rkt));
    if (message->err == RD_KAFKA_RESP_ERR__PURGE_QUEUE || message->err == RD_KAFKA_RESP_ERR__PURGE_INFLIGHT)
      return;
    self->on_acked_(reinterpret_cast<std::uintptr_t>(message->_private),
                    message->err == RD_KAFKA_RESP_ERR_NO_ERROR);
  }

  OnAcked on_acked_;
  Readable readable_;
  std::unique_ptr<Client> client_;
  cli::Queue events_;
  cli::TopicHandle topic_;
};

class KafkaConsumer : public Consumer {
 public:
  KafkaConsumer(const DriverOptions& options, const std::string& topic, std::vector<std::int32_t> partitions,
                bool from_beginning, OnMessage on_message)
      : on_message_(std::move(on_message)),
        client_(connect(RD_KAFKA_CONSUMER, options, {{"check.crcs", "false"}})),
        queue_(rd_kafka_queue_new(client_->handle())),
        partitions_(std::move(partitions)) {
    readable_.watch(queue_.get());
    topic_.reset(rd_kafka_topic_new(client_->handle(), topic.c_str(), nullptr));
    if (!topic_) fail(fmt::format("cannot use topic {}: {}", topic, cli::describe(rd_kafka_last_error())));
    // From the beginning: not before the first poll(), since librdkafka would read ahead before the clock
    // runs. Else the present end is asked for now, so that whatever is sent after this is received.
    if (!from_beginning) start(cli::query_offsets(*client_, topic, partitions_, cli::OffsetKind::kLatest));
  }

  ~KafkaConsumer() override {
    if (!is_started_) return;
    for (const std::int32_t partition : partitions_) rd_kafka_consume_stop(topic_.get(), partition);
  }

  void poll(std::chrono::microseconds timeout) override {
    if (!is_started_) start(std::vector<std::int64_t>(partitions_.size(), RD_KAFKA_OFFSET_BEGINNING));
    if (take() || timeout.count() == 0) return;
    readable_.wait(timeout);
    take();
  }

 private:
  void start(const std::vector<std::int64_t>& offsets) {
    is_started_ = true;
    for (std::size_t i = 0; i < partitions_.size(); ++i) {
      if (offsets[i] == -1) fail(fmt::format("partition {} does not tell its end", partitions_[i]));
      if (rd_kafka_consume_start_queue(topic_.get(), partitions_[i], offsets[i], queue_.get()) != 0) {
        fail(fmt::format("cannot consume partition {}: {}", partitions_[i],
                         cli::describe(rd_kafka_last_error())));
      }
    }
  }

  bool take() {
    const auto count = rd_kafka_consume_batch_queue(queue_.get(), 0, taken_.data(), taken_.size());
    for (ssize_t i = 0; i < count; ++i) {
      const rd_kafka_message_t& message = *taken_[static_cast<std::size_t>(i)];
      if (message.err == RD_KAFKA_RESP_ERR_NO_ERROR) {
        on_message_({static_cast<const char*>(message.payload), message.len}, message.partition);
      }
      rd_kafka_message_destroy(taken_[static_cast<std::size_t>(i)]);
    }
    return count > 0;
  }

  OnMessage on_message_;
  Readable readable_;
  std::unique_ptr<Client> client_;
  cli::Queue queue_;
  cli::TopicHandle topic_;
  std::vector<std::int32_t> partitions_;
  bool is_started_ = false;
  std::array<rd_kafka_message_t*, kMessagesAtOnce> taken_{};
};

class KafkaDriver : public Driver {
 public:
  explicit KafkaDriver(const DriverOptions& options) : options_(options) {}

  void create_topic(const std::string& topic, std::int32_t partitions, std::int32_t replicas) override {
    auto client = Client::connect(RD_KAFKA_CONSUMER, options_.servers);
    if (!client) fail(client.error().message);
    if (!(*client)->topic(topic)) {
      const auto created = cli::create_topic(**client, {topic, partitions, replicas, {}});
      // It may exist by now, and be on its way only: the look at its partitions decides.
      if (!created) fmt::print(stderr, "kontiki_bench: {}\n", created.error().message);
    }
    const auto deadline = std::chrono::steady_clock::now() + kCreateTimeout;
    while (!is_complete(**client, topic, partitions, replicas)) {
      if (std::chrono::steady_clock::now() > deadline) {
        fail(fmt::format("not all partitions of topic {} have a leader and {} replicas in step", topic,
                         replicas));
      }
      std::this_thread::sleep_for(kCreatePause + partitions * kCreatePausePerPartition);
    }
  }

  std::unique_ptr<Producer> make_producer(const std::string& topic, OnAcked on_acked) override {
    return std::make_unique<KafkaProducer>(options_, topic, std::move(on_acked));
  }

  std::unique_ptr<Consumer> make_consumer(const std::string& topic,
                                          const std::vector<std::int32_t>& partitions, bool from_beginning,
                                          OnMessage on_message) override {
    return std::make_unique<KafkaConsumer>(options_, topic, partitions, from_beginning,
                                           std::move(on_message));
  }

 private:
  static bool is_complete(Client& client, const std::string& name, std::int32_t partitions,
                          std::int32_t replicas) {
    const auto topic = client.topic(name);
    if (!topic || std::cmp_less(topic->partitions.size(), partitions)) return false;
    return std::ranges::all_of(topic->partitions, [&](const cli::PartitionInfo& one) {
      return one.leader >= 0 && std::cmp_greater_equal(one.in_sync.size(), replicas);
    });
  }

  DriverOptions options_;
};

const DriverRegistration kRegistered("kafka", [](const DriverOptions& options) -> std::unique_ptr<Driver> {
  return std::make_unique<KafkaDriver>(options);
});

}  // namespace
}  // namespace kontiki::bench
