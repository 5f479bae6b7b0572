// World: a cluster of unmodified brokers in the simulator, and Kafka clients that speak to them in encoded
// bytes, all in one thread and from one seed. Used by the tests of this folder.
#pragma once

#include "broker/broker.h"
#include "broker/controller.h"
#include "kafka/codec.h"
#include "kafka/messages/fetch.h"
#include "kafka/messages/produce.h"
#include "model/record_batch.h"
#include "sim/cluster/broker_cluster.h"
#include "sim/simulation.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kontiki::broker {

inline constexpr std::int64_t kSecond = 1'000'000;

// One connection to one broker.
class TestClient {
 public:
  TestClient(sim::Simulation& sim, const std::string& host, std::uint16_t port);

  // Sends without waiting; the value is the correlation id.
  template <class Request>
  std::int32_t send(const Request& request, std::int16_t version) {
    const std::int32_t id = next_id_++;
    send_raw(kafka::join(kafka::encode_request(id, "test", request, version)));
    return id;
  }
  void send_raw(const Slice& bytes) { connection_->send({bytes}); }

  // The next answer, which must be to `id`; none if the connection closes or nothing comes in time.
  template <class Request>
  std::optional<typename kafka::MessageOf<Request>::Response> try_receive(
      std::int32_t id, std::int16_t version, std::int64_t timeout_us = 30 * kSecond) {
    if (!wait([this] { return !frames_.empty() || closed_; }, timeout_us) || frames_.empty())
      return std::nullopt;
    const Slice frame = frames_.front();
    frames_.pop_front();
    Slice body;
    const auto got = kafka::parse_response_header(frame, kafka::MessageOf<Request>::kKey, version, body);
    EXPECT_TRUE(got.has_value() && *got == id) << "answers come in the order of the requests";
    auto response = kafka::decode<typename kafka::MessageOf<Request>::Response>(body, version);
    EXPECT_TRUE(response.has_value());
    if (!response) return std::nullopt;
    return std::move(*response);
  }
  template <class Request>
  typename kafka::MessageOf<Request>::Response receive(std::int32_t id, std::int16_t version) {
    auto response = try_receive<Request>(id, version);
    if (response) return std::move(*response);
    ADD_FAILURE() << "no answer; the connection is " << (closed_ ? "closed" : "open");
    return {};
  }
  template <class Request>
  typename kafka::MessageOf<Request>::Response call(const Request& request, std::int16_t version) {
    return receive<Request>(send(request, version), version);
  }

  bool wait(const std::function<bool()>& done, std::int64_t timeout_us = 30 * kSecond) {
    return sim_.run_until(done, timeout_us);
  }
  bool connected() const { return connection_ != nullptr; }
  bool closed() const { return closed_; }
  bool wait_closed() {
    return wait([this] { return closed_; });
  }
  std::size_t answers() const { return frames_.size(); }
  const Slice& frame(std::size_t i) const { return frames_[i]; }
  void close() { connection_.reset(); }
  // Stops taking answers after the one being read.
  void stop_reading() { reading_ = false; }

 private:
  void read();

  sim::Simulation& sim_;
  std::unique_ptr<env::Connection> connection_;
  std::deque<Slice> frames_;
  std::int32_t next_id_ = 1;
  bool closed_ = false;
  bool reading_ = true;
};

class World {
 public:
  struct Options {
    std::size_t nodes = 1;
    std::size_t shards = 1;
    std::uint64_t seed = 1;
    BrokerLimits limits = {};
    std::size_t uncommitted_bytes_max = 64u << 20;  // per group
    bool small_wal = false;                         // so that what is written soon stands in segments
  };
  explicit World(Options options);

  sim::Simulation& sim() { return sim_; }
  std::size_t size() const { return options_.nodes; }
  static NodeId node_id(std::size_t i) { return sim::BrokerCluster::node_id(i); }  // not 0, 1, 2
  static std::string name(std::size_t i) { return sim::BrokerCluster::name(i); }
  sim::SimNode& node(std::size_t i) { return cluster_.node(i); }
  Broker& broker(std::size_t i) { return cluster_.broker(i); }
  bool runs(std::size_t i) const { return cluster_.runs(i); }
  BrokerOptions options_of(std::size_t i) const { return cluster_.options_of(i); }

  Result<void, Problem> try_start(std::size_t i) { return cluster_.try_start(i); }
  void start(std::size_t i);
  void crash(std::size_t i) { cluster_.crash(i); }
  bool stop(std::size_t i);  // cleanly
  bool wait_ready();         // every broker that runs
  bool wait(const std::function<bool()>& done, std::int64_t timeout_us = 30 * kSecond) {
    return sim_.run_until(done, timeout_us);
  }

  // Creates it with replicas on the first `replication` nodes, rotated by partition, and waits for leaders.
  void create_topic(const std::string& name, std::int32_t partitions, std::size_t replication,
                    metadata::Configs configs = {});
  SubmitResult submit(std::size_t i, metadata::CommandBody command);
  GroupId group(const std::string& topic, std::int32_t partition);
  // The running broker that leads and serves the partition.
  std::optional<std::size_t> leader(const std::string& topic, std::int32_t partition);
  bool wait_leader(const std::string& topic, std::int32_t partition) {
    return wait([&] { return leader(topic, partition).has_value(); });
  }

  // Not connected if the broker cannot be reached.
  TestClient client(std::size_t i) { return TestClient(sim_, name(i), 9092); }

 private:
  const Options options_;
  sim::Simulation sim_;
  sim::BrokerCluster cluster_;
};

// Requests and batches in few words.
Slice batch_of(const std::vector<std::string>& values, ProducerStamp producer = {},
               std::int64_t timestamp = 0);
kafka::ProduceRequest produce_of(const std::string& topic, std::int32_t partition, const Slice& batch,
                                 std::int16_t acks = -1);
kafka::FetchRequest fetch_of(const std::string& topic, std::int32_t partition, std::int64_t offset,
                             std::int32_t max_wait_ms = 0, std::int32_t min_bytes = 1);
// Of the one partition asked for.
const kafka::ProduceResponse::Partition& only(const kafka::ProduceResponse& response);
const kafka::FetchResponse::Partition& only(const kafka::FetchResponse& response);
// All values of the batches in a fetched partition, with their offsets.
std::vector<std::pair<std::int64_t, std::string>> records_of(
    const kafka::FetchResponse::Partition& partition);
std::vector<std::string> values_of(const kafka::FetchResponse::Partition& partition);

}  // namespace kontiki::broker
