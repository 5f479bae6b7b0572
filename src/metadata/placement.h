// Placement of new partitions on nodes: a pure function, run by the broker that proposes CreateTopic or
// CreatePartitions; its result goes into the command, so replicas never compute it.
#pragma once

#include "base/prng.h"
#include "base/result.h"
#include "metadata/cluster.h"
#include "metadata/types.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace kontiki::metadata {

struct NodeLoad {
  NodeId node;
  std::string rack;            // empty: none
  std::uint64_t replicas = 0;  // that it has
  std::uint64_t leaders = 0;   // partitions that prefer it as leader
};

// The nodes for which `usable` is true, with what the cluster's topics put on them. By node id.
std::vector<NodeLoad> node_loads(const Cluster& cluster, const std::function<bool(NodeId)>& usable);

// Places `partitions` new partitions with `replication_factor` replicas each. Spread evenly over the nodes
// are, in this order: the preferred leaders, the racks of each partition, the replicas, the followers of each
// leader (so that the partitions of a dead leader fall to different nodes). What is left open by that goes
// where the load is lowest, then by chance. kInvalidPartitions, kInvalidReplicationFactor (none, or more than
// nodes).
Result<std::vector<Replicas>, Error> place(const std::vector<NodeLoad>& nodes, std::int32_t partitions,
                                           std::int32_t replication_factor, Prng& prng);

}  // namespace kontiki::metadata
