// Core: the consensus state of ONE raft group, as a function over values: step(event) -> effects.
//
// No clock, thread, lock, log line, random device or payload byte: ticks, a seeded Prng and the lengths of
// things come in, effects are data. Copyable, so that a test can explore every interleaving. Owned by the
// group in multiraft, used only on the group's shard.
//
// Sources: Ongaro & Ousterhout, "In Search of an Understandable Consensus Algorithm" (the Raft paper);
// Ongaro's dissertation (pre-vote 9.6, check-quorum 6.2, leader transfer 3.10, read index 6.4).
//
// There is one mode, and it is asynchronous. Each step's effects carry a number; the driver must
//   1. hand hard_state and append to the storage, in step order,
//   2. send `send_now` at once, whatever the disk does,
//   3. when everything up to and including this number is durable: send `send_after_persist`, then step
//      Persisted{number}. Where nothing waits to become durable that is at once.
// Time between members is kept per pair of nodes by the driver (PeerDown, PeerUp), so that an idle group
// costs nothing: while needs_tick() is false the group need not be ticked.
#pragma once

#include "base/prng.h"
#include "model/configuration.h"
#include "model/entry.h"
#include "model/ids.h"
#include "raft/durability.h"
#include "raft/message.h"
#include "raft/progress.h"
#include "raft/trail.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace kontiki::raft {

enum class Role : std::uint8_t { kFollower, kPreCandidate, kCandidate, kLeader };

// ---- events ----

// One unit of time has passed.
struct Tick {};
struct Receive {
  Message message;
};
// Append `count` entries of the driver's; refused unless leader.
struct Propose {
  std::uint32_t count = 1;
};
// Change the members to `next`: by joint consensus if the voters change. Refused unless leader, while another
// change is under way, before an entry of the own term is committed, and for an epoch below the current one.
struct ProposeConfiguration {
  Configuration next;
};
// What step `number` wrote is durable. May come in any order; counts once all before it came.
struct Persisted {
  std::uint64_t number = 0;
};
// How much of an AppendRequest with entries the driver put into the message. To be stepped right after the
// step that planned it.
struct Filled {
  NodeId peer;
  Index prev;
  std::uint64_t count = 0;
  std::uint64_t bytes = 0;
};
// Retention cut the log: `index`, which must be committed, is the last entry cut away.
struct LogStartMoved {
  Index index;
  Term term;
};
// Answers Effects::snapshot_needed, always: nothing is sent to the peer before.
struct SnapshotSent {
  NodeId peer;
  bool delivered = false;
};
// The log now starts after `start`; `configuration` is that of the log up to there. Where the core's log had
// start_term at `start` (ask term_at() before), what follows is kept, and the driver must keep it too;
// otherwise all entries are gone. No CommitRange tells of the entries that the snapshot stands for.
struct SnapshotInstalled {
  Index start;
  Term start_term;
  Configuration configuration;
};
// Answered by a ReadState, or never if the lead is lost.
struct ReadIndex {
  std::uint64_t context = 0;
};
// Ask for votes (pre-vote first) now, without waiting for a timeout.
struct Campaign {};
struct TransferLeader {
  NodeId to;
};
// The members of a group that is only just founded agree on `token`, which stands for all of their data
// folders: what this member's open doubt is called from now on. See Founded.
struct Founding {
  std::uint64_t token = 0;
};
// Every member has said, and stored, that it is founding under this token: so nobody can have forgotten
// anything, and the doubt of that name is settled.
struct Founded {
  std::uint64_t token = 0;
};
// The node does not answer, or its connection broke.
struct PeerDown {
  NodeId peer;
};
// There is a (new) connection to it: it is asked what it has.
struct PeerUp {
  NodeId peer;
};

using Event =
    std::variant<Tick, Receive, Propose, ProposeConfiguration, Persisted, Filled, LogStartMoved, SnapshotSent,
                 SnapshotInstalled, ReadIndex, Campaign, TransferLeader, Founding, Founded, PeerDown, PeerUp>;

// ---- effects ----

// Write entries [first, last] to the log, after cutting away everything from `first` on. An entry of the
// source kConfiguration holds configuration() as it is after the step.
struct AppendRange {
  enum class Source : std::uint8_t { kTermStart, kProposal, kConfiguration, kReceived };
  Index first;
  Index last;
  Term term;  // of the entries, unless kReceived: then each entry brings its own
  Source source = Source::kReceived;
};
// Entries (after, to] are newly committed; apply them in order.
struct CommitRange {
  Index after;
  Index to;
};
struct RoleChange {
  Role role = Role::kFollower;
  Term term;
  NodeId leader = kNoNode;  // kNoNode while unknown
};
struct ReadState {
  std::uint64_t context = 0;
  Index index;  // once applied up to here, reads are linearizable
};

struct Effects {
  std::uint64_t number = 0;
  std::optional<HardState> hard_state;
  std::optional<AppendRange> append;
  std::vector<Message> send_now;  // an AppendRequest names its entries; the driver fills in the bytes
  std::vector<Message>
      send_after_persist;  // votes, requests for them and acknowledgements can only stand here
  std::optional<CommitRange> commit;
  std::optional<RoleChange> role;
  std::vector<ReadState> read_states;
  std::vector<NodeId> snapshot_needed;  // peers whose next entry lies before the log's start
  bool refused = false;                 // Propose*, ReadIndex, Campaign, TransferLeader: not we, or not now

  bool needs_persist() const { return hard_state.has_value() || append.has_value(); }
  void clear();  // keeps the capacity: no allocation in the steady state
};

// ---- the core ----

struct Options {
  NodeId self;
  // A member that was removed, forgot everything and was added again is not the member that older
  // configurations name: it votes and campaigns only while its configuration is at least of this epoch.
  std::uint64_t member_since = 0;
  std::uint32_t election_ticks = 10;  // minimum; each timeout is drawn from [n, 2n)
  std::uint32_t retry_ticks = 4;      // a peer that does not answer for so long is asked what it has
  std::uint32_t peer_down_ticks = 2;  // after PeerDown(leader): campaign within [0, n) ticks
  std::uint64_t entries_per_message_max = 1024;
  std::uint64_t inflight_messages_max = 64;      // per peer
  std::uint64_t inflight_bytes_max = 16u << 20;  // per peer, by Filled; overshot by one message at most
  std::size_t pending_reads_max = 1024;          // ReadIndex beyond this is refused
};

// What the storage found at start. No CommitRange tells of the entries up to `commit`: the driver applies
// them itself. A node that is down already must be told by PeerDown, at the start and whenever it becomes a
// member.
struct Restored {
  HardState hard_state;
  Index start;  // last entry cut away; 0 if none
  Term start_term;
  Trail trail;                                                  // runs of the entries after `start`
  Index commit;                                                 // known to be committed; 0 if unknown
  Configuration configuration;                                  // as of `start`
  std::vector<std::pair<Index, Configuration>> configurations;  // configuration entries after `start`
};

class Core {
 public:
  Core(const Options& options, const Restored& restored, Prng prng);

  // Adds to `effects` what must be done; the caller clears it before. Never fails: an event that does not fit
  // the state (an old message, an unknown peer) is dropped, as a lossy network would.
  void step(const Event& event, Effects& effects);

  Role role() const { return role_; }
  Term term() const { return hard_.term; }
  bool in_doubt() const { return hard_.doubt.open; }
  bool is_hard_state_durable() const { return !durability_.hard_state_pending(); }
  const HardState& hard_state() const { return hard_; }
  NodeId self() const { return options_.self; }
  NodeId leader() const { return leader_; }  // kNoNode while unknown
  Index commit() const { return commit_; }
  Index last_index() const { return log_.last(); }
  Index start_index() const { return log_.start(); }           // last entry cut away
  Index persisted() const { return durability_.persisted(); }  // own log durable up to here
  // None if cut away or beyond the end; start_index() is known.
  std::optional<Term> term_at(Index index) const { return log_.term_at(index); }
  const Configuration& configuration() const { return configurations_.back().second; }
  Index configuration_index() const { return configurations_.back().first; }  // of its entry, or the start
  // The configuration is committed and no change is under way.
  bool is_settled() const {
    return configuration().outgoing.empty() && configurations_.back().first <= commit_;
  }
  // That as of the log's start, and those of the entries after it.
  const std::vector<std::pair<Index, Configuration>>& configurations() const { return configurations_; }
  // The configuration means this member, not one that was here before it: see Options::member_since.
  bool is_itself() const { return configuration().epoch >= options_.member_since; }
  // The configuration as of the entry `index`, which is not before the start: for a snapshot that starts
  // there.
  const Configuration& configuration_at(Index index) const;
  const Trail& trail() const { return log_.runs(); }
  std::vector<PeerStatus> peers() const;  // of a leader, else empty
  // Invariant: while false, the group reaches its goals by messages, PeerDown and PeerUp alone.
  bool needs_tick() const;
  std::string describe() const;  // one line for golden scripts and traces
  // Appends the state as bytes, with every node under the name that `rename` gives it and sets in the order
  // of the names. Cores with equal bytes behave alike for as long as no timeout passes that was drawn by
  // chance: the generator, the timeout and the steps' absolute numbers are left out.
  void fingerprint(const std::function<NodeId(NodeId)>& rename, std::string& out) const;

 private:
  struct PendingRead {
    std::uint64_t context = 0;
    Index index;
    std::uint64_t round = 0;
  };

  // core.cc: dispatch
  void on(const Tick&, Effects&);
  void on(const Receive&, Effects&);
  void on(const Persisted&, Effects&);
  void on(const PeerDown&, Effects&);
  void on(const PeerUp&, Effects&);
  bool is_alive(NodeId node) const;
  bool is_self_voter() const { return is_itself() && configuration().is_voter(options_.self); }
  bool may_campaign() const { return is_itself() && is_needed() && !in_doubt(); }
  bool is_needed() const;
  void send(std::vector<Message>& out, NodeId to, Term term, decltype(Message::body) body) const;

  // election.cc
  void receive(const Message&, const VoteRequest&, Effects&);
  void receive(const Message&, const VoteReply&, Effects&);
  void receive(const Message&, const TimeoutNow&, Effects&);
  void receive(const Message&, const NotLeader&, Effects&);
  void on(const Campaign&, Effects&);
  void tick_without_leader(Effects&);
  void campaign_soon(Effects&);
  void pre_campaign(Effects&);
  void campaign(bool transfer, Effects&);
  void request_votes(std::vector<Message>& out, const VoteRequest&, Term);
  void count_votes(Effects&);
  void become_follower(Term term, NodeId leader);
  void become_leader(Effects&);
  void draw_timeout(std::uint32_t from, std::uint32_t spread);
  bool grants(const Message&, const VoteRequest&) const;
  bool follows_live_leader() const;

  // follower.cc
  void receive(const Message&, const AppendRequest&, Effects&);
  void on(const LogStartMoved&, Effects&);
  void on(const SnapshotInstalled&, Effects&);
  void append_received(const AppendRequest&, Index first, Effects&);
  void answer(const Message&, const AppendRequest&, bool accepted, Index match, Effects&) const;

  // replication.cc
  void receive(const Message&, const AppendReply&, Effects&);
  void on(const Filled&, Effects&);
  void on(const SnapshotSent&, Effects&);
  void accepted(Progress&, const AppendReply&, Effects&);
  void refused(Progress&, const AppendReply&, Effects&);
  void replicate(Progress&, Effects&);  // sends what may be sent now, if anything
  void replicate_to_all(Effects&);
  void send_entries(Progress&, Index prev, std::uint64_t count, Effects&);
  void send_empty(Progress&, Effects&);
  void send_empty_to_all(Effects&);
  bool may_act_on_term() const;
  void reconnect(Progress&, Effects&);
  void tick_peer(Progress&, Effects&);
  void ask(Progress&, Effects&);
  Progress* find(NodeId peer);
  const Progress* find(NodeId peer) const;
  bool is_behind(const Progress&) const;

  // leader.cc
  void on(const Propose&, Effects&);
  void on(const ReadIndex&, Effects&);
  void on(const TransferLeader&, Effects&);
  void tick_leader(Effects&);
  void step_down(Effects&);
  void hand_over(Effects&);
  void append_own(std::uint64_t count, AppendRange::Source, Effects&);  // does not send yet
  void advance_commit(Effects&);                                        // leader: by counting
  void commit_to(Index index, Effects&);                                // anybody
  void answer_reads(Effects&);
  void tick_transfer();
  void finish_transfer(Effects&);
  bool is_quorum_alive() const;
  bool decides_alone() const;  // the only voter
  bool has_committed_in_term() const { return log_.term_at(commit_) == hard_.term; }

  // doubt.cc
  void on(const Founding&, Effects&);
  void on(const Founded&, Effects&);
  void tick_in_doubt(Effects&);
  void hear_doubt(Progress&, std::uint64_t token, Effects&);
  bool is_doubt_settled(const Progress&) const;
  void settle(NodeId leader);

  // membership.cc
  void on(const ProposeConfiguration&, Effects&);
  void adopt(Index index, const Configuration&);  // takes effect when appended
  void roll_back_configurations(Index last);
  void fold_configurations(Index start);  // those up to the start become the base
  void sync_peers();
  void finish_configuration_change(Effects&);

  // Constant.
  Options options_;

  // Owned, of every member.
  Prng prng_;
  std::uint64_t number_ = 0;  // of the last step
  HardState hard_;            // Invariant: term never falls; one vote per term
  HardState hard_before_;     // as it was when the running step began
  LogTrail log_;
  Durability durability_;
  Index commit_;  // Invariant: start <= commit <= last; never falls
  // By index of their entries; the first is that of the log's start. The last one counts. (Raft paper,
  // section 6.)
  std::vector<std::pair<Index, Configuration>> configurations_;
  Role role_ = Role::kFollower;
  NodeId leader_ = kNoNode;          // Invariant: as a follower, alive as far as we were told
  std::vector<NodeId> down_;         // Bound: the nodes that the driver has connections to
  std::uint32_t elapsed_ticks_ = 0;  // without a leader; as a leader: without a quorum of live peers
  std::uint32_t timeout_ticks_ = 0;

  // Owned, of a candidate.
  std::vector<std::pair<NodeId, bool>> votes_;

  // Owned, of a leader.
  std::vector<Progress> peers_;
  NodeId transfer_to_ = kNoNode;
  bool transfer_sent_ = false;
  std::uint32_t transfer_ticks_ = 0;
  std::uint64_t round_ = 0;
  std::uint32_t round_ticks_ = 0;
  std::vector<PendingRead> reads_;  // Bound: Options::pending_reads_max
};

}  // namespace kontiki::raft
