#include "metadata/placement.h"

#include "base/limits.h"

#include <algorithm>
#include <map>
#include <numeric>
#include <set>
#include <tuple>

namespace kontiki::metadata {
namespace {

class Placer {
 public:
  Placer(const std::vector<NodeLoad>& nodes, Prng& prng)
      : nodes_(nodes), here_(nodes.size()), pairs_(nodes.size() * nodes.size()), chance_(nodes.size()) {
    for (const NodeLoad& node : nodes) racks_.insert(node.rack);
    std::iota(chance_.begin(), chance_.end(), std::size_t{0});
    for (std::size_t i = chance_.size(); i > 1; --i) std::swap(chance_[i - 1], chance_[prng.below(i)]);
  }

  Replicas place_one(std::size_t replication_factor) {
    std::vector<std::size_t> chosen;
    for (std::size_t r = 0; r < replication_factor; ++r)
      chosen.push_back(r == 0 ? best_leader() : best_follower(chosen));
    ++here_[chosen.front()].leaders;
    Replicas replicas;
    for (const std::size_t node : chosen) {
      ++here_[node].replicas;
      ++pairs_[chosen.front() * nodes_.size() + node];
      replicas.push_back(nodes_[node].node);
    }
    return replicas;
  }

 private:
  struct Placed {  // by this placement
    std::uint64_t leaders = 0;
    std::uint64_t replicas = 0;
  };

  // The number of the node with the smallest key among those not in `chosen`.
  template <typename Key>
  std::size_t least(const std::vector<std::size_t>& chosen, Key key) const {
    std::size_t best = nodes_.size();
    for (std::size_t node = 0; node < nodes_.size(); ++node) {
      if (std::find(chosen.begin(), chosen.end(), node) != chosen.end()) continue;
      if (best == nodes_.size() || key(node) < key(best)) best = node;
    }
    return best;
  }

  std::size_t best_leader() const {
    return least({}, [&](std::size_t node) {
      return std::tuple(here_[node].leaders, here_[node].replicas, nodes_[node].leaders,
                        nodes_[node].replicas, chance_[node]);
    });
  }

  std::size_t best_follower(const std::vector<std::size_t>& chosen) const {
    return least(chosen, [&](std::size_t node) {
      return std::tuple(rack_used(chosen, node), here_[node].replicas,
                        pairs_[chosen.front() * nodes_.size() + node], nodes_[node].replicas, chance_[node]);
    });
  }

  // Replicas of this partition that stand in the node's rack already. With one rack for all there is nothing
  // to spread.
  std::size_t rack_used(const std::vector<std::size_t>& chosen, std::size_t node) const {
    if (racks_.size() < 2) return 0;
    return static_cast<std::size_t>(std::count_if(chosen.begin(), chosen.end(), [&](std::size_t other) {
      return nodes_[other].rack == nodes_[node].rack;
    }));
  }

  const std::vector<NodeLoad>& nodes_;
  std::vector<Placed> here_;
  std::vector<std::uint32_t> pairs_;  // [leader * nodes + follower]: partitions placed here on both
  std::vector<std::size_t> chance_;   // a random rank of each node, to break ties
  std::set<std::string> racks_;
};

}  // namespace

std::vector<NodeLoad> node_loads(const Cluster& cluster, const std::function<bool(NodeId)>& usable) {
  std::map<NodeId, NodeLoad> loads;
  for (const auto& [id, node] : cluster.nodes())
    if (usable(id)) loads[id] = {.node = id, .rack = node.rack};
  for (const auto& [name, topic] : cluster.topics())
    for (const PartitionInfo& partition : topic.partitions)
      for (const NodeId replica : partition.replicas)
        if (const auto it = loads.find(replica); it != loads.end()) {
          ++it->second.replicas;
          if (replica == partition.replicas.front()) ++it->second.leaders;
        }
  std::vector<NodeLoad> out;
  for (auto& [id, load] : loads) out.push_back(std::move(load));
  return out;
}

Result<std::vector<Replicas>, Error> place(const std::vector<NodeLoad>& nodes, std::int32_t partitions,
                                           std::int32_t replication_factor, Prng& prng) {
  if (partitions < 1 || partitions > limits::kPartitionsPerTopicMax)
    return unexpected(Error::kInvalidPartitions);
  if (replication_factor < 1 || static_cast<std::size_t>(replication_factor) > nodes.size() ||
      static_cast<std::size_t>(replication_factor) > limits::kReplicasMax)
    return unexpected(Error::kInvalidReplicationFactor);
  Placer placer(nodes, prng);
  std::vector<Replicas> placed;
  placed.reserve(static_cast<std::size_t>(partitions));
  for (std::int32_t i = 0; i < partitions; ++i)
    placed.push_back(placer.place_one(static_cast<std::size_t>(replication_factor)));
  return placed;
}

}  // namespace kontiki::metadata
