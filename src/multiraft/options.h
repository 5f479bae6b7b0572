// What a node is told at its start, and what it tells the broker.
#pragma once

#include "base/uuid.h"
#include "env/network.h"
#include "model/ids.h"
#include "multiraft/leader_table.h"
#include "storage/store.h"

#include <cstdint>
#include <functional>
#include <string>
#include <vector>

namespace kontiki::multiraft {

// Another node that this one talks to. The seed slot is known from the start, its broker id from the first
// hello.
struct PeerAddress {
  NodeId slot;  // below -1
  env::Address address;
};

struct NodeOptions {
  NodeId self;                     // broker id, >= 0
  NodeId self_slot = NodeId(-2);   // its seed slot, below -1
  std::vector<PeerAddress> peers;  // the other seeds
  env::Address listen;             // peer protocol; not bound when there are no peers
  Uuid incarnation;                // of the data folder
  std::uint64_t seeds_hash = 0;    // all nodes must have been given the same seeds
  Uuid cluster_id;                 // zero until known
  std::string dir;                 // data folder; shard i keeps its store in <dir>/shard-<i>
  std::uint64_t seed = 1;          // of every choice by chance
  storage::Options storage;
  std::int64_t tick_us = 25'000;           // of raft groups that need ticks
  std::int64_t heartbeat_us = 100'000;     // between each pair of nodes
  std::int64_t peer_silence_us = 500'000;  // silent for so long = down
  std::int64_t upkeep_us = 1'000'000;      // retention and the store's upkeep
  std::size_t link_bytes_max =
      64u << 20;  // unsent to one peer by one shard; raft messages beyond are dropped
  std::size_t uncommitted_bytes_max = 64u << 20;     // per group; proposals beyond get kBusy
  std::size_t learner_bytes_per_second = 64u << 20;  // to replicas that are being filled, all together
  std::size_t snapshot_bytes = 64u << 20;            // state machines are saved after so many applied bytes
};

// Told to the broker. Each function says on which shard it runs; none may block.
class NodeEvents {
 public:
  virtual ~NodeEvents() = default;
  // On every shard, for its copy of the table: a leader was announced.
  virtual void leadership_changed(std::size_t shard, const Leadership& news) = 0;
  // On shard 0: a node came or went, or its broker id became known.
  virtual void nodes_changed() = 0;
  // On shard 0: another node calls. `reply` may be used later, once, on shard 0.
  using Reply = std::move_only_function<void(const Slice& answer)>;
  virtual void call(NodeId from, const Slice& request, Reply reply) = 0;
};

}  // namespace kontiki::multiraft
