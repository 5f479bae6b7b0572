#include "broker/topic_plan.h"

#include "base/limits.h"
#include "metadata/names.h"
#include "metadata/topic_configs.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <utility>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;
using Placement = std::vector<metadata::Replicas>;

constexpr std::int32_t kDefault = -1;  // in a request: the broker's default

AdminResult<metadata::Configs> plan_configs(const std::vector<kafka::CreateTopicsRequest::Config>& wanted) {
  metadata::Configs configs;
  for (const auto& config : wanted) {
    if (!config.value)
      return refused(ErrorCode::kInvalidConfig, fmt::format("The setting \"{}\" has no value.", config.name));
    configs[config.name] = *config.value;
  }
  if (auto message = metadata::check_topic_configs(configs))
    return refused(ErrorCode::kInvalidConfig, std::move(*message));
  return configs;
}

// One list of replicas that a client chose.
AdminResult<metadata::Replicas> plan_replicas(const ClusterView& view, const std::vector<std::int32_t>& ids) {
  if (ids.empty())
    return refused(ErrorCode::kInvalidReplicaAssignment, "A partition is assigned to no broker.");
  metadata::Replicas replicas;
  for (const std::int32_t id : ids) {
    const NodeId node(id);
    if (view.cluster.node(node) == nullptr)
      return refused(ErrorCode::kInvalidReplicaAssignment, fmt::format("There is no broker {}.", id));
    if (std::find(replicas.begin(), replicas.end(), node) != replicas.end())
      return refused(ErrorCode::kInvalidReplicaAssignment,
                     fmt::format("A partition is assigned to broker {} twice.", id));
    replicas.push_back(node);
  }
  return replicas;
}

AdminResult<Placement> plan_assignments(const ClusterView& view,
                                        const kafka::CreateTopicsRequest::Topic& wanted) {
  if (wanted.num_partitions != kDefault || wanted.replication_factor != kDefault)
    return refused(
        ErrorCode::kInvalidRequest,
        "With replica assignments, the number of partitions and the replication factor must be -1.");
  Placement placement(wanted.assignments.size());
  for (const auto& assignment : wanted.assignments) {
    const auto at = static_cast<std::size_t>(assignment.partition_index);
    if (assignment.partition_index < 0 || at >= placement.size() || !placement[at].empty())
      return refused(ErrorCode::kInvalidReplicaAssignment,
                     "The assigned partitions must be numbered from 0, each once.");
    auto replicas = plan_replicas(view, assignment.broker_ids);
    if (!replicas) return unexpected(replicas.error());
    placement[at] = std::move(*replicas);
  }
  for (const auto& replicas : placement)
    if (replicas.size() != placement.front().size())
      return refused(ErrorCode::kInvalidReplicaAssignment,
                     "Each partition must be assigned to the same number of brokers.");
  return placement;
}

AdminResult<Placement> plan_added(const ClusterView& view,
                                  const std::vector<kafka::CreatePartitionsRequest::Assignment>& assignments,
                                  std::size_t partitions, std::size_t replication_factor) {
  if (assignments.size() != partitions)
    return refused(
        ErrorCode::kInvalidReplicaAssignment,
        fmt::format("{} partitions would be added, but {} are assigned.", partitions, assignments.size()));
  Placement placement;
  for (const auto& assignment : assignments) {
    auto replicas = plan_replicas(view, assignment.broker_ids);
    if (!replicas) return unexpected(replicas.error());
    if (replicas->size() != replication_factor)
      return refused(ErrorCode::kInvalidReplicaAssignment,
                     fmt::format("The partitions of this topic have {} replicas.", replication_factor));
    placement.push_back(std::move(*replicas));
  }
  return placement;
}

}  // namespace

TopicPlanner::TopicPlanner(const ClusterView& view, const BrokerOptions& options, Prng& prng)
    : view_(view), options_(options), prng_(prng) {}

AdminResult<void> TopicPlanner::reserve(std::size_t partitions) {
  if (partitions > partitions_left_)
    return refused(ErrorCode::kPolicyViolation,
                   fmt::format("One request may make up to {} partitions.", kPartitionsMax));
  partitions_left_ -= partitions;
  return {};
}

// The nodes on which to place partitions of so many replicas. While a node is down, topics can be created all
// the same, as long as a majority of every partition's replicas runs: then all nodes given are needed for
// each.
AdminResult<std::vector<metadata::NodeLoad>> TopicPlanner::usable_nodes(std::size_t replication_factor) {
  if (!counted_) {
    running_ = metadata::node_loads(view_.cluster, [&](NodeId node) { return view_.is_alive(node); });
    down_ = metadata::node_loads(view_.cluster, [&](NodeId node) { return !view_.is_alive(node); });
    counted_ = true;
  }
  if (running_.size() >= replication_factor) return running_;
  const std::size_t missing = replication_factor - running_.size();
  if (down_.size() < missing || running_.size() <= replication_factor / 2)
    return refused(ErrorCode::kInvalidReplicationFactor,
                   fmt::format("{} replicas need as many brokers: {} are registered, {} of them answer.",
                               replication_factor, running_.size() + down_.size(), running_.size()));
  auto nodes = running_;
  nodes.insert(nodes.end(), down_.begin(), down_.begin() + static_cast<std::ptrdiff_t>(missing));
  return nodes;
}

void TopicPlanner::count(const Placement& placement) {
  std::map<NodeId, metadata::NodeLoad*> loads;
  for (auto& load : running_) loads[load.node] = &load;
  for (auto& load : down_) loads[load.node] = &load;
  for (const auto& replicas : placement) {
    ++loads.at(replicas.front())->leaders;
    for (const NodeId node : replicas) ++loads.at(node)->replicas;
  }
}

AdminResult<Placement> TopicPlanner::place(std::int32_t partitions, std::size_t replication_factor) {
  if (const auto room = reserve(static_cast<std::size_t>(partitions)); !room) return unexpected(room.error());
  const auto nodes = usable_nodes(replication_factor);
  if (!nodes) return unexpected(nodes.error());
  auto placement = metadata::place(*nodes, partitions, static_cast<std::int32_t>(replication_factor), prng_);
  if (!placement) return unexpected(explain(placement.error()));
  // The first replica is to lead, so it should be one that runs.
  for (auto& replicas : *placement) {
    const auto running =
        std::find_if(replicas.begin(), replicas.end(), [&](NodeId node) { return view_.is_alive(node); });
    if (running != replicas.end()) std::iter_swap(replicas.begin(), running);
  }
  count(*placement);
  return std::move(*placement);
}

AdminResult<Placement> TopicPlanner::place_counts(std::int32_t partitions, std::int32_t replication_factor) {
  if (partitions == kDefault) partitions = options_.default_partitions;
  if (replication_factor == kDefault) replication_factor = options_.replication_factor();
  if (partitions <= 0 || partitions > limits::kPartitionsPerTopicMax)
    return refused(ErrorCode::kInvalidPartitions,
                   fmt::format("A topic has 1 to {} partitions, or -1 for the default; not {}.",
                               limits::kPartitionsPerTopicMax, partitions));
  if (replication_factor <= 0 || replication_factor > static_cast<std::int32_t>(limits::kReplicasMax))
    return refused(ErrorCode::kInvalidReplicationFactor,
                   fmt::format("A partition has 1 to {} replicas, or -1 for the default; not {}.",
                               limits::kReplicasMax, replication_factor));
  return place(partitions, static_cast<std::size_t>(replication_factor));
}

AdminResult<metadata::CreateTopic> TopicPlanner::create(const kafka::CreateTopicsRequest::Topic& wanted) {
  if (metadata::is_internal_topic(wanted.name))
    return refused(ErrorCode::kInvalidTopicException,
                   fmt::format("The topic {} is made by the brokers when they need it.", wanted.name));
  return plan(wanted);
}

AdminResult<metadata::CreateTopic> TopicPlanner::create_coordinators() {
  kafka::CreateTopicsRequest::Topic wanted;
  wanted.name = metadata::kGroupsTopic;
  wanted.num_partitions = options_.coordinators;
  wanted.replication_factor = static_cast<std::int16_t>(options_.coordinator_replication_factor());
  return plan(wanted);
}

AdminResult<metadata::CreateTopic> TopicPlanner::plan(const kafka::CreateTopicsRequest::Topic& wanted) {
  if (!metadata::is_valid_topic_name(wanted.name)) return unexpected(explain(metadata::Error::kInvalidName));
  if (view_.cluster.topic(wanted.name) != nullptr) return unexpected(explain(metadata::Error::kTopicExists));
  auto configs = plan_configs(wanted.configs);
  if (!configs) return unexpected(configs.error());
  if (const auto room = reserve(wanted.assignments.size()); !room) return unexpected(room.error());
  auto placement = wanted.assignments.empty() ? place_counts(wanted.num_partitions, wanted.replication_factor)
                                              : plan_assignments(view_, wanted);
  if (!placement) return unexpected(placement.error());
  if (auto message = metadata::check_replica_configs(*configs, placement->front().size()))
    return refused(ErrorCode::kInvalidConfig, std::move(*message));
  metadata::CreateTopic command{.name = wanted.name,
                                .id = Uuid::random(prng_),
                                .configs = std::move(*configs),
                                .partitions = std::move(*placement)};
  if (const auto error = view_.cluster.check(command); error != metadata::Error::kNone)
    return unexpected(explain(error));
  return command;
}

AdminResult<metadata::CreateTopic> TopicPlanner::create_default(const std::string& name) {
  kafka::CreateTopicsRequest::Topic wanted;
  wanted.name = name;
  wanted.num_partitions = kDefault;
  wanted.replication_factor = kDefault;
  return create(wanted);
}

AdminResult<metadata::CreatePartitions> TopicPlanner::grow(
    const kafka::CreatePartitionsRequest::Topic& wanted) {
  const auto* topic = view_.cluster.topic(wanted.name);
  if (topic == nullptr) return unexpected(explain(metadata::Error::kUnknownTopic));
  if (metadata::is_internal_topic(topic->name)) return unexpected(internal_topic(topic->name));
  const auto existing = static_cast<std::int32_t>(topic->partitions.size());
  if (wanted.count <= existing || wanted.count > limits::kPartitionsPerTopicMax)
    return refused(ErrorCode::kInvalidPartitions,
                   fmt::format("The topic has {} partitions: it can get more, up to {}, but not {}.",
                               existing, limits::kPartitionsPerTopicMax, wanted.count));
  const std::size_t replication_factor = topic->partitions.front().target().size();
  auto placement = wanted.assignments
                       ? plan_added(view_, *wanted.assignments,
                                    static_cast<std::size_t>(wanted.count - existing), replication_factor)
                       : place(wanted.count - existing, replication_factor);
  if (!placement) return unexpected(placement.error());
  metadata::CreatePartitions command{.id = topic->id, .existing = existing, .added = std::move(*placement)};
  if (const auto error = view_.cluster.check(command); error != metadata::Error::kNone)
    return unexpected(explain(error));
  return command;
}

}  // namespace kontiki::broker
