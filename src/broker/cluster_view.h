// ClusterView: what this broker knows of the cluster at one moment, as clients are told it. Pure functions of
// a shard's copy of the metadata, its leader table and the nodes that answer. Lives during one call of a
// handler: it refers to the shard's state.
#pragma once

#include "kafka/error.h"
#include "kafka/messages/metadata.h"
#include "metadata/cluster.h"
#include "multiraft/leader_table.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace kontiki::broker {

class ShardBroker;

struct ClusterView {
  const metadata::Cluster& cluster;
  const multiraft::LeaderTable& leaders;
  std::span<const NodeId> alive;  // sorted
  NodeId self;
  NodeId metadata_leader = kNoNode;
  std::size_t seeds = 1;  // that the cluster was founded with

  bool is_alive(NodeId node) const;
  // No majority of the cluster answers: this broker does not hear of what the others decide meanwhile.
  bool is_cut_off() const { return 2 * alive.size() <= seeds; }
  // What clients may connect to, by id: those registered that answer; all of them if this broker is cut off,
  // since a client forgets those that are not named, and would know of nobody else to ask.
  std::vector<const metadata::Node*> brokers() const;
  // Where clients send administrative requests. Any broker takes them, so this is never "none": the leader of
  // the metadata group if it answers, else this broker.
  NodeId controller() const;
  // Null until the cluster has one.
  std::optional<std::string> cluster_id() const;
  // Whether clients can be told a leader of every one of the groups.
  bool is_led(GroupId group) const;
  bool is_led(const metadata::Topic& topic) const;

  kafka::MetadataResponse::Topic describe(const metadata::Topic& topic) const;
  kafka::MetadataResponse::Partition describe(std::int32_t number, const metadata::PartitionInfo& info) const;
};

ClusterView view_of(const ShardBroker& shard);

// What a client may do, as bits by Kafka's numbers of the operations. There is no authorizer: everything that
// exists for that kind of resource.
inline constexpr std::int32_t kTopicOperations = 0b1101'1111'1000;
inline constexpr std::int32_t kClusterOperations = 0b1'1111'1010'0000;

}  // namespace kontiki::broker
