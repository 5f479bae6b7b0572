// The driver "fetch": consumers that ask a Kafka broker for record batches and look at nothing but their
// headers, to see what a broker can hand out where librdkafka, which makes an object of each message, would
// be the limit. A "message" of theirs is what one answer has of one partition. Everything else is the driver
// "kafka".
#include "cli/client.h"
#include "cli/server_config.h"
#include "driver.h"
#include "kafka/codec.h"
#include "kafka/frame.h"
#include "kafka/messages/fetch.h"
#include "model/record_batch.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>
#include <utility>

namespace kontiki::bench {
namespace {

constexpr std::int16_t kFetchVersion = 11;  // topics by name
// What Kafka's own clients ask for by default; --set max.partition.fetch.bytes=N is another.
constexpr std::int32_t kAnswerBytesMax = 50 << 20;
constexpr std::int32_t kPartitionBytesDefault = 1 << 20;

// A blocking connection to one broker, with a buffer for its answers that is used again and again.
class Connection {
 public:
  explicit Connection(const std::string& address) {
    const auto parsed = cli::parse_address(address);
    if (!parsed) fail(parsed.error());
    addrinfo hints{};
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    ::getaddrinfo(parsed->host.c_str(), std::to_string(parsed->port).c_str(), &hints, &found);
    for (const addrinfo* one = found; one != nullptr && fd_ < 0; one = one->ai_next) {
      fd_ = ::socket(one->ai_family, one->ai_socktype | SOCK_CLOEXEC, one->ai_protocol);
      if (::connect(fd_, one->ai_addr, one->ai_addrlen) == 0) break;
      ::close(std::exchange(fd_, -1));
    }
    if (found != nullptr) ::freeaddrinfo(found);
    if (fd_ < 0) fail(fmt::format("cannot connect to {}", address));
    const int on = 1;
    ::setsockopt(fd_, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  }
  ~Connection() { ::close(fd_); }
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  void send(const std::vector<Slice>& pieces) {
    for (const Slice& piece : pieces) {
      for (Bytes left = piece.bytes(); !left.empty();) {
        const ssize_t sent = ::send(fd_, left.data(), left.size(), MSG_NOSIGNAL);
        if (sent <= 0) fail("the broker closed the connection of a fetch");
        left = left.subspan(static_cast<std::size_t>(sent));
      }
    }
  }

  // Valid until the next call.
  Slice receive() {
    std::array<std::byte, kafka::kFrameSizeBytes> field;
    receive_into(field);
    const auto size = kafka::frame_size(field);
    if (!size) fail("the broker answers a fetch with something that is no frame");
    if (buffer_.size() < *size) buffer_ = Buffer(*size);
    receive_into(buffer_.span().first(*size));
    return {buffer_, 0, *size};
  }

 private:
  void receive_into(std::span<std::byte> bytes) {
    while (!bytes.empty()) {
      const ssize_t got = ::recv(fd_, bytes.data(), bytes.size(), 0);
      if (got <= 0) fail("the broker closed the connection of a fetch");
      bytes = bytes.subspan(static_cast<std::size_t>(got));
    }
  }

  int fd_ = -1;
  Buffer buffer_;
};

// The partitions of one leader.
struct Lane {
  explicit Lane(const std::string& address) : connection(address) {}
  Connection connection;
  kafka::FetchRequest request;
};

class FetchConsumer : public Consumer {
 public:
  FetchConsumer(const DriverOptions& options, std::string topic, const std::vector<std::int32_t>& partitions,
                bool from_beginning, OnMessage on_message)
      : topic_(std::move(topic)), on_message_(std::move(on_message)) {
    auto client = cli::Client::connect(RD_KAFKA_CONSUMER, options.servers);
    if (!client) fail(client.error().message);
    const auto info = (*client)->topic(topic_);
    const auto brokers = (*client)->brokers();
    if (!info || !brokers) fail(fmt::format("cannot look up topic {}", topic_));
    const auto offsets = cli::query_offsets(
        **client, topic_, partitions, from_beginning ? cli::OffsetKind::kEarliest : cli::OffsetKind::kLatest);
    const auto asked = options.settings.find("max.partition.fetch.bytes");
    const std::int32_t partition_bytes =
        asked == options.settings.end() ? kPartitionBytesDefault : std::atoi(asked->second.c_str());
    for (std::size_t i = 0; i < partitions.size(); ++i) {
      const std::int32_t leader = info->partitions.at(static_cast<std::size_t>(partitions[i])).leader;
      Lane& lane = lane_of(leader, *brokers);
      kafka::FetchRequest::Partition wanted;
      wanted.partition = partitions[i];
      wanted.fetch_offset = offsets[i];
      wanted.partition_max_bytes = partition_bytes;
      lane.request.topics.front().partitions.push_back(wanted);
    }
  }

  void poll(std::chrono::microseconds timeout) override {
    for (auto& [leader, lane] : lanes_) {
      lane->request.max_wait_ms = static_cast<std::int32_t>(timeout.count() / 1000);
      lane->connection.send(kafka::encode_request(1, "kontiki_bench", lane->request, kFetchVersion));
    }
    for (auto& [leader, lane] : lanes_) take(*lane);
  }

 private:
  Lane& lane_of(std::int32_t leader, const std::vector<cli::BrokerInfo>& brokers) {
    auto& lane = lanes_[leader];
    if (lane) return *lane;
    for (const cli::BrokerInfo& broker : brokers) {
      if (broker.id == leader) lane = std::make_unique<Lane>(broker.address);
    }
    if (!lane) fail(fmt::format("broker {}, a leader, is not known", leader));
    lane->request.min_bytes = 1;
    lane->request.max_bytes = kAnswerBytesMax;
    lane->request.topics.emplace_back().topic = topic_;
    return *lane;
  }

  void take(Lane& lane) {
    Slice body;
    const auto id = kafka::parse_response_header(
        lane.connection.receive(), kafka::MessageOf<kafka::FetchRequest>::kKey, kFetchVersion, body);
    const auto answer = kafka::decode<kafka::FetchResponse>(body, kFetchVersion);
    if (!id || !answer) fail("the answer to a fetch cannot be read");
    for (const auto& topic : answer->responses) {
      for (const auto& partition : topic.partitions) take(lane, partition);
    }
    // A broker fills an answer in the order of the request: the first come last the next time.
    auto& wanted = lane.request.topics.front().partitions;
    std::rotate(wanted.begin(), wanted.begin() + 1, wanted.end());
  }

  void take(Lane& lane, const kafka::FetchResponse::Partition& partition) {
    if (partition.error_code != kafka::ErrorCode::kNone) {
      fail(fmt::format("fetch of partition {}: error {}", partition.partition_index,
                       static_cast<int>(partition.error_code)));
    }
    if (!partition.records || partition.records->empty()) return;
    const Slice records = partition.records->whole();
    on_message_(records.text(), partition.partition_index);
    for (auto& wanted : lane.request.topics.front().partitions) {
      if (wanted.partition == partition.partition_index) wanted.fetch_offset = end_of(records.bytes());
    }
  }

  // The offset after the last whole batch.
  static std::int64_t end_of(Bytes records) {
    std::int64_t end = 0;
    for (auto batch = RecordBatchView::parse(records); batch; batch = RecordBatchView::parse(records)) {
      end = batch->base_offset().value + batch->last_offset_delta() + 1;
      records = records.subspan(batch->size());
    }
    return end;
  }

  std::string topic_;
  OnMessage on_message_;
  std::map<std::int32_t, std::unique_ptr<Lane>> lanes_;
};

class FetchDriver : public Driver {
 public:
  explicit FetchDriver(const DriverOptions& options)
      : options_(options), kafka_(make_driver("kafka", options)) {}

  void create_topic(const std::string& topic, std::int32_t partitions, std::int32_t replicas) override {
    kafka_->create_topic(topic, partitions, replicas);
  }
  std::unique_ptr<Producer> make_producer(const std::string& topic, OnAcked on_acked) override {
    return kafka_->make_producer(topic, std::move(on_acked));
  }
  std::unique_ptr<Consumer> make_consumer(const std::string& topic,
                                          const std::vector<std::int32_t>& partitions, bool from_beginning,
                                          OnMessage on_message) override {
    return std::make_unique<FetchConsumer>(options_, topic, partitions, from_beginning,
                                           std::move(on_message));
  }

 private:
  DriverOptions options_;
  std::unique_ptr<Driver> kafka_;
};

const DriverRegistration kRegistered("fetch", [](const DriverOptions& options) -> std::unique_ptr<Driver> {
  return std::make_unique<FetchDriver>(options);
});

}  // namespace
}  // namespace kontiki::bench
