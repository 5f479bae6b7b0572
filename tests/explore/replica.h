// Replica: one member of the explored group, with its core, its disk, and what waits for the disk. A value:
// the explorer copies it, takes one action on the copy, and compares fingerprints. The cores are the real
// raft::Core; only the disk, the network and time are modelled.
//
// Time: ticks do not pass by themselves. kCampaign is an election timeout; kLapse are the ticks after which
// a leader without a quorum gives up; kRetry is a leader's tick; kStale makes a pre-vote lose its precedence
// (Core::grants). No timeout that is drawn by chance ever passes, so a replica's next state is a function of
// its fingerprint.
#pragma once

#include "explore/scenario.h"
#include "raft/core.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kontiki::explore {

enum class Kind : std::uint8_t {
  kDeliver,      // argument: the message
  kDuplicate,    // as kDeliver, and the message stays in flight
  kPersist,      // the oldest write becomes durable, what waited for it is sent, the core is told
  kCrash,        // argument: so many of the waiting writes reached the disk; started again at once
  kCampaign,     // election timeout: pre-vote first
  kForce,        // TimeoutNow out of nowhere: campaigns without a pre-vote, whoever leads
  kStale,        // two ticks of a pre-candidate
  kRetry,        // a tick of a leader
  kLapse,        // as many ticks as it takes a leader without a quorum to step down
  kPropose,      // one entry
  kReconfigure,  // to the scenario's second configuration
  kTransfer,     // argument: to whom
  kPeerDown,     // argument: who
  kPeerUp,
  kRead,  // ReadIndex
  kLose,  // argument: a token. Its disk is empty; it starts again in doubt
};

struct Action {
  Kind kind = Kind::kDeliver;
  NodeId node;                 // who acts
  std::uint32_t argument = 0;  // a message's number, a node or a count
};

struct Stored {
  Term term;
  std::optional<Configuration> members;
  friend bool operator==(const Stored&, const Stored&) = default;
};

struct Write {
  std::uint64_t number = 0;
  std::optional<HardState> hard_state;
  Index first;
  std::vector<Stored> entries;
};

using Rename = std::function<NodeId(NodeId)>;

class Replica {
 public:
  Replica(NodeId id, const Scenario& scenario);  // which must outlive it

  // What an action did, beside the new state.
  struct Outcome {
    std::vector<raft::Message> sent;
    std::optional<Index> read;             // a read was answered at this index
    bool elected = false;                  // became the leader of its term in this step
    std::optional<Configuration> counted;  // committed by counting: the members that were counted
    std::string broken;                    // an invariant of one replica, by number
  };
  // `message` is what kDeliver and kDuplicate bring; `change` is what kReconfigure proposes.
  Outcome act(const Action& action, const raft::Message* message, const Configuration* change);

  const raft::Core& core() const { return core_; }
  const HardState& durable_state() const { return hard_state_; }
  const std::vector<Stored>& disk() const { return disk_; }
  // What it held before its disk was lost: what it acknowledged then still counts.
  const std::vector<std::vector<Stored>>& lost_disks() const { return lost_disks_; }
  std::size_t writes() const { return writes_.size(); }
  bool is_stale() const { return stale_; }
  void fingerprint(const Rename& rename, std::string& out) const;
  std::string describe() const;

 private:
  void step(const raft::Event& event, Outcome& outcome);
  void take(const raft::Event& event, const raft::Effects& effects, Outcome& outcome);
  void write(const raft::Event& event, const raft::Effects& effects);
  void make_durable(const Write& write, Outcome& outcome);
  void release(Outcome& outcome);
  void persist(Outcome& outcome);
  void crash(std::size_t durable, Outcome& outcome);
  void lose(std::uint64_t token);
  void start_again();
  void send(const raft::Message& message, Outcome& outcome);

  NodeId id_;
  const Scenario* scenario_;
  raft::Core core_;
  HardState hard_state_;                                       // durable
  std::vector<Stored> disk_;                                   // durable: entries from index 1 on
  std::vector<Write> writes_;                                  // in order of their steps
  std::vector<std::pair<std::uint64_t, raft::Message>> held_;  // until the writes up to that step are durable
  std::vector<std::vector<Stored>> lost_disks_;
  bool stale_ = false;  // kStale was taken since the pre-vote began
};

void fingerprint(const raft::Message& message, const Rename& rename, std::string& out);

}  // namespace kontiki::explore
