// Explorer: breadth-first search through every state that a small raft group can reach (explicit-state model
// checking of the real raft::Core). Owned by the program; single-threaded.
//
// A state is: the replicas, the messages in flight (a multiset: any may come next, or never), and a history
// of what must not be contradicted later (leaders, committed entries) with the budgets used. Each part is
// interned, so a state is a few integers, and what an action does to a replica is computed once, however many
// states share that replica. Seen states are kept as 64-bit hashes: with n states the chance that one was
// left out is about n * n / 2^65, which the report states.
//
// Loss needs no action of its own: a message that is never delivered is lost. Only when more messages are in
// flight than the scenario allows must one go, and then every choice is explored. So every run is covered in
// which at no time more than in_flight_max of the messages that will still arrive are under way.
//
// Symmetry: states that differ only in the names of the nodes are one, under those renamings that keep the
// scenario. The pre-vote's tie-break looks at the order of the names (Core::grants), so scenarios with
// pre-votes are explored in full; the others do not reach that code.
#pragma once

#include "explore/history.h"
#include "explore/replica.h"
#include "explore/scenario.h"

#include <array>
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace kontiki::explore {

inline constexpr std::size_t kNodesMax = 3;
inline constexpr std::size_t kRenamingsMax = 6;  // of three nodes

struct Limits {
  std::uint64_t states_max = 5'000'000;
  std::uint64_t bytes_max = 8ull << 30;
};

struct Report {
  std::uint64_t states = 0;       // distinct
  std::uint64_t transitions = 0;  // successors computed, seen ones included
  std::uint64_t replicas = 0;
  std::uint64_t messages = 0;
  std::uint64_t replica_steps = 0;  // actions that the core really took; the rest was remembered
  std::uint64_t hash_of_all = 0;    // of the set of canonical states: the same for the same exploration
  std::size_t renamings = 1;
  std::size_t depth = 0;
  std::uint64_t widest = 0;  // states of one depth
  std::uint64_t bytes = 0;   // about
  bool complete = false;     // every state within the scenario's bounds was seen
  std::uint64_t overflows = 0;
  std::uint64_t stopped_by_term = 0;
  std::uint64_t stopped_by_entries = 0;
  std::array<std::uint64_t, kBudgets> stopped_by_budget{};
  std::string broken;              // an invariant, by number
  std::vector<std::string> trace;  // the shortest way to it
};

class Explorer {
 public:
  Explorer(const Scenario& scenario, const Limits& limits, bool symmetry);
  // Explores renamed states, too, each by itself: to check that the symmetry loses nothing.
  void keep_renamed_states() { keep_renamed_ = true; }
  Report run();
  // The way to the state that is being explored: for a CHECK that fails in the core.
  std::vector<std::string> trace_here() { return trace(current_, pending_action_); }

 private:
  struct State {
    std::uint32_t parent = 0;
    std::array<std::uint32_t, kNodesMax> replicas{};
    std::uint32_t network = 0;
    std::uint32_t history = 0;
  };
  using Hashes = std::array<std::uint64_t, kRenamingsMax>;  // under each renaming
  struct SeenReplica {
    Replica replica;
    Hashes hashes{};
  };
  struct SeenMessage {
    raft::Message message;
    Hashes hashes{};
  };
  struct SeenHistory {
    History history;
    Hashes hashes{};
  };
  struct Effect {  // of an action on a replica
    std::uint32_t replica = 0;
    std::vector<std::uint32_t> sent;
    std::optional<Index> read;
    bool elected = false;
    std::optional<Configuration> counted;
    std::string broken;
  };
  using Network = std::vector<std::uint32_t>;  // messages, sorted

  void begin();
  void settle(State& state);
  void expand(std::uint32_t at);
  void expand_node(std::uint32_t at, const State& from, std::size_t node);
  void expand_network(std::uint32_t at, const State& from);
  bool within(Budget budget, const History& history);
  void take(std::uint32_t at, const State& from, Action action, std::optional<Budget> budget);
  // The state after the action, the network apart; what broke stands in broken_.
  State apply(const State& from, const Action& action, std::optional<Budget> budget, Network& network);
  void check(const State& from, const State& to, const Action& action, const Effect& effect,
             History& history);
  void check_elected(const State& to, NodeId leader, History& history);
  void check_counted(const State& to, NodeId leader, const Configuration& members);
  void add_with_losses(State state, const Network& network, std::size_t from);
  void add(State state, Network network);
  std::uint64_t hash_under(std::size_t renaming, const State& state) const;
  std::uint64_t canonical_hash(const State& state) const;  // the least under all renamings
  bool insert(std::uint64_t hash);
  void grow_table();
  std::uint64_t bytes() const;

  const Effect& effect_of(std::uint32_t replica, const Action& action);
  static std::uint64_t key(std::uint32_t replica, const Action& action);  // in effect_ids_
  std::uint32_t intern(const Replica& replica);
  std::uint32_t intern(const raft::Message& message);
  std::uint32_t intern(const History& history);
  std::uint32_t intern(const Network& network);
  template <typename Print>
  Hashes hashes(std::uint64_t salt, Print&& print) const;
  const raft::Core& core(const State& state, std::size_t node) const {
    return replicas_[state.replicas[node]].replica.core();
  }
  std::vector<std::string> trace(std::uint32_t to, const std::optional<Action>& last);
  std::string describe(const Action& action) const;
  std::optional<Action> action_between(const State& from, const State& to) const;
  std::optional<Action> action_between(const State& from, const State& to, std::size_t node) const;
  bool leads_to(const State& from, const State& to, const Action& action) const;

  const Scenario& scenario_;
  const Limits limits_;
  std::vector<Rename> renamings_;  // the first changes nothing

  // References into these stay good while they grow.
  std::deque<SeenReplica> replicas_;
  std::deque<SeenMessage> messages_;
  std::deque<SeenHistory> histories_;
  std::deque<Network> networks_;
  std::deque<Effect> effects_;
  std::unordered_map<std::uint64_t, std::uint32_t> replica_ids_, message_ids_, history_ids_, network_ids_;
  std::unordered_map<std::uint64_t, std::uint32_t> effect_ids_;  // by replica and action
  std::deque<State> states_;
  std::vector<std::uint64_t> seen_;  // open addressing, 0 = free
  std::uint64_t network_bytes_ = 0;
  bool keep_renamed_ = false;
  std::unordered_set<std::uint64_t> canonical_;  // only if keep_renamed_

  std::uint32_t current_ = 0;
  std::optional<Action> pending_action_;
  std::string broken_;
  Report report_;
};

}  // namespace kontiki::explore
