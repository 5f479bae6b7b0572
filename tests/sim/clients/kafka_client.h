// KafkaClient: what every simulated client has in common: connections to brokers, and an idea of which topics
// there are and who leads their partitions, refreshed when it proves wrong. Behaves as Kafka's clients do
// where it matters: it forgets nothing about a newer leader epoch for an older one.
//
// Owned by a producer, consumer or admin; used on one executor of the client's node.
#pragma once

#include "base/prng.h"
#include "base/uuid.h"
#include "kafka/messages/metadata.h"
#include "model/ids.h"
#include "sim/clients/wire.h"
#include "sim/simulation.h"

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kontiki::sim {

class KafkaClient {
 public:
  struct Place {
    std::int32_t leader = -1;
    std::int32_t epoch = -1;
  };
  struct TopicView {
    Uuid id;
    std::vector<Place> partitions;
  };

  KafkaClient(SimNode& node, std::vector<env::Address> bootstrap, std::uint64_t seed, Wire::Garbled garbled);

  env::Executor& executor() { return executor_; }
  Prng& prng() { return prng_; }
  std::int64_t now_us() { return node_.clock().monotonic_us(); }
  std::int64_t wall_ms() { return node_.clock().wall_ms(); }

  // Asks for all topics, or the named ones; then `done`, whether there was an answer or not. While one is
  // under way a second is not begun, and `done` is dropped.
  void refresh(std::function<void()> done);
  void follow(const std::string& topic) { wanted_[topic]; }
  bool refreshing() const { return refreshing_; }
  const TopicView* topic(const std::string& name) const;
  const std::map<std::string, TopicView>& topics() const { return wanted_; }
  Place place(const std::string& topic, std::int32_t partition) const;

  // The connection to the leader or node; made if need be. Null while the broker's address is not known.
  Wire* wire_to(std::int32_t node);
  Wire& any_wire();  // to a bootstrap broker drawn at random
  std::size_t bootstrap_count() const { return bootstrap_.size(); }
  Wire& bootstrap_wire(std::size_t i) { return connect(bootstrap_[i]); }

 private:
  Wire& connect(const env::Address& address);
  void learn(const kafka::MetadataResponse& response);

  SimNode& node_;
  env::Executor& executor_;
  const std::vector<env::Address> bootstrap_;
  Prng prng_;
  const Wire::Garbled garbled_;
  std::map<env::Address, std::unique_ptr<Wire>> wires_;
  std::vector<std::unique_ptr<Wire>> buried_;  // dead ones; one may be calling us at the moment
  std::map<std::int32_t, env::Address> addresses_;
  std::map<std::string, TopicView> wanted_;
  bool refreshing_ = false;
};

// ms of a client's request to a broker, and how long it waits for the answer itself.
inline constexpr std::int32_t kRequestTimeoutMs = 5'000;
inline constexpr std::int64_t kAnswerTimeoutUs = 8'000'000;

}  // namespace kontiki::sim
