// ShardBroker: the part of the broker that lives on one shard: its connections, the partitions whose groups
// belong to the shard, a copy of the cluster's metadata, and what is under way. Nothing is shared between
// shards; they post to each other (to_shard).
//
// Owned by Broker; after start, used only on the shard's executor. Outlives everything that runs there.
// Handlers reach the rest of the broker through it: the first half of the public part is for them.
#pragma once

#include "base/prng.h"
#include "broker/allowance.h"
#include "broker/connections.h"
#include "broker/deadlines.h"
#include "broker/fetch_sessions.h"
#include "broker/metrics.h"
#include "broker/options.h"
#include "broker/producer_ids.h"
#include "broker/reassigner.h"
#include "broker/submit.h"
#include "env/clock.h"
#include "env/executor.h"
#include "env/network.h"
#include "kafka/error.h"
#include "metadata/cluster.h"
#include "multiraft/shard.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace kontiki::broker {

class Broker;
class FetchRun;
class CoordinatorHost;
class PartitionHost;
class ProduceRun;
class ReplicaHost;

class ShardBroker {
 public:
  ShardBroker(Broker& broker, std::size_t number, multiraft::Shard& shard);
  ~ShardBroker();
  ShardBroker(const ShardBroker&) = delete;
  ShardBroker& operator=(const ShardBroker&) = delete;

  // ---- for handlers ----
  const BrokerOptions& options() const;
  NodeId self() const { return options().node_id; }
  std::size_t number() const { return number_; }
  env::Clock& clock();
  env::Executor& executor() { return shard_.executor(); }
  Deadlines& deadlines() { return deadlines_; }
  Prng& prng() { return prng_; }
  Metrics& metrics() { return metrics_; }
  void count_error(kafka::ErrorCode error) {
    if (error != kafka::ErrorCode::kNone) ++metrics_.errors[static_cast<std::int16_t>(error)];
  }

  // This shard's copy of the metadata. What it hands out is valid until the handler returns.
  const metadata::Cluster& cluster() const { return cluster_; }
  // Brokers that answer at the moment, this one included; sorted.
  const std::vector<NodeId>& alive() const { return alive_; }
  // Brokers that the cluster was founded with, whether they answer or not; this one included.
  std::size_t seed_count() const;
  // The broker that leads the metadata group; kNoNode while unknown.
  NodeId controller() const { return controller_; }
  struct Leader {
    NodeId node = kNoNode;
    Term term;
  };
  // Who leads a partition's group, as far as this broker knows.
  Leader leader_of(GroupId group) const;
  // The same with the replicas that keep up.
  const multiraft::LeaderTable& leaders() const { return shard_.leaders(); }

  // Changes the metadata: the command is sent to the leader of the metadata group, as often as it takes
  // within `timeout_us`, and carried out once. `done` runs on this shard when this shard's own cluster() has
  // applied it, so whatever a client asks next is answered with the change. Placement and settings must have
  // been checked by the caller.
  void submit(metadata::CommandBody command, std::int64_t timeout_us, SubmitDone done);
  ProducerIds& producer_ids() { return producer_ids_; }
  // Bytes that lookups by timestamp may decompress.
  Allowance& decompression() { return decompression_; }

  // ---- between the parts of the broker ----
  Broker& broker() { return broker_; }
  multiraft::Shard& shard() { return shard_; }
  // Runs the task on shard `number`: at once if it is this one, else later, in the order of the calls.
  using ShardTask = std::move_only_function<void(ShardBroker&)>;
  void to_shard(std::size_t number, ShardTask task);
  std::size_t shard_of(GroupId group) const;
  // What this shard has for a group; null if it has nothing, or something of another kind.
  ReplicaHost* replica(GroupId group);
  PartitionHost* host(GroupId group);
  CoordinatorHost* coordinator(GroupId group);
  // The coordinators of this shard.
  std::vector<GroupId> coordinators() const;

  // Metadata, from the controller on shard 0, in the order of the log.
  void apply_metadata(std::span<const Entry> entries);
  void restore_metadata(const Slice& snapshot);
  // Everything that was committed before this process started has been applied: what the metadata says is
  // true now. Starts the partitions that are missing and deletes what belongs to deleted topics.
  void metadata_caught_up();
  void set_alive(std::vector<NodeId> alive) { alive_ = std::move(alive); }
  void set_controller(NodeId controller) { controller_ = controller; }
  void leadership_changed(const multiraft::Leadership& news);

  Connections& connections() { return connections_; }

  // Requests under way, by a number that other shards answer to.
  std::uint64_t add(std::unique_ptr<ProduceRun> run);
  ProduceRun* produce_run(std::uint64_t id);
  void end_produce(std::uint64_t id);
  std::uint64_t add(std::unique_ptr<FetchRun> run);
  FetchRun* fetch_run(std::uint64_t id);
  void end_fetch(std::uint64_t id);
  // These fetches of shard `number` have more to read now. Always a task of its own: a partition calls this
  // while its group applies, and a fetch reads from groups.
  void wake_fetches(std::size_t number, std::vector<std::uint64_t> fetches);
  std::size_t fetches_under_way() const { return fetches_.size(); }
  FetchSessions& sessions() { return sessions_; }

  void begin();  // upkeep; on the shard
  Metrics collect();
  // Closes every connection and stops the groups of the shard.
  void stop();

 private:
  void follow_later();
  void follow();
  void ensure_topic(const TopicId& id);
  void ensure_partition(const metadata::Topic& topic, std::int32_t partition);
  void remove_partition(GroupId group);
  void follow_replicas(const metadata::ReplicasChanged& change);
  void drop_replica(GroupId group, kafka::ErrorCode why);
  bool is_replica(const metadata::PartitionInfo& info) const { return metadata::has(info.replicas, self()); }
  void reconcile();
  void upkeep();

  struct Hosted {
    std::unique_ptr<ReplicaHost> replica;
    PartitionHost* partition = nullptr;  // of the two, the one that it is
    CoordinatorHost* coordinator = nullptr;
  };
  Hosted make_host(const metadata::Topic& topic, std::int32_t partition, GroupId group);
  void topic_deleted(const metadata::Topic& topic);

  Broker& broker_;
  const std::size_t number_;
  multiraft::Shard& shard_;
  Prng prng_;
  Deadlines deadlines_;
  Metrics metrics_;

  metadata::Cluster cluster_;
  bool caught_up_ = false;
  std::vector<metadata::Change> changes_;  // not followed yet; a task that follows them is posted
  bool restored_ = false;                  // likewise: everything has to be compared
  bool follow_posted_ = false;
  std::vector<NodeId> alive_;
  NodeId controller_ = kNoNode;
  std::unordered_set<GroupId> recovered_;  // groups of the store that nobody has started yet
  std::unordered_map<GroupId, Hosted> hosts_;

  std::uint64_t next_id_ = 1;
  Connections connections_;                                                  // opened once caught up
  std::unordered_map<std::uint64_t, std::unique_ptr<ProduceRun>> produces_;  // bounded by the budget
  std::unordered_map<std::uint64_t, std::unique_ptr<FetchRun>> fetches_;     // likewise
  FetchSessions sessions_;
  ProducerIds producer_ids_;
  Allowance decompression_;
  Reassigner reassigner_{*this};
  bool stopped_ = false;
};

}  // namespace kontiki::broker
