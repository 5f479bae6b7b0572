#include "sim/cluster/broker_cluster.h"

#include "broker/coordinator_host.h"
#include "broker/partition_host.h"
#include "sim/cluster/process_exit.h"

#include <utility>

namespace kontiki::sim {
namespace {
constexpr std::int32_t kIds[BrokerCluster::kNodesMax] = {7, 42, 11, 5, 103, 28, 9};
}

BrokerCluster::BrokerCluster(Simulation& sim, Options options)
    : options_(std::move(options)), sim_(sim), brokers_(options_.nodes), lives_(options_.nodes) {
  CHECK(options_.nodes >= 1 && options_.nodes <= kNodesMax);
  for (std::size_t i = 0; i < size(); ++i) nodes_.push_back(&sim_.add_node(name(i), options_.shards));
}

BrokerCluster::~BrokerCluster() {
  for (std::size_t i = 0; i < size(); ++i)
    if (runs(i)) crash(i);
}

NodeId BrokerCluster::node_id(std::size_t i) {
  return NodeId(kIds[i]);
}

std::optional<std::size_t> BrokerCluster::number_of(NodeId id) {
  for (std::size_t i = 0; i < kNodesMax; ++i)
    if (kIds[i] == id.value) return i;
  return std::nullopt;
}

broker::BrokerOptions BrokerCluster::options_of(std::size_t i) const {
  broker::BrokerOptions options;
  options.node_id = node_id(i);
  options.data_dir = "/data";
  options.kafka = {name(i), 9092};
  options.peer = {name(i), 9093};
  for (std::size_t seed = 0; seed < size(); ++seed) options.seeds.push_back({name(seed), 9093});
  options.seed = options_.seed * 1000 + starts_;
  options.limits = options_.limits;
  options.node = options_.node;
  options.coordinators = 3;
  options.state_log_bytes = 16u << 10;
  options.groups.session_timeout_min_ms = 1'000;
  options.groups.initial_rebalance_delay_ms = 500;
  return options;
}

Result<void, broker::Problem> BrokerCluster::try_start(std::size_t i) {
  CHECK(!runs(i));
  SimNode& at = node(i);
  if (!at.running()) at.start();
  ++starts_;
  ++lives_[i];
  broker::Problem problem{};
  try {
    auto started = broker::Broker::start(at.clock(), at.disk(), at.network(), at.executors(), options_of(i));
    if (started) {
      brokers_[i] = std::move(*started);
      return {};
    }
    problem = started.error();
  } catch (const ProcessExit& exit) {
    problem = {exit.reason, exit.message};
  }
  at.crash();
  return unexpected(std::move(problem));
}

void BrokerCluster::crash(std::size_t i) {
  node(i).crash();
  brokers_[i].reset();
}

void BrokerCluster::power_off(std::size_t i) {
  node(i).power_off();
  brokers_[i].reset();
}

void BrokerCluster::stop(std::size_t i, env::Task done) {
  brokers_[i]->stop(std::move(done));
}

bool BrokerCluster::step(std::int64_t limit_us, const std::function<void(const Exit&)>& exited) {
  Scheduler& scheduler = sim_.scheduler();
  try {
    return scheduler.step_until(limit_us);
  } catch (const ProcessExit& exit) {
    for (std::size_t i = 0; i < size(); ++i) {
      if (!runs(i) || !node(i).owns_stream(scheduler.current_stream())) continue;
      crash(i);
      exited({i, exit.reason, exit.message, false});
      return true;
    }
    CHECK(false, "fatal() outside of every broker's tasks");
  }
  return true;
}

bool BrokerCluster::all_ready() {
  for (std::size_t i = 0; i < size(); ++i)
    if (runs(i) && !broker(i).ready()) return false;
  return true;
}

const metadata::Cluster* BrokerCluster::metadata() {
  const metadata::Cluster* newest = nullptr;
  for (std::size_t i = 0; i < size(); ++i) {
    if (!runs(i)) continue;
    const metadata::Cluster& cluster = broker(i).shard(0).cluster();
    if (newest == nullptr || cluster.applied() > newest->applied()) newest = &cluster;
  }
  return newest;
}

std::optional<GroupId> BrokerCluster::group(const std::string& topic, std::int32_t partition) {
  const metadata::Cluster* cluster = metadata();
  if (cluster == nullptr) return std::nullopt;
  const auto* info = cluster->partition(topic, partition);
  if (info == nullptr) return std::nullopt;
  return info->group;
}

multiraft::Group* BrokerCluster::member(std::size_t i, GroupId id) {
  if (!runs(i)) return nullptr;
  multiraft::Node& at = broker(i).node();
  return at.shard(at.shard_of(id)).find(id);
}

broker::ReplicaHost* BrokerCluster::replica(std::size_t i, GroupId id) {
  if (!runs(i)) return nullptr;
  return broker(i).shard(broker(i).node().shard_of(id)).replica(id);
}

broker::CoordinatorHost* BrokerCluster::coordinator(std::size_t i, GroupId id) {
  if (!runs(i)) return nullptr;
  return broker(i).shard(broker(i).node().shard_of(id)).coordinator(id);
}

broker::PartitionHost* BrokerCluster::host(std::size_t i, GroupId id) {
  if (!runs(i)) return nullptr;
  return broker(i).shard(broker(i).node().shard_of(id)).host(id);
}

std::optional<std::size_t> BrokerCluster::leader(GroupId id) {
  for (std::size_t i = 0; i < size(); ++i) {
    if (!runs(i) || !node(i).running()) continue;
    broker::PartitionHost* at = host(i, id);
    if (at != nullptr && at->serves()) return i;
    broker::CoordinatorHost* coordinates = coordinator(i, id);
    if (coordinates != nullptr && coordinates->leads() && coordinates->coordinator().is_serving()) return i;
  }
  return std::nullopt;
}

}  // namespace kontiki::sim
