// Shard: many raft groups on one event loop. Each turn steps the groups that something happened to, sends one
// frame per peer, makes one write and one fsync for all of them, and applies what was committed. See
// shard.cc, "the ready loop".
//
// Owned by Node; everything here runs on the shard's executor. No locks: other shards are reached by posting.
#pragma once

#include "base/histogram.h"
#include "env/clock.h"
#include "env/executor.h"
#include "multiraft/configuration_codec.h"
#include "multiraft/group.h"
#include "multiraft/leader_table.h"
#include "multiraft/options.h"
#include "multiraft/transport.h"
#include "storage/store.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <unordered_map>
#include <unordered_set>
#include <utility>
#include <vector>

namespace kontiki::multiraft {

class Node;

// What it means that nothing is found of a group that is created.
enum class Origin : std::uint8_t {
  kNew,       // the group is younger than this node's data: there is nothing that could be forgotten
  kFounding,  // all seeds begin the group together; Node::founding() is told of it next
  kLost,      // the group is older: something should be there, so the member is in doubt
};

class Shard {
 public:
  Shard(Node& node, std::size_t number, env::Clock& clock, env::Executor& executor,
        std::unique_ptr<storage::Store> store);
  ~Shard();

  std::size_t number() const { return number_; }
  env::Executor& executor() { return executor_; }
  const LeaderTable& leaders() const { return leaders_; }

  // Starts this node's member of a group: from what the store recovered, or empty. `self` is the member's id
  // in `configuration` (the broker id, or the seed slot in the metadata group), which is that of the group's
  // creation: what became of it since stands in the log and its snapshot. Not while is_leaving(). The state
  // machine gets its newest snapshot by restore() before this returns. Where the data is damaged, or lost,
  // the member starts empty and in doubt, and is repaired by its peers. Errors: the disk cannot read (kIo,
  // kFormat).
  Result<Group*, storage::Error> create_group(GroupId id, NodeId self, const Configuration& configuration,
                                              StateMachine& machine, Origin origin, const Seat& seat = {});
  // All groups that there should be are created: what is not in doubt any more needs no spare copy.
  void groups_complete() { complete_ = true; }
  // Stops the member and deletes its data. The Group* is dead after this.
  void remove_group(GroupId id);
  // Its removal is not durable yet.
  bool is_leaving(GroupId id) const { return leaving_.contains(id); }
  Group* find(GroupId id);
  // The group is gone from the cluster: its leader need not be remembered.
  void forget_leader(GroupId id) { leaders_.forget(id); }
  // Groups whose data was found at start and that nobody has created yet, e.g. of topics deleted meanwhile.
  std::vector<GroupId> orphans() const;

  storage::Stats storage_stats() const { return store_->stats(); }
  std::size_t group_count() const { return groups_.size(); }
  std::size_t groups_in_doubt() const;
  // For the operator: duration of the WAL's flushes, and from proposal to applied.
  const Histogram& flush_times() const { return flush_times_; }
  const Histogram& commit_times() const { return commit_times_; }

  // Stops ticking, moves committed entries to segments; for a clean stop.
  void close();

 private:
  friend class Group;
  friend class Node;
  friend class PeerServer;
  friend class Liveness;
  friend class Founding;

  // A node that shares groups with this one. Up = its frames reach us and our link to it stands.
  struct Peer {
    NodeId slot;
    NodeId broker = kNoNode;
    bool alive = false;
    bool link_up = false;
    bool up() const { return alive && link_up; }
    bool is(NodeId member) const { return member == slot || (member == broker && broker != kNoNode); }
  };
  // Messages for a group that this node has not heard of yet: a new topic's leader may be faster than its
  // metadata.
  struct Early {
    std::vector<GroupMessage> messages;
    std::int64_t until_us = 0;
  };
  // What becomes due when the flush that covers it is durable.
  struct AfterPersist {
    GroupId group;
    std::uint64_t number = 0;
    std::vector<raft::Message> messages;
    std::optional<SnapshotDone> snapshot;
    bool removed = false;  // the group
  };

  // -- from the node, its peer server and liveness
  Transport& transport() { return transport_; }
  void receive(std::vector<GroupMessage> messages);
  void announced(const std::vector<Leadership>& news);
  void install(const SnapshotTransfer& snapshot);
  void installed(const SnapshotTransfer& snapshot);
  static bool reaches(const Group& group, const LogStart& start);
  void answer_snapshot(const SnapshotTransfer& snapshot, bool installed);
  void snapshot_done(const SnapshotDone& done);
  void peer_alive(NodeId slot, bool alive);
  void peer_met(NodeId slot, NodeId broker);
  void peer_greeted(NodeId slot);
  void peer_silent(NodeId slot);
  void tell_groups(const Peer& peer);
  void set_cluster_id(const Uuid& id) { transport_.set_cluster_id(id); }
  void start();

  // -- the ready loop
  // False if the core refuses the event.
  bool step(Group& group, raft::Event event, std::span<const Entry> entries = {});
  void carry_out(Group& group, raft::Effects& effects, std::span<const Entry> entries);
  void stage_append(Group& group, const raft::AppendRange& range, std::span<const Entry> entries);
  void send(Group& group, raft::Message message);
  bool fill(Group& group, raft::AppendRequest& request, std::vector<Entry>& entries);
  void send_snapshot(Group& group, NodeId to);
  void send_snapshot_later(Group& group, NodeId to);
  void schedule_turn();
  void turn();
  void deliver_notices();
  bool deliver_notices(Group& group);
  bool apply(Group& group, Index to);
  void flushed(std::int64_t started_us);

  // -- members
  Result<void, storage::Error> restore_configurations(const storage::RecoveredGroup& found,
                                                      const Configurations& saved, raft::Restored& restored);
  static Slice state_to_save(const Group& group, const Slice& state, Index applied);
  static Slice state_to_install(const Group& group, const SnapshotTransfer& snapshot, const Slice& state);
  void tell_of_members(Group& group);
  bool may_fill(const Group& group, NodeId peer);
  void filled(const Group& group, NodeId peer, std::uint64_t bytes);

  // -- peers, leaders
  Peer* peer_of(NodeId member);
  void peer_changed(Peer& peer, bool was_up);
  void refresh_in_sync(Group& group);
  void announce(const Leadership& news);
  void withdraw(GroupId group);
  void learn_on_all(const Leadership& news);
  void learn(const Leadership& news);
  NodeId broker_of(NodeId member) const;

  // -- time
  void set_active(Group& group);
  void tick();
  void upkeep();
  void save_snapshot(Group& group);
  void retain(Group& group);
  void notify(Group& group);
  Result<raft::Restored, storage::Error> recover(const storage::RecoveredGroup& found,
                                                 const Configuration& first, StateMachine& machine,
                                                 Index& applied);
  std::uint64_t new_token(GroupId id);
  static HardState doubt(const HardState& known, std::uint64_t token);
  void begin_doubt(Group& group);
  void cannot_read(Group& group, const storage::Error& error);
  void apply_later(Group& group);
  void damaged(Group& group, const storage::Error& error);
  void receive_early(GroupMessage message);
  void forget_early(const Peer& peer);

  Node& node_;
  const std::size_t number_;
  env::Clock& clock_;
  env::Executor& executor_;
  const NodeOptions& options_;
  std::unique_ptr<storage::Store> store_;
  Transport transport_;
  std::vector<Peer> peers_;
  LeaderTable leaders_;
  std::unordered_map<GroupId, std::unique_ptr<Group>> groups_;
  std::unordered_map<GroupId, storage::RecoveredGroup> recovered_;  // found at open, not created yet
  std::unordered_set<GroupId> leaving_;                             // removed, but not durably yet
  std::unordered_map<GroupId, Early> early_;
  std::size_t early_messages_ = 0;

  raft::Effects effects_;               // scratch of step(), reused
  std::vector<raft::Filled> filled_;    // scratch of step(), reused
  std::vector<GroupId> notified_;       // groups with notices to deliver
  std::vector<GroupId> active_;         // groups that need ticks
  std::vector<AfterPersist> staged_;    // wait for the next flush
  std::vector<AfterPersist> flushing_;  // wait for the flush in flight
  std::vector<Leadership> to_announce_;
  bool turn_scheduled_ = false;
  bool closed_ = false;
  bool complete_ = false;
  std::uint64_t tokens_ = 0;
  env::TimerId tick_timer_ = env::TimerId::kNone;
  env::TimerId upkeep_timer_ = env::TimerId::kNone;
  std::vector<GroupId> upkeep_queue_;  // groups yet to be looked after in this round

  std::int64_t learner_bytes_ = 0;  // that may be sent to learners now; below 0: sent in advance
  std::int64_t learner_at_us_ = 0;  // when it was last added to

  Histogram flush_times_;
  Histogram commit_times_;
};

}  // namespace kontiki::multiraft
