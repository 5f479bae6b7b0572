// Liveness: which other nodes answer. One heartbeat per pair of nodes and direction, however many groups they
// share; any frame counts as one. A broken connection says "down" at once, silence after `peer_silence_us`, a
// hello of a new process that the old one died. Runs on shard 0 and tells every shard, whose groups get
// PeerUp and PeerDown.
//
// Why groups need no heartbeats of their own: links keep order and lose nothing silently (transport.h). So a
// follower whose leader's node lives knows all that the leader said, and a leader that ceases to lead says so
// (NotLeader, or a vote in a newer term) over the same links; whatever got lost, got lost with a link, which
// is a PeerDown.
#pragma once

#include "env/executor.h"
#include "model/ids.h"

#include <cstdint>
#include <vector>

namespace kontiki::multiraft {

class Node;

class Liveness {
 public:
  explicit Liveness(Node& node);
  ~Liveness();

  void start();
  void stop();

  // A peer introduced itself on a connection of its own, or answered on one of ours (process 0: not said).
  void met(NodeId slot, NodeId broker, std::uint64_t process);
  void heard(NodeId slot);
  // A connection from the peer broke.
  void lost(NodeId slot);

  std::vector<NodeId> alive_brokers() const;  // without this node; sorted
  NodeId broker_of(NodeId member) const;
  NodeId slot_of(NodeId member) const;

 private:
  struct Peer {
    NodeId slot;
    NodeId broker = kNoNode;
    std::uint64_t process = 0;
    std::int64_t heard_us = 0;
    bool alive = false;
  };
  Peer* find(NodeId slot);
  void set_alive(Peer& peer, bool alive);
  void abandon(NodeId slot);
  void beat();

  Node& node_;
  std::vector<Peer> peers_;
  env::TimerId timer_ = env::TimerId::kNone;
};

}  // namespace kontiki::multiraft
