// Node: the raft side of one broker: its shards, the peer listener and what the nodes say to each other
// beside raft (liveness, leader announcements, calls). The broker talks to groups through Shard and to other
// nodes through Node.
//
// Owned by the broker. Built before the executors run; each Shard is then used on its own executor only.
// Node's own functions run on shard 0's executor unless they say otherwise.
#pragma once

#include "env/clock.h"
#include "env/disk.h"
#include "env/network.h"
#include "multiraft/founding.h"
#include "multiraft/leader_table.h"
#include "multiraft/liveness.h"
#include "multiraft/peer_server.h"
#include "multiraft/shard.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace kontiki::multiraft {

class Node {
 public:
  // Opens the stores under `options.dir` and starts to listen and to connect. `executors`: one per shard.
  static Result<std::unique_ptr<Node>, storage::Error> open(env::Clock& clock, env::Disk& disk,
                                                            env::Network& network,
                                                            std::vector<env::Executor*> executors,
                                                            const NodeOptions& options, NodeEvents& events);
  ~Node();

  const NodeOptions& options() const { return options_; }
  // Of this node's data: differs from any other node's, and from its own before any part of it was lost.
  const Uuid& incarnation() const { return incarnation_; }
  // The group that all seeds begin together was created; see Origin::kFounding.
  Founding& founding() { return *founding_; }
  std::size_t shard_count() const { return shards_.size(); }
  Shard& shard(std::size_t i) { return *shards_[i]; }
  // Callable from everywhere.
  std::size_t shard_of(GroupId group) const { return static_cast<std::size_t>(group.value % shards_.size()); }

  // Begins to listen for peers (kAddressInUse...) and to connect to them. Call once the groups that exist are
  // created.
  Result<void, env::NetworkError> start();

  // The cluster's id, once known: peers of another cluster are refused from then on.
  void set_cluster_id(const Uuid& id);

  // Asks another node: `request` arrives at its NodeEvents::call; `done` gets the answer, or nothing when the
  // node cannot be reached, its connection breaks, or it does not answer within `timeout_us`.
  using CallDone = std::move_only_function<void(std::optional<Slice> answer)>;
  void call(NodeId node, const Slice& request, std::int64_t timeout_us, CallDone done);

  // Stops listening and every shard (each on its own executor), then runs `done` on shard 0.
  void close(env::Task done);

  // Nodes that answer at the moment, itself included (broker ids, sorted).
  std::vector<NodeId> alive() const;
  // The broker behind a seed slot (NodeId below -1) or a broker id itself; kNoNode while it has not been
  // heard of.
  NodeId broker_of(NodeId member) const;

 private:
  friend class PeerServer;
  friend class Liveness;
  friend class Shard;
  friend class Founding;
  Node(env::Clock& clock, env::Network& network, std::vector<env::Executor*> executors,
       const NodeOptions& options, NodeEvents& events);

  // A call of ours that waits for its answer.
  struct Waiting {
    NodeId slot;
    env::TimerId timer = env::TimerId::kNone;
    CallDone done;
  };
  Introduction introduction(std::size_t shard) const;
  void called(NodeId slot, const Call& call);
  void answered(const Answer& answer);
  void fail_calls(NodeId slot);
  void finish_call(std::uint64_t id, std::optional<Slice> answer);

  env::Clock& clock_;
  env::Network& network_;
  std::vector<env::Executor*> executors_;
  const NodeOptions options_;
  NodeEvents& events_;
  std::vector<std::unique_ptr<Shard>> shards_;
  std::unique_ptr<Liveness> liveness_;
  std::unique_ptr<Founding> founding_;
  std::unique_ptr<PeerServer> server_;
  std::uint64_t process_ = 0;  // differs for every start
  Uuid cluster_id_;
  Uuid incarnation_;
  std::uint64_t next_call_ = 1;
  std::unordered_map<std::uint64_t, Waiting> calls_;
};

}  // namespace kontiki::multiraft
