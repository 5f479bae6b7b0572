#include "broker/cluster_view.h"

#include "broker/shard_broker.h"
#include "metadata/names.h"

#include <algorithm>

namespace kontiki::broker {

bool ClusterView::is_alive(NodeId node) const {
  return std::binary_search(alive.begin(), alive.end(), node);
}

std::vector<const metadata::Node*> ClusterView::brokers() const {
  std::vector<const metadata::Node*> found;
  for (const auto& [id, node] : cluster.nodes())
    if (is_alive(id) || is_cut_off()) found.push_back(&node);
  return found;
}

NodeId ClusterView::controller() const {
  const bool known = cluster.node(metadata_leader) != nullptr && is_alive(metadata_leader);
  return known ? metadata_leader : self;
}

std::optional<std::string> ClusterView::cluster_id() const {
  if (cluster.cluster_id().is_zero()) return std::nullopt;
  return cluster.cluster_id().text();
}

bool ClusterView::is_led(GroupId group) const {
  const auto* known = leaders.find(group);
  // A leader that is not in the list of brokers is one that a client cannot reach.
  return known != nullptr && cluster.node(known->leader) != nullptr && is_alive(known->leader);
}

bool ClusterView::is_led(const metadata::Topic& topic) const {
  return std::all_of(topic.partitions.begin(), topic.partitions.end(),
                     [&](const metadata::PartitionInfo& info) { return is_led(info.group); });
}

kafka::MetadataResponse::Topic ClusterView::describe(const metadata::Topic& topic) const {
  kafka::MetadataResponse::Topic shown;
  shown.name = topic.name;
  shown.topic_id = topic.id;
  shown.is_internal = metadata::is_internal_topic(topic.name);
  shown.partitions.reserve(topic.partitions.size());
  std::int32_t number = 0;
  for (const auto& info : topic.partitions) shown.partitions.push_back(describe(number++, info));
  return shown;
}

kafka::MetadataResponse::Partition ClusterView::describe(std::int32_t number,
                                                         const metadata::PartitionInfo& info) const {
  kafka::MetadataResponse::Partition shown;
  shown.partition_index = number;
  shown.leader_id = kNoNode.value;
  shown.error_code = kafka::ErrorCode::kLeaderNotAvailable;
  const auto* known = leaders.find(info.group);
  if (known != nullptr && known->term.value > 0) shown.leader_epoch = leader_epoch_of(known->term);
  if (is_led(info.group)) {
    shown.leader_id = known->leader.value;
    shown.error_code = kafka::ErrorCode::kNone;
  }
  for (const NodeId replica : info.replicas) {
    shown.replica_nodes.push_back(replica.value);
    if (!is_alive(replica)) {
      shown.offline_replicas.push_back(replica.value);
      continue;
    }
    // Without news from a leader, those that answer are taken to keep up.
    const bool in_sync =
        known == nullptr || known->in_sync.empty() ||
        std::find(known->in_sync.begin(), known->in_sync.end(), replica) != known->in_sync.end();
    if (in_sync) shown.isr_nodes.push_back(replica.value);
  }
  return shown;
}

ClusterView view_of(const ShardBroker& shard) {
  return {shard.cluster(), shard.leaders(),    shard.alive(),
          shard.self(),    shard.controller(), shard.seed_count()};
}

}  // namespace kontiki::broker
