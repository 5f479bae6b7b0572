// Broker: one node of the cluster as a whole: the raft node, the metadata group's member, the Kafka listener
// and one ShardBroker per shard. Built and owned by the composition root (or a test), on top of the four
// interfaces of env/ and nothing else.
//
// start() is called before the executors run (or, in the simulator, between two of their tasks); everything
// else on shard 0's executor. Destroy it only when no executor runs its tasks any more.
#pragma once

#include "base/check.h"
#include "base/result.h"
#include "broker/door.h"
#include "broker/metrics.h"
#include "broker/options.h"
#include "broker/shard_broker.h"
#include "env/clock.h"
#include "env/disk.h"
#include "env/executor.h"
#include "env/network.h"
#include "multiraft/node.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace kontiki::broker {

class Controller;

// Why a broker cannot start: the process should print the message and exit with the reason's code.
struct Problem {
  Reason reason;
  std::string message;
};

class Broker final : public multiraft::NodeEvents {
 public:
  // `executors`: one per shard, at least one. Everything given outlives the broker.
  static Result<std::unique_ptr<Broker>, Problem> start(env::Clock& clock, env::Disk& disk,
                                                        env::Network& network,
                                                        std::vector<env::Executor*> executors,
                                                        BrokerOptions options);
  ~Broker() override;

  // Stops listening, closes the connections, moves what is committed to its place on disk; then `done`, on
  // shard 0. Once.
  void stop(env::Task done);

  // A leader of the metadata is known and this broker is registered: clients can be served.
  bool ready() const;
  // Adds up all shards' counters; `done` on shard 0.
  void collect(std::move_only_function<void(Metrics)> done);

  const BrokerOptions& options() const { return options_; }
  env::Address kafka_address() const;  // as bound
  env::Clock& clock() { return clock_; }
  env::Disk& disk() { return disk_; }  // from every shard
  multiraft::Node& node() { return *node_; }
  Controller& controller() { return *controller_; }
  Door& door() { return door_; }  // on shard 0
  std::size_t shard_count() const { return shards_.size(); }
  // Only shard 0's may be used by callers on shard 0; the others are reached by ShardBroker::to_shard.
  ShardBroker& shard(std::size_t number) { return *shards_[number]; }

  // On shard 0: somebody else leads the metadata group, or nobody.
  void metadata_leader_changed();

  // multiraft::NodeEvents
  void leadership_changed(std::size_t shard, const multiraft::Leadership& news) override;
  void nodes_changed() override;
  void call(NodeId from, const Slice& request, Reply reply) override;

 private:
  Broker(env::Clock& clock, env::Disk& disk, BrokerOptions options);
  Result<void, Problem> open(env::Network& network, std::vector<env::Executor*> executors);
  Result<void, Problem> create_metadata_group();
  Result<void, Problem> listen(env::Network& network, std::vector<env::Executor*> executors);
  void begin();

  env::Clock& clock_;
  env::Disk& disk_;
  BrokerOptions options_;
  Door door_;
  Configuration voters_;  // of the metadata group
  std::unique_ptr<multiraft::Node> node_;
  std::unique_ptr<Controller> controller_;
  std::vector<std::unique_ptr<ShardBroker>> shards_;
  std::unique_ptr<env::Listener> listener_;
  bool stopping_ = false;
};

}  // namespace kontiki::broker
