// Shard: what it knows of other nodes, and who leads what.

#include "base/log.h"
#include "multiraft/node.h"
#include "multiraft/shard.h"

#include <algorithm>
#include <utility>

namespace kontiki::multiraft {

Shard::Peer* Shard::peer_of(NodeId member) {
  for (Peer& peer : peers_)
    if (peer.is(member)) return &peer;
  return nullptr;
}

void Shard::peer_alive(NodeId slot, bool alive) {
  Peer* peer = peer_of(slot);
  const bool was_up = peer->up();
  peer->alive = alive;
  peer_changed(*peer, was_up);
}

void Shard::peer_met(NodeId slot, NodeId broker) {
  Peer* peer = peer_of(slot);
  peer->broker = broker;
  // Groups whose members are named by broker id could not be told of it before.
  if (peer->up()) peer_changed(*peer, false);
}

void Shard::peer_changed(Peer& peer, bool was_up) {
  if (peer.up() == was_up || closed_) return;
  if (!peer.up()) forget_early(peer);
  tell_groups(peer);
}

// A connection of the peer is new. What it had sent or been sent on the one before may be lost although the
// node as a whole never was down, so whoever leads asks it anew how far it is.
void Shard::peer_greeted(NodeId slot) {
  const Peer* peer = peer_of(slot);
  if (peer->up() && !closed_) tell_groups(*peer);
}

// Nothing came for long: whatever its connections still hold will not arrive in time.
void Shard::peer_silent(NodeId slot) {
  transport_.abandon(slot, "silent for too long");
}

void Shard::tell_groups(const Peer& peer) {
  for (auto& [id, group] : groups_) {
    for (NodeId member : {peer.slot, peer.broker}) {
      if (!group->core_.configuration().is_member(member)) continue;
      if (peer.up()) {
        step(*group, raft::PeerUp{member});
      } else {
        step(*group, raft::PeerDown{member});
      }
      if (group->is_leader()) refresh_in_sync(*group);
    }
  }
}

NodeId Shard::broker_of(NodeId member) const {
  if (member == options_.self || member == options_.self_slot) return options_.self;
  for (const Peer& peer : peers_)
    if (peer.is(member)) return peer.broker;
  return kNoNode;
}

// Announces the group if this node leads it and its set of replicas in step has changed.
void Shard::refresh_in_sync(Group& group) {
  std::vector<NodeId> in_sync{options_.self};
  for (const raft::PeerStatus& peer : group.core_.peers()) {
    if (!peer.alive || peer.mode != raft::PeerStatus::Mode::kReplicate) continue;
    if (!group.core_.configuration().is_voter(peer.peer)) continue;  // may have far to go
    if (const NodeId broker = broker_of(peer.peer); broker != kNoNode) in_sync.push_back(broker);
  }
  std::sort(in_sync.begin(), in_sync.end());
  if (in_sync == group.in_sync_) return;
  group.in_sync_ = std::move(in_sync);
  announce({group.id_, group.term(), options_.self, group.in_sync_});
}

// This node leads the group no more: it must not tell clients that it does. One that is cut off from its
// peers hears of no other leader, and clients that still reach it would be sent back to it again and again.
void Shard::withdraw(GroupId group) {
  const Leadership* known = leaders_.find(group);
  if (known == nullptr || known->leader != options_.self) return;
  learn_on_all({group, known->term, kNoNode, {}});
}

void Shard::announce(const Leadership& news) {
  learn_on_all(news);
  to_announce_.push_back(news);
  schedule_turn();
}

void Shard::learn_on_all(const Leadership& news) {
  for (std::size_t i = 0; i < node_.shards_.size(); ++i) {
    if (i == number_) continue;
    Shard& other = *node_.shards_[i];
    other.executor_.post([&other, news] { other.learn(news); });
  }
  learn(news);
}

void Shard::announced(const std::vector<Leadership>& news) {
  for (const Leadership& one : news) learn(one);
}

void Shard::learn(const Leadership& news) {
  if (leaders_.update(news)) node_.events_.leadership_changed(number_, news);
}

}  // namespace kontiki::multiraft
