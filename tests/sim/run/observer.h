// Observer: looks into all running brokers at once, from outside of their time: their metadata, the roles and
// watermarks of their replicas, and the committed log of each, and hands it to the checkers. Reads through
// the product's own interfaces; disks do not fail meanwhile. Owned by the run.
#pragma once

#include "raft/invariants.h"
#include "sim/check/watch.h"
#include "sim/cluster/broker_cluster.h"

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

namespace kontiki::sim {

class Observer {
 public:
  // A partition as the newest metadata has it.
  struct Group {
    GroupId id;
    PartitionKey key;
    std::string name;                   // for people
    std::vector<std::size_t> replicas;  // nodes
  };
  // The whole committed log of one replica.
  struct Log {
    Offset start{0};
    Offset end{0};
    std::map<Offset, BatchFacts> batches;
  };

  Observer(Simulation& sim, BrokerCluster& cluster, Watch& watch)
      : sim_(sim), cluster_(cluster), watch_(watch) {}

  // Files are damaged on purpose: that a log cannot be read is no complaint, until the end.
  void expect_damage() { damage_expected_ = true; }

  void sample_metadata();
  std::uint64_t seat(std::size_t i, GroupId group) const;
  void sample_watermarks();
  void sample_logs();   // what is new in each
  void sample_cores();  // raft::ClusterInvariants of every group

  std::vector<Group> groups();
  // Empty, or what is wrong with the replica's log itself: a hole, an error.
  std::string read_log(std::size_t node, const Group& group, Log& log);
  // Whether all that the replica's log still holds can be read, records that were deleted included.
  bool can_read_all(std::size_t node, const Group& group);
  // What is on the node's disk, as after a loss of power, against the live state of its machines. To be asked
  // when all is quiet.
  std::string replay(std::size_t node);

 private:
  // Reads [from, to), as far as it is committed; with a `log`, it has to be. `from` is where it ended.
  std::string read(std::size_t node, const Group& group, Offset& from, Offset to, Log* log);
  std::string replay(std::size_t node, std::size_t shard, storage::Store& store);
  bool may_observe(std::size_t node) { return cluster_.runs(node) && cluster_.node(node).running(); }

  Simulation& sim_;
  BrokerCluster& cluster_;
  Watch& watch_;
  bool damage_expected_ = false;
  std::map<std::tuple<std::size_t, std::uint64_t, std::size_t>, Index> metadata_seen_;  // node, life, shard
  std::map<std::tuple<std::size_t, std::uint64_t, GroupId>, Offset> log_seen_;          // node, life
  std::unordered_map<GroupId, raft::ClusterInvariants> invariants_;
};

}  // namespace kontiki::sim
