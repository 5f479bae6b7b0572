#include "metadata/cluster.h"

#include "base/check.h"
#include "base/limits.h"
#include "metadata/names.h"
#include "metadata/replica_lists.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace kontiki::metadata {
namespace {

constexpr std::int32_t kProducerIdsMax = 1'000'000;  // in one block

bool is_short(std::string_view text) {
  return text.size() <= limits::kMetadataTextBytesMax;
}

bool are_within_limits(const Configs& configs) {
  return configs.size() <= limits::kTopicConfigsMax &&
         std::all_of(configs.begin(), configs.end(), [](const auto& c) {
           return !c.first.empty() && is_short(c.first) && is_short(c.second);
         });
}

// The settings of a topic after the command.
Configs changed(Configs configs, const SetTopicConfigs& command) {
  for (const auto& [name, value] : command.set) configs[name] = value;
  for (const std::string& name : command.remove) configs.erase(name);
  return configs;
}

}  // namespace

const char* to_string(Error error) {
  switch (error) {
    case Error::kNone:
      return "none";
    case Error::kClusterIdSet:
      return "the cluster has an id already";
    case Error::kNodeIdInUse:
      return "the node id belongs to another peer address";
    case Error::kPeerAddressInUse:
      return "another node has this peer address, seed slot or data folder";
    case Error::kInvalidNode:
      return "the node's registration is not valid";
    case Error::kUnknownNode:
      return "the node is not registered";
    case Error::kInvalidName:
      return "the topic name is not 1 to 249 of a-z, A-Z, 0-9, '.', '_' and '-'";
    case Error::kCollides:
      return "the topic name differs from an existing one only by '.' and '_'";
    case Error::kTopicExists:
      return "the topic exists already";
    case Error::kUnknownTopic:
      return "the topic does not exist";
    case Error::kInvalidPartitions:
      return "the number of partitions is not valid";
    case Error::kInvalidReplicationFactor:
      return "the replication factor is not between 1 and the number of nodes";
    case Error::kInvalidAssignment:
      return "the replicas are uneven, repeated or not registered";
    case Error::kInvalidConfig:
      return "a setting is unknown or not valid";
    case Error::kInvalidRequest:
      return "the request is not valid";
    case Error::kLimit:
      return "the cluster has as many nodes or partitions as it can hold";
    case Error::kNoReassignment:
      return "no such reassignment of the partition is under way";
  }
  return "?";
}

// ---- queries
// --------------------------------------------------------------------------------------------------------

const Node* Cluster::node(NodeId id) const {
  const auto it = nodes_.find(id);
  return it == nodes_.end() ? nullptr : &it->second;
}

const Node* Cluster::node_at_slot(std::int32_t seed_slot) const {
  if (seed_slot < 0) return nullptr;
  const auto it = std::find_if(nodes_.begin(), nodes_.end(),
                               [&](const auto& n) { return n.second.seed_slot == seed_slot; });
  return it == nodes_.end() ? nullptr : &it->second;
}

const Topic* Cluster::topic(std::string_view name) const {
  const auto it = topics_.find(name);
  return it == topics_.end() ? nullptr : &it->second;
}

const Topic* Cluster::topic(const TopicId& id) const {
  const auto it = names_.find(id);
  return it == names_.end() ? nullptr : topic(it->second);
}

std::optional<PartitionRef> Cluster::partition(GroupId group) const {
  const auto it = groups_.find(group);
  if (it == groups_.end()) return std::nullopt;
  return PartitionRef{topic(it->second.topic), it->second.partition};
}

const PartitionInfo* Cluster::partition(std::string_view name, std::int32_t partition) const {
  const Topic* found = topic(name);
  if (found == nullptr || partition < 0) return nullptr;
  const auto number = static_cast<std::size_t>(partition);
  return number < found->partitions.size() ? &found->partitions[number] : nullptr;
}

std::optional<Outcome> Cluster::outcome(const Uuid& token) const {
  const auto it = outcomes_.find(token);
  return it == outcomes_.end() ? std::nullopt : std::optional(it->second);
}

// ---- the log
// --------------------------------------------------------------------------------------------------------

ApplyResult Cluster::apply(const Entry& entry) {
  CHECK(entry.header.index == applied_ + 1, "entries are applied in order, without gaps");
  applied_ = entry.header.index;
  ApplyResult result;
  if (entry.header.kind != EntryKind::kCommand) return result;
  const auto command = decode(entry.payload.bytes());
  if (!command)
    fatal(Reason::kDataMismatch,
          fmt::format(
              "the metadata log holds a command that this version cannot read at index {} (term {}); it was "
              "written by a newer Kontiki: run that version or a later one on this node",
              entry.header.index.value, entry.header.term.value));
  result.token = command->token;
  if (const auto known = outcome(command->token)) {
    result.outcome = *known;
    result.repeated = true;
    return result;
  }
  result.outcome.error = check(command->body);
  if (result.outcome.error == Error::kNone)
    std::visit([&](const auto& body) { execute(body, result); }, command->body);
  remember(command->token, result.outcome);
  return result;
}

Error Cluster::check(const CommandBody& command) const {
  return std::visit([&](const auto& body) { return check_command(body); }, command);
}

void Cluster::remember(const Uuid& token, const Outcome& outcome) {
  if (token.is_zero()) return;
  tokens_.push_back(token);
  outcomes_.emplace(token, outcome);
  if (tokens_.size() <= limits::kMetadataTokensRemembered) return;
  outcomes_.erase(tokens_.front());
  tokens_.pop_front();
}

// ---- cluster and nodes
// ----------------------------------------------------------------------------------------------

Error Cluster::check_command(const SetClusterId& command) const {
  if (command.id.is_zero()) return Error::kInvalidRequest;
  return cluster_id_.is_zero() ? Error::kNone : Error::kClusterIdSet;
}

void Cluster::execute(const SetClusterId& command, ApplyResult& result) {
  cluster_id_ = command.id;
  result.changes.push_back(ClusterIdChanged{command.id});
}

Error Cluster::check_command(const RegisterNode& command) const {
  const Node& node = command.node;
  if (node.id < NodeId(0) || node.incarnation.is_zero() || node.seed_slot < kNoSlot)
    return Error::kInvalidNode;
  if (node.host.empty() || node.port == 0 || node.peer_address.empty()) return Error::kInvalidNode;
  if (!is_short(node.host) || !is_short(node.peer_address) || !is_short(node.rack))
    return Error::kInvalidNode;
  for (const auto& [id, other] : nodes_) {
    if (id == node.id) {
      // With another data folder it is the node all the same: its disk was replaced.
      if (other.peer_address != node.peer_address) return Error::kNodeIdInUse;
      continue;
    }
    const bool shares_slot = node.seed_slot != kNoSlot && other.seed_slot == node.seed_slot;
    if (shares_slot || other.peer_address == node.peer_address || other.incarnation == node.incarnation)
      return Error::kPeerAddressInUse;
  }
  return nodes_.contains(node.id) || nodes_.size() < limits::kNodesMax ? Error::kNone : Error::kLimit;
}

void Cluster::execute(const RegisterNode& command, ApplyResult& result) {
  const auto [it, is_new] = nodes_.try_emplace(command.node.id);
  Node node = command.node;
  const bool same_folder = !is_new && it->second.incarnation == node.incarnation;
  node.first_group = same_folder ? it->second.first_group : next_group_;
  if (it->second == node) return;
  it->second = node;
  result.changes.push_back(NodeChanged{command.node.id});
}

Error Cluster::check_command(const AllocateProducerIds& command) const {
  if (!nodes_.contains(command.node)) return Error::kUnknownNode;
  if (command.count < 1 || command.count > kProducerIdsMax) return Error::kInvalidRequest;
  const bool are_used_up = next_producer_id_.value > std::numeric_limits<std::int64_t>::max() - command.count;
  return are_used_up ? Error::kLimit : Error::kNone;
}

void Cluster::execute(const AllocateProducerIds& command, ApplyResult& result) {
  result.outcome.producer_ids = {next_producer_id_, command.count};
  next_producer_id_ = next_producer_id_ + std::int64_t{command.count};
}

// ---- topics
// ---------------------------------------------------------------------------------------------------------

// `replication_factor` 0: any, the same for all.
Error Cluster::check_replicas(const std::vector<Replicas>& partitions, std::size_t replication_factor) const {
  if (partitions.empty()) return Error::kInvalidPartitions;
  if (replication_factor == 0) replication_factor = partitions.front().size();
  if (replication_factor == 0 || replication_factor > limits::kReplicasMax)
    return Error::kInvalidReplicationFactor;
  for (const Replicas& replicas : partitions) {
    if (replicas.size() != replication_factor || has_repeats(replicas)) return Error::kInvalidAssignment;
    for (const NodeId node : replicas)
      if (!nodes_.contains(node)) return Error::kInvalidAssignment;
  }
  return groups_.size() + partitions.size() <= limits::kPartitionsMax ? Error::kNone : Error::kLimit;
}

Error Cluster::check_command(const CreateTopic& command) const {
  if (!is_valid_topic_name(command.name)) return Error::kInvalidName;
  if (topics_.contains(command.name)) return Error::kTopicExists;
  if (collisions_.contains(collision_key(command.name))) return Error::kCollides;
  if (command.id.is_zero() || names_.contains(command.id)) return Error::kInvalidRequest;
  if (!are_within_limits(command.configs)) return Error::kInvalidConfig;
  if (command.partitions.size() > limits::kPartitionsPerTopicMax) return Error::kInvalidPartitions;
  return check_replicas(command.partitions, 0);
}

void Cluster::execute(const CreateTopic& command, ApplyResult& result) {
  Topic& topic = topics_[command.name];
  topic = {.id = command.id, .name = command.name, .configs = command.configs, .partitions = {}};
  add_partitions(topic, command.partitions);
  index_topic(topic);
  result.outcome.topic_id = topic.id;
  result.changes.push_back(TopicCreated{topic.id});
}

Error Cluster::check_command(const DeleteTopic& command) const {
  return names_.contains(command.id) ? Error::kNone : Error::kUnknownTopic;
}

void Cluster::execute(const DeleteTopic& command, ApplyResult& result) {
  const auto it = topics_.find(names_.at(command.id));
  for (const PartitionInfo& partition : it->second.partitions) {
    groups_.erase(partition.group);
    reassigning_.erase(partition.group);
  }
  collisions_.erase(collision_key(it->first));
  names_.erase(command.id);
  result.changes.push_back(TopicDeleted{std::move(it->second)});
  topics_.erase(it);
}

Error Cluster::check_command(const CreatePartitions& command) const {
  const Topic* found = topic(command.id);
  if (found == nullptr) return Error::kUnknownTopic;
  const std::size_t existing = found->partitions.size();
  if (command.existing < 0 || static_cast<std::size_t>(command.existing) != existing)
    return Error::kInvalidPartitions;
  if (existing + command.added.size() > limits::kPartitionsPerTopicMax) return Error::kInvalidPartitions;
  return check_replicas(command.added, found->partitions.front().target().size());
}

void Cluster::execute(const CreatePartitions& command, ApplyResult& result) {
  Topic& topic = topic_for_change(command.id);
  add_partitions(topic, command.added);
  index_topic(topic);
  result.changes.push_back(PartitionsAdded{command.id, command.existing});
}

Error Cluster::check_command(const SetTopicConfigs& command) const {
  const Topic* found = topic(command.id);
  if (found == nullptr) return Error::kUnknownTopic;
  return are_within_limits(changed(found->configs, command)) ? Error::kNone : Error::kInvalidConfig;
}

void Cluster::execute(const SetTopicConfigs& command, ApplyResult& result) {
  Topic& topic = topic_for_change(command.id);
  Configs configs = changed(topic.configs, command);
  if (configs == topic.configs) return;
  topic.configs = std::move(configs);
  result.changes.push_back(ConfigChanged{command.id});
}

Topic& Cluster::topic_for_change(const TopicId& id) {
  return topics_.find(names_.at(id))->second;
}

void Cluster::add_partitions(Topic& topic, const std::vector<Replicas>& partitions) {
  for (const Replicas& replicas : partitions) {
    topic.partitions.push_back({.group = next_group_, .replicas = replicas, .founders = replicas});
    ++next_group_;
  }
}

void Cluster::index_topic(const Topic& topic) {
  names_[topic.id] = topic.name;
  collisions_[collision_key(topic.name)] = topic.name;
  for (std::size_t i = 0; i < topic.partitions.size(); ++i) {
    groups_[topic.partitions[i].group] = {topic.id, static_cast<std::int32_t>(i)};
    if (topic.partitions[i].reassignment) reassigning_.insert(topic.partitions[i].group);
  }
}

}  // namespace kontiki::metadata
