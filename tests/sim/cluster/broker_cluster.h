// BrokerCluster: unmodified brokers on the nodes of a Simulation, their start, death and restart, and what an
// onlooker may ask of all of them at once. Owned by a test or by a simulator run; the Simulation outlives it.
//
// Nodes are numbered from 0. A broker that ends itself by fatal() (only while a FatalThrows lives) is turned
// into a crash of its node by step().
#pragma once

#include "broker/broker.h"
#include "sim/simulation.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kontiki::broker {
class CoordinatorHost;
class PartitionHost;
class ReplicaHost;
}  // namespace kontiki::broker

namespace kontiki::sim {

class BrokerCluster {
 public:
  static constexpr std::size_t kNodesMax = 7;
  struct Options {
    std::size_t nodes = 1;
    std::size_t shards = 1;
    std::uint64_t seed = 1;
    broker::BrokerLimits limits = {};
    multiraft::NodeOptions node = {};  // sizes and timing
  };
  // A process that ended itself, or could not start.
  struct Exit {
    std::size_t node = 0;
    Reason reason{};
    std::string message;
    bool at_start = false;
  };

  BrokerCluster(Simulation& sim, Options options);  // adds the nodes; starts nothing
  ~BrokerCluster();

  std::size_t size() const { return options_.nodes; }
  static NodeId node_id(std::size_t i);  // none is i itself
  static std::string name(std::size_t i) { return "n" + std::to_string(i); }
  static std::optional<std::size_t> number_of(NodeId id);
  SimNode& node(std::size_t i) { return *nodes_.at(i); }
  broker::Broker& broker(std::size_t i) { return *brokers_.at(i); }
  bool runs(std::size_t i) const { return brokers_.at(i) != nullptr; }
  std::uint64_t life(std::size_t i) const { return lives_.at(i); }  // counts the starts of node i
  broker::BrokerOptions options_of(std::size_t i) const;

  // The node is switched on if need be. An error, a ProcessExit included, leaves it down.
  Result<void, broker::Problem> try_start(std::size_t i);
  void crash(std::size_t i);                 // kill -9
  void power_off(std::size_t i);             // what was not synced may be lost
  void stop(std::size_t i, env::Task done);  // cleanly; crash() it when done

  // Runs the next event up to `limit_us`; false if there is none. `exited` is told of a process that ended.
  bool step(std::int64_t limit_us, const std::function<void(const Exit&)>& exited);

  // ---- for onlookers ----
  bool all_ready();  // every broker that runs
  std::optional<GroupId> group(const std::string& topic, std::int32_t partition);
  multiraft::Group* member(std::size_t i, GroupId id);              // null if not running or not there
  broker::ReplicaHost* replica(std::size_t i, GroupId id);          // likewise
  broker::PartitionHost* host(std::size_t i, GroupId id);           // likewise, or not of messages
  broker::CoordinatorHost* coordinator(std::size_t i, GroupId id);  // likewise, or of messages
  std::optional<std::size_t> leader(GroupId id);                    // that leads and serves
  // The metadata of the running broker that has applied most; null if none runs.
  const metadata::Cluster* metadata();

 private:
  const Options options_;
  Simulation& sim_;
  std::vector<SimNode*> nodes_;
  std::vector<std::unique_ptr<broker::Broker>> brokers_;  // null while not running
  std::vector<std::uint64_t> lives_;
  std::uint64_t starts_ = 0;
};

}  // namespace kontiki::sim
