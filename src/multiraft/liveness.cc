#include "multiraft/liveness.h"

#include "base/log.h"
#include "multiraft/node.h"

#include <algorithm>
#include <utility>

namespace kontiki::multiraft {

Liveness::Liveness(Node& node) : node_(node) {
  for (const PeerAddress& peer : node.options_.peers) peers_.push_back({.slot = peer.slot});
}

Liveness::~Liveness() {
  stop();
}

void Liveness::start() {
  if (!peers_.empty()) beat();
}

void Liveness::stop() {
  node_.executors_[0]->cancel(std::exchange(timer_, env::TimerId::kNone));
}

void Liveness::beat() {
  Shard& shard = *node_.shards_[0];
  const std::int64_t now = node_.clock_.monotonic_us();
  node_.founding_->tick();
  for (Peer& peer : peers_) {
    shard.transport().send_frame(peer.slot, Heartbeat{node_.founding_->token()});
    if (peer.alive && now - peer.heard_us > node_.options_.peer_silence_us) {
      set_alive(peer, false);
      abandon(peer.slot);
    }
  }
  timer_ = node_.executors_[0]->schedule(node_.options_.heartbeat_us, [this] { beat(); });
}

// A connection that stays open over a silence would deliver, after a long wait for its retransmissions, what
// nobody needs any more, and hold up what is new.
void Liveness::abandon(NodeId slot) {
  node_.server_->abandon(slot);
  for (auto& shard : node_.shards_)
    shard->executor().post([&shard = *shard, slot] { shard.peer_silent(slot); });
}

void Liveness::met(NodeId slot, NodeId broker, std::uint64_t process) {
  Peer* peer = find(slot);
  if (peer == nullptr) return;
  if (process != 0 && peer->process != process) {
    if (peer->process != 0) set_alive(*peer, false);  // what the process before it led has no leader now
    peer->process = process;
  }
  if (peer->broker == broker) return;
  peer->broker = broker;
  for (std::size_t i = 0; i < node_.shards_.size(); ++i) {
    Shard* shard = node_.shards_[i].get();
    node_.executors_[i]->post([shard, slot, broker] { shard->peer_met(slot, broker); });
  }
  node_.events_.nodes_changed();
}

void Liveness::heard(NodeId slot) {
  Peer* peer = find(slot);
  if (peer == nullptr) return;
  peer->heard_us = node_.clock_.monotonic_us();
  set_alive(*peer, true);
}

void Liveness::lost(NodeId slot) {
  Peer* peer = find(slot);
  if (peer != nullptr) set_alive(*peer, false);
}

void Liveness::set_alive(Peer& peer, bool alive) {
  if (peer.alive == alive) return;
  peer.alive = alive;
  log(LogLevel::kInfo, "node {} is {}", peer.broker.value, alive ? "up" : "down");
  for (std::size_t i = 0; i < node_.shards_.size(); ++i) {
    Shard* shard = node_.shards_[i].get();
    node_.executors_[i]->post([shard, slot = peer.slot, alive] { shard->peer_alive(slot, alive); });
  }
  if (!alive) node_.fail_calls(peer.slot);
  node_.events_.nodes_changed();
}

Liveness::Peer* Liveness::find(NodeId slot) {
  const auto at =
      std::find_if(peers_.begin(), peers_.end(), [&](const Peer& peer) { return peer.slot == slot; });
  return at == peers_.end() ? nullptr : &*at;
}

std::vector<NodeId> Liveness::alive_brokers() const {
  std::vector<NodeId> brokers;
  for (const Peer& peer : peers_)
    if (peer.alive && peer.broker != kNoNode) brokers.push_back(peer.broker);
  std::sort(brokers.begin(), brokers.end());
  return brokers;
}

NodeId Liveness::broker_of(NodeId member) const {
  for (const Peer& peer : peers_)
    if (peer.slot == member || peer.broker == member) return peer.broker;
  return kNoNode;
}

NodeId Liveness::slot_of(NodeId member) const {
  for (const Peer& peer : peers_)
    if (peer.slot == member || peer.broker == member) return peer.slot;
  return kNoNode;
}

}  // namespace kontiki::multiraft
