// Shard: many raft groups on one event loop. Each turn steps the groups that something happened to, sends one
// frame per peer, makes one write and one fsync for all of them, and applies what was committed. See
// shard.cc, "the ready loop".
//
// Owned by Node; everything here runs on the shard's executor. No locks: other shards are reached by posting.
#pragma once

#include "base/histogram.h"
#include "env/clock.h"
#include "env/executor.h"
#include "multiraft/group.h"
#include "multiraft/leader_table.h"
#include "multiraft/options.h"
#include "multiraft/transport.h"
#include "storage/store.h"

#include <cstdint>
#include <memory>
#include <span>
#include <unordered_map>
#include <utility>
#include <vector>

namespace kontiki::multiraft {

class Node;

class Shard {
 public:
  Shard(Node& node, std::size_t number, env::Clock& clock, env::Executor& executor,
        std::unique_ptr<storage::Store> store);
  ~Shard();

  std::size_t number() const { return number_; }
  env::Executor& executor() { return executor_; }
  const LeaderTable& leaders() const { return leaders_; }

  // Starts this node's member of a group: from what the store recovered, or empty. `self` is the member's id
  // in `configuration` (the broker id, or the seed slot in the metadata group). The state machine gets its
  // newest snapshot by restore() before this returns. Errors: kDamaged: the member must not vote or serve; it
  // is not started.
  Result<Group*, storage::Error> create_group(GroupId id, NodeId self, const Configuration& configuration,
                                              StateMachine& machine);
  // Stops the member and deletes its data. The Group* is dead after this.
  void remove_group(GroupId id);
  Group* find(GroupId id);
  // Groups whose data was found at start and that nobody has created yet, e.g. of topics deleted meanwhile.
  std::vector<GroupId> orphans() const;

  storage::Stats storage_stats() const { return store_->stats(); }
  std::size_t group_count() const { return groups_.size(); }
  // For the operator: duration of the WAL's flushes, and from proposal to applied.
  const Histogram& flush_times() const { return flush_times_; }
  const Histogram& commit_times() const { return commit_times_; }

  // Stops ticking, moves committed entries to segments; for a clean stop.
  void close();

 private:
  friend class Group;
  friend class Node;
  friend class Transport;
  friend class PeerServer;
  friend class Liveness;
  // (completed with the implementation)
};

}  // namespace kontiki::multiraft
