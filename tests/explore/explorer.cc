#include "explore/explorer.h"

#include "raft/quorum.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <numeric>

namespace kontiki::explore {
namespace {

constexpr std::uint64_t kReplicaSalt = 1, kMessageSalt = 2, kHistorySalt = 3, kNetworkSalt = 4;

std::uint64_t mix(std::uint64_t x) {  // the finalizer of splitmix64
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

// Two rounds over eight bytes at a time: a hash that is to stand for the bytes must depend on all of them.
std::uint64_t hash_of(std::string_view bytes, std::uint64_t salt) {
  std::uint64_t h = mix(salt * 0x9E3779B97F4A7C15ull + bytes.size());
  while (!bytes.empty()) {
    std::uint64_t word = 0;
    for (std::size_t i = 0; i < 8 && i < bytes.size(); ++i) {
      word |= static_cast<std::uint64_t>(static_cast<unsigned char>(bytes[i])) << (8 * i);
    }
    h = mix(h * 0x2545F4914F6CDD1Dull + mix(word + 0x9E3779B97F4A7C15ull));
    bytes.remove_prefix(std::min<std::size_t>(8, bytes.size()));
  }
  return h;
}

Configuration renamed(const Configuration& members, const std::vector<int>& to) {
  Configuration out = members;
  for (auto* set : {&out.voters, &out.outgoing, &out.learners}) {
    for (NodeId& node : *set) node = NodeId{to[static_cast<std::size_t>(node.value)]};
    std::sort(set->begin(), set->end());
  }
  return out;
}

// Those that keep the scenario; the identity comes first.
std::vector<Rename> renamings_of(const Scenario& scenario, bool symmetry) {
  std::vector<Rename> all;
  std::vector<int> to(static_cast<std::size_t>(scenario.nodes) + 1);
  std::iota(to.begin(), to.end(), 0);
  do {
    const bool keeps = renamed(scenario.start, to) == scenario.start &&
                       (!scenario.change || renamed(*scenario.change, to) == *scenario.change) &&
                       (!scenario.elected || to[1] == 1);
    if (keeps)
      all.emplace_back([to](NodeId node) { return NodeId{to[static_cast<std::size_t>(node.value)]}; });
  } while (symmetry && !scenario.pre_votes && std::next_permutation(to.begin() + 1, to.end()));
  return all;
}

}  // namespace

Explorer::Explorer(const Scenario& scenario, const Limits& limits, bool symmetry)
    : scenario_(scenario), limits_(limits), renamings_(renamings_of(scenario, symmetry)), seen_(1u << 16) {
  report_.renamings = renamings_.size();
}

Report Explorer::run() {
  begin();
  std::uint32_t level_end = static_cast<std::uint32_t>(states_.size());
  std::uint32_t level_begin = 0;
  std::uint32_t at = 0;
  for (; at < states_.size() && broken_.empty(); ++at) {
    if (at == level_end) {
      ++report_.depth;
      report_.widest = std::max<std::uint64_t>(report_.widest, level_end - level_begin);
      level_begin = level_end;
      level_end = static_cast<std::uint32_t>(states_.size());
    }
    if (states_.size() >= limits_.states_max || (at % 4096 == 0 && bytes() > limits_.bytes_max)) break;
    current_ = at;
    expand(at);
  }
  report_.complete = broken_.empty() && at == states_.size();
  report_.states = states_.size();
  report_.replicas = replicas_.size();
  report_.messages = messages_.size();
  report_.replica_steps = effects_.size();
  report_.bytes = bytes();
  report_.broken = broken_;
  if (!broken_.empty()) report_.trace = trace_here();
  return report_;
}

void Explorer::begin() {
  State first;
  for (int i = 0; i < scenario_.nodes; ++i) {
    first.replicas[static_cast<std::size_t>(i)] = intern(Replica(NodeId{i + 1}, scenario_));
  }
  first.history = intern(History{});
  first.network = intern(Network{});
  if (scenario_.elected) settle(first);
  add(first, networks_[first.network]);
}

// Node 1 is elected and everything is delivered and made durable, in order.
void Explorer::settle(State& state) {
  Network network;
  const Kind how = scenario_.start.voters.size() == 1 ? Kind::kCampaign : Kind::kForce;
  state = apply(state, {.kind = how, .node = NodeId{1}, .argument = 0}, std::nullopt, network);
  for (bool busy = true; busy && broken_.empty();) {
    busy = false;
    for (int i = 1; i <= scenario_.nodes; ++i) {
      const Replica& replica = replicas_[state.replicas[static_cast<std::size_t>(i - 1)]].replica;
      if (replica.writes() == 0) continue;
      busy = true;
      state = apply(state, {.kind = Kind::kPersist, .node = NodeId{i}, .argument = 0}, std::nullopt, network);
    }
    if (network.empty()) continue;
    busy = true;
    const std::uint32_t message = network.front();
    network.erase(network.begin());
    state = apply(state, {.kind = Kind::kDeliver, .node = messages_[message].message.to, .argument = message},
                  std::nullopt, network);
  }
  state.network = intern(Network{});
}

void Explorer::expand(std::uint32_t at) {
  const State from = states_[at];
  for (std::size_t node = 0; node < static_cast<std::size_t>(scenario_.nodes); ++node) {
    expand_node(at, from, node);
  }
  expand_network(at, from);
}

bool Explorer::within(Budget budget, const History& history) {
  const auto i = static_cast<std::size_t>(budget);
  if (history.used(budget) < scenario_.budgets[i]) return true;
  if (scenario_.budgets[i] > 0) ++report_.stopped_by_budget[i];
  return false;
}

void Explorer::expand_node(std::uint32_t at, const State& from, std::size_t node) {
  const NodeId id{static_cast<std::int32_t>(node + 1)};
  const std::size_t writes = replicas_[from.replicas[node]].replica.writes();
  const bool stale = replicas_[from.replicas[node]].replica.is_stale();
  const raft::Core& core = this->core(from, node);
  const History& history = histories_[from.history].history;
  const auto act = [&](Kind kind, std::uint32_t argument = 0, std::optional<Budget> budget = {}) {
    if (!budget || within(*budget, history)) take(at, from, {kind, id, argument}, budget);
  };
  if (writes > 0) act(Kind::kPersist);
  for (std::uint32_t durable = 0; durable <= writes; ++durable) act(Kind::kCrash, durable, Budget::kCrashes);

  const std::uint32_t token = history.used(Budget::kLosses) + 1u;
  act(Kind::kLose, token, Budget::kLosses);
  if (core.in_doubt() && core.needs_tick()) act(Kind::kRetry, 0, Budget::kRetries);

  const bool leads = core.role() == raft::Role::kLeader;
  if (!leads && core.configuration().is_voter(id)) {
    if (core.term().value >= scenario_.term_max) {
      ++report_.stopped_by_term;
    } else {
      // Who decides alone has nobody who could send it a TimeoutNow.
      const bool alone = core.configuration().voters == std::vector{id};
      act(scenario_.pre_votes || alone ? Kind::kCampaign : Kind::kForce);
    }
  }
  if (core.role() == raft::Role::kPreCandidate && !stale) act(Kind::kStale);
  const auto others = [&](auto&& each) {
    for (int other = 1; other <= scenario_.nodes; ++other) {
      if (NodeId{other} != id) each(static_cast<std::uint32_t>(other));
    }
  };
  if (scenario_.peer_events && !leads && core.leader() != kNoNode) {
    act(Kind::kPeerDown, static_cast<std::uint32_t>(core.leader().value));
  }
  if (!leads) return;
  if (core.last_index().value >= scenario_.entries_max) {
    ++report_.stopped_by_entries;
  } else {
    act(Kind::kPropose, 0, Budget::kProposals);
  }
  act(Kind::kRead, 0, Budget::kReads);
  if (scenario_.change) act(Kind::kReconfigure, 0, Budget::kChanges);
  if (core.needs_tick()) act(Kind::kRetry, 0, Budget::kRetries);
  others([&](std::uint32_t other) { act(Kind::kTransfer, other, Budget::kTransfers); });
  if (!scenario_.peer_events) return;
  std::size_t down = 0;
  for (const raft::PeerStatus& peer : core.peers()) {
    const auto other = static_cast<std::uint32_t>(peer.peer.value);
    down += peer.alive ? 0 : 1;
    act(peer.alive ? Kind::kPeerDown : Kind::kPeerUp, other);
  }
  if (2 * down > core.peers().size()) act(Kind::kLapse);
}

void Explorer::expand_network(std::uint32_t at, const State& from) {
  const Network& network = networks_[from.network];
  const History& history = histories_[from.history].history;
  for (std::size_t i = 0; i < network.size(); ++i) {
    if (i > 0 && network[i] == network[i - 1]) continue;
    const NodeId to = messages_[network[i]].message.to;
    take(at, from, {Kind::kDeliver, to, network[i]}, std::nullopt);
    if (within(Budget::kDuplicates, history)) {
      take(at, from, {Kind::kDuplicate, to, network[i]}, Budget::kDuplicates);
    }
  }
}

void Explorer::take(std::uint32_t at, const State& from, Action action, std::optional<Budget> budget) {
  if (!broken_.empty()) return;
  pending_action_ = action;
  Network network = networks_[from.network];
  if (action.kind == Kind::kDeliver) {
    network.erase(std::find(network.begin(), network.end(), action.argument));
  }
  State to = apply(from, action, budget, network);
  to.parent = at;
  if (broken_.empty()) add_with_losses(to, network, 0);
}

Explorer::State Explorer::apply(const State& from, const Action& action, std::optional<Budget> budget,
                                Network& network) {
  const auto node = static_cast<std::size_t>(action.node.value - 1);
  const Effect& effect = effect_of(from.replicas[node], action);
  State to = from;
  to.replicas[node] = effect.replica;
  network.insert(network.end(), effect.sent.begin(), effect.sent.end());
  std::sort(network.begin(), network.end());
  History history = histories_[from.history].history;
  if (budget) history.use(*budget);
  check(from, to, action, effect, history);
  to.history = intern(history);
  return to;
}

void Explorer::check(const State& from, const State& to, const Action& action, const Effect& effect,
                     History& history) {
  const auto node = static_cast<std::size_t>(action.node.value - 1);
  const auto report = [&](const std::string& what) {
    if (broken_.empty()) broken_ = what;
  };
  report(effect.broken);
  if (action.kind == Kind::kRead) history.read_asked();
  if (effect.read) report(history.read_answered(*effect.read));
  if (from.replicas[node] == to.replicas[node] && effect.sent.empty()) return;
  const raft::Core& now = core(to, node);
  if (effect.elected && now.role() == raft::Role::kLeader) report(history.elected(now));
  const std::size_t known = history.committed().size();
  report(history.observe_commit(now));
  if (effect.counted) check_counted(to, action.node, *effect.counted);
  for (std::size_t i = 0; i < static_cast<std::size_t>(scenario_.nodes); ++i) {
    const raft::Core& other = core(to, i);
    if (history.committed().size() > known && other.role() == raft::Role::kLeader) {
      report(history.check_leader(other));
    }
    if (i != node && !logs_match(now, other)) {
      report(fmt::format("C2: the logs of nodes {} and {} part and meet again", node + 1, i + 1));
    }
  }
}

// C5: what a leader commits by counting, a quorum has on disk.
void Explorer::check_counted(const State& to, NodeId leader, const Configuration& members) {
  const raft::Core& core = this->core(to, static_cast<std::size_t>(leader.value - 1));
  const Index index = core.commit();
  const bool durable = raft::is_quorum(members, [&](NodeId node) {
    const Replica& replica = replicas_[to.replicas[static_cast<std::size_t>(node.value - 1)]].replica;
    const auto holds = [&](const std::vector<Stored>& disk) {
      return disk.size() >= index.value && disk[index.value - 1].term == core.term_at(index);
    };
    return holds(replica.disk()) || std::ranges::any_of(replica.lost_disks(), holds);
  });
  if (!durable && broken_.empty()) {
    broken_ =
        fmt::format("C5: node {} committed entry {}, which no quorum has on disk", leader.value, index.value);
  }
}

void Explorer::add_with_losses(State state, const Network& network, std::size_t from) {
  if (network.size() <= scenario_.in_flight_max) return add(state, network);
  if (from == 0) ++report_.overflows;
  for (std::size_t i = from; i < network.size(); ++i) {
    if (i > from && network[i] == network[i - 1]) continue;
    Network less = network;
    less.erase(less.begin() + static_cast<std::ptrdiff_t>(i));
    add_with_losses(state, less, i);
  }
}

void Explorer::add(State state, Network network) {
  ++report_.transitions;
  state.network = intern(network);
  const std::uint64_t canonical = canonical_hash(state);
  if (!insert(keep_renamed_ ? hash_under(0, state) : canonical)) return;
  if (!keep_renamed_ || canonical_.insert(canonical).second) report_.hash_of_all += mix(canonical);
  states_.push_back(state);
}

// A sum over the parts: a multiset has no order, and a replica's own hash says which node it is.
std::uint64_t Explorer::hash_under(std::size_t renaming, const State& state) const {
  std::uint64_t sum = mix(histories_[state.history].hashes[renaming]);
  for (int i = 0; i < scenario_.nodes; ++i) {
    sum += mix(replicas_[state.replicas[static_cast<std::size_t>(i)]].hashes[renaming]);
  }
  for (const std::uint32_t message : networks_[state.network])
    sum += mix(messages_[message].hashes[renaming]);
  return std::max<std::uint64_t>(1, mix(sum));  // 0 means free in the table
}

std::uint64_t Explorer::canonical_hash(const State& state) const {
  std::uint64_t least = UINT64_MAX;
  for (std::size_t r = 0; r < renamings_.size(); ++r) least = std::min(least, hash_under(r, state));
  return least;
}

bool Explorer::insert(std::uint64_t hash) {
  if (states_.size() * 3 > seen_.size() * 2) grow_table();
  for (std::size_t i = hash & (seen_.size() - 1);; i = (i + 1) & (seen_.size() - 1)) {
    if (seen_[i] == hash) return false;
    if (seen_[i] != 0) continue;
    seen_[i] = hash;
    return true;
  }
}

void Explorer::grow_table() {
  std::vector<std::uint64_t> old(seen_.size() * 2);
  old.swap(seen_);
  for (const std::uint64_t hash : old) {
    if (hash == 0) continue;
    std::size_t i = hash & (seen_.size() - 1);
    while (seen_[i] != 0) i = (i + 1) & (seen_.size() - 1);
    seen_[i] = hash;
  }
}

// An estimate: a replica holds a core with its vectors, a dozen allocations.
std::uint64_t Explorer::bytes() const {
  constexpr std::uint64_t kReplicaBytes = sizeof(SeenReplica) + 1200, kMapNodeBytes = 40;
  return states_.size() * sizeof(State) + seen_.size() * sizeof(std::uint64_t) +
         replicas_.size() * kReplicaBytes + messages_.size() * (sizeof(SeenMessage) + 128) +
         histories_.size() * (sizeof(SeenHistory) + 128) + network_bytes_ +
         effects_.size() * (sizeof(Effect) + 48) +
         kMapNodeBytes * (replica_ids_.size() + message_ids_.size() + history_ids_.size() +
                          network_ids_.size() + effect_ids_.size());
}

std::uint64_t Explorer::key(std::uint32_t replica, const Action& action) {
  const auto kind = action.kind == Kind::kDuplicate ? Kind::kDeliver : action.kind;
  return static_cast<std::uint64_t>(replica) << 32 | static_cast<std::uint64_t>(kind) << 28 | action.argument;
}

const Explorer::Effect& Explorer::effect_of(std::uint32_t replica, const Action& action) {
  const bool brings = action.kind == Kind::kDeliver || action.kind == Kind::kDuplicate;
  const auto [at, fresh] =
      effect_ids_.try_emplace(key(replica, action), static_cast<std::uint32_t>(effects_.size()));
  if (!fresh) return effects_[at->second];
  Replica next = replicas_[replica].replica;
  auto outcome = next.act(action, brings ? &messages_[action.argument].message : nullptr,
                          scenario_.change ? &*scenario_.change : nullptr);
  Effect effect;
  effect.replica = intern(next);
  for (const raft::Message& message : outcome.sent) {
    if (message.to.value >= 1 && message.to.value <= scenario_.nodes) effect.sent.push_back(intern(message));
  }
  effect.read = outcome.read;
  effect.elected = outcome.elected;
  effect.counted = std::move(outcome.counted);
  effect.broken = std::move(outcome.broken);
  return effects_.emplace_back(std::move(effect));
}

template <typename Print>
Explorer::Hashes Explorer::hashes(std::uint64_t salt, Print&& print) const {
  Hashes out{};
  for (std::size_t r = 0; r < renamings_.size(); ++r) {
    std::string bytes;
    print(renamings_[r], bytes);
    out[r] = hash_of(bytes, salt);
  }
  return out;
}

std::uint32_t Explorer::intern(const Replica& replica) {
  const Hashes all =
      hashes(kReplicaSalt, [&](const Rename& rename, std::string& out) { replica.fingerprint(rename, out); });
  const auto [at, fresh] = replica_ids_.try_emplace(all[0], static_cast<std::uint32_t>(replicas_.size()));
  if (fresh) replicas_.push_back({replica, all});
  return at->second;
}

std::uint32_t Explorer::intern(const raft::Message& message) {
  const Hashes all = hashes(
      kMessageSalt, [&](const Rename& rename, std::string& out) { fingerprint(message, rename, out); });
  const auto [at, fresh] = message_ids_.try_emplace(all[0], static_cast<std::uint32_t>(messages_.size()));
  if (fresh) messages_.push_back({message, all});
  return at->second;
}

std::uint32_t Explorer::intern(const History& history) {
  const Hashes all =
      hashes(kHistorySalt, [&](const Rename& rename, std::string& out) { history.fingerprint(rename, out); });
  const auto [at, fresh] = history_ids_.try_emplace(all[0], static_cast<std::uint32_t>(histories_.size()));
  if (fresh) histories_.push_back({history, all});
  return at->second;
}

std::uint32_t Explorer::intern(const Network& network) {
  const std::string_view bytes(reinterpret_cast<const char*>(network.data()),
                               network.size() * sizeof(network[0]));
  const auto [at, fresh] =
      network_ids_.try_emplace(hash_of(bytes, kNetworkSalt), static_cast<std::uint32_t>(networks_.size()));
  if (!fresh) return at->second;
  networks_.push_back(network);
  network_bytes_ += sizeof(Network) + bytes.size() + 16;
  return at->second;
}

}  // namespace kontiki::explore
