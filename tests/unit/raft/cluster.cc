#include "unit/raft/cluster.h"

#include "base/check.h"
#include "raft/quorum.h"

#include <fmt/format.h>

#include <algorithm>

namespace kontiki::raft::test {

void Disk::append(Index first, const std::vector<StoredEntry>& more) {
  if (more.empty()) return;
  CHECK(first > start && first <= last() + 1, "a write leaves a hole");
  entries.resize(first - start - 1);
  entries.insert(entries.end(), more.begin(), more.end());
}

void Disk::cut(Index index) {
  for (Index i = start + 1; i <= index; ++i) {
    if (at(i).members) base = *at(i).members;
  }
  start_term = at(index).term;
  entries.erase(entries.begin(), entries.begin() + static_cast<std::ptrdiff_t>(index - start));
  start = index;
}

Restored Disk::restored() const {
  Restored r{.hard_state = hard_state,
             .start = start,
             .start_term = start_term,
             .trail = {},
             .commit = Index{0},
             .configuration = base,
             .configurations = {}};
  for (Index i = start + 1; i <= last(); ++i) {
    const StoredEntry& entry = at(i);
    if (r.trail.empty() || r.trail.back().term != entry.term) r.trail.push_back({entry.term, i});
    r.trail.back().last = i;
    if (entry.members) r.configurations.emplace_back(i, *entry.members);
  }
  return r;
}

Cluster::Cluster(std::uint64_t seed, Options options, Trace trace)
    : prng_(seed), options_(options), trace_(std::move(trace)) {}

Node& Cluster::node(NodeId id) {
  const auto found = nodes_.find(id);
  CHECK(found != nodes_.end(), "no such node");
  return found->second;
}

Node& Cluster::add(NodeId id, const Disk& disk, std::uint64_t member_since) {
  Node& n = nodes_[id];
  n.id = id;
  n.options = options_;
  n.options.self = id;
  n.options.member_since = member_since;
  n.disk = disk;
  if (nodes_.size() == 1) first_ = disk.base;
  for (Index i = disk.start + 1; i <= disk.last(); ++i) payload_ = std::max(payload_, disk.at(i).payload);
  restart(id);
  return n;
}

void Cluster::restart(NodeId id) {
  Node& n = node(id);
  ++n.incarnation;
  n.memory = n.disk;
  n.core.emplace(n.options, n.disk.restored(), Prng(prng_.next()));
}

void Cluster::crash(NodeId id) {
  Node& n = node(id);
  n.core.reset();
  n.writes.clear();
  n.held.clear();
  n.snapshot_wanted.clear();
}

void Cluster::damage(NodeId id, Index kept) {
  Node& n = node(id);
  CHECK(!n.core, "a disk is damaged while its node is down");
  n.forgotten.push_back(n.disk);
  Disk& d = n.disk;
  if (kept < d.start || kept.value == 0) {  // the log's start is lost with what follows it
    while (d.last() > d.start) d.entries.pop_back();
    d.start = Index{0};
    d.start_term = Term{0};
    d.base = first_;
  } else if (kept < d.last()) {
    d.entries.resize(kept - d.start);
  }
  d.hard_state = {.term = d.last() == d.start ? d.start_term : d.at(d.last()).term,
                  .voted_for = kNoNode,
                  .doubt = {.token = ++doubts_ * 1000 + static_cast<std::uint64_t>(id.value), .open = true}};
}

void Cluster::step(NodeId id, const Event& event) {
  Node& n = node(id);
  if (!n.core || !broken_.empty()) return;
  const Configuration members = n.core->configuration();
  Effects effects;
  const Core before = *n.core;
  n.core->step(event, effects);
  if (auto what = check_step(before, *n.core, event, effects); !what.empty()) report(what);
  take(n, effects, members);
}

void Cluster::read(NodeId id, std::uint64_t context) {
  read_floor_[context] = committed();
  step(id, ReadIndex{context});
}

void Cluster::take(Node& n, const Effects& effects, const Configuration& members) {
  if (effects.refused) trace_(fmt::format("{}: refused", n.id.value));
  if (effects.role) {
    constexpr const char* kNames[] = {"follower", "pre-candidate", "candidate", "leader"};
    trace_(
        fmt::format("{}: {} term={} leader={}", n.id.value, kNames[static_cast<int>(effects.role->role)],
                    effects.role->term.value,
                    effects.role->leader == kNoNode ? "-" : fmt::format("{}", effects.role->leader.value)));
  }
  write(n, effects, receiving_);
  for (const NodeId peer : effects.snapshot_needed) {
    trace_(fmt::format("{}: {} needs a snapshot", n.id.value, peer.value));
    n.snapshot_wanted.push_back(peer);
  }
  std::vector<Filled> filled;
  for (const Message& message : effects.send_now) {
    Message sent = message;
    auto* append = std::get_if<AppendRequest>(&sent.body);
    if (append != nullptr && append->count > 0) {
      shorten(*append, std::min(append->count, n.fill_entries_max));
      filled.push_back({sent.to, append->prev_index, append->count, append->count * 100});
    }
    transmit(n, std::move(sent));
  }
  for (const Message& message : effects.send_after_persist) n.held.emplace_back(effects.number, message);
  if (effects.commit) {
    if (n.core->role() == Role::kLeader) check_durable(n, *effects.commit, members);
    apply(n, *effects.commit);
  }
  for (const ReadState& read : effects.read_states) {
    trace_(fmt::format("{}: read {} at {}", n.id.value, read.context, read.index.value));
    if (read.index < read_floor_[read.context]) report("C7: a stale read");
  }
  check(n);
  release(n);
  for (const Filled& f : filled) step(n.id, f);
  if (auto_persist) persist(n.id, n.writes.size());
}

void Cluster::write(Node& n, const Effects& effects, const std::vector<StoredEntry>& received) {
  if (!effects.needs_persist()) return;
  Write w{.number = effects.number, .hard_state = effects.hard_state, .first = Index{0}, .entries = {}};
  if (effects.hard_state) n.memory.hard_state = *effects.hard_state;
  if (effects.append) {
    using Source = AppendRange::Source;
    constexpr const char* kNames[] = {"term-start", "proposal", "configuration", "received"};
    const AppendRange& range = *effects.append;
    w.first = range.first;
    for (Index i = range.first; i <= range.last; ++i) {
      if (range.source == Source::kReceived) {
        w.entries.push_back(received.at(i - receiving_prev_ - 1));
      } else {
        StoredEntry entry{.term = range.term, .payload = ++payload_, .members = {}};
        if (range.source == Source::kConfiguration) entry.members = n.core->configuration();
        w.entries.push_back(entry);
      }
      if (n.core->term_at(i) != w.entries.back().term) report("the trail does not tell the entry's term");
    }
    n.memory.append(w.first, w.entries);
    trace_(fmt::format("{}: append {}..{} {}", n.id.value, range.first.value, range.last.value,
                       kNames[static_cast<int>(range.source)]));
  }
  n.writes.push_back(std::move(w));
}

void Cluster::transmit(Node& n, Message message) {
  Packet packet{.id = ++packet_, .message = std::move(message), .entries = {}};
  const NodeId to = packet.message.to;
  if (const auto* append = std::get_if<AppendRequest>(&packet.message.body)) {
    for (Index i = append->prev_index + 1; i <= append->prev_index + append->count; ++i) {
      packet.entries.push_back(n.memory.at(i));
    }
  }
  const bool lost = !linked(n.id, to) || !nodes_.contains(to);
  trace_(fmt::format("#{} {}{}", packet.id, describe(packet.message), lost ? " LOST" : ""));
  if (!lost) network_.push_back(std::move(packet));
}

void Cluster::post(Message message) {
  Node& n = node(message.from);
  transmit(n, std::move(message));
}

void Cluster::release(Node& n) {
  const auto waits =
      std::find_if(n.writes.begin(), n.writes.end(), [](const Write& w) { return !w.durable; });
  const std::uint64_t limit = waits == n.writes.end() ? UINT64_MAX : waits->number;
  while (!n.held.empty() && n.held.front().first < limit) {
    transmit(n, n.held.front().second);
    n.held.erase(n.held.begin());
  }
}

void Cluster::sync(NodeId id, std::size_t count) {
  Node& n = node(id);
  for (Write& w : n.writes) {
    if (w.durable) continue;
    if (count-- == 0) break;
    w.durable = true;
    if (w.hard_state) n.disk.hard_state = *w.hard_state;
    n.disk.append(w.first, w.entries);
  }
  release(n);
}

void Cluster::acknowledge(NodeId id, std::uint64_t number) {
  Node& n = node(id);
  const auto w =
      std::find_if(n.writes.begin(), n.writes.end(), [&](const Write& i) { return i.number == number; });
  if (w == n.writes.end() || !w->durable) return;
  n.writes.erase(w);
  step(id, Persisted{number});
}

void Cluster::persist(NodeId id, std::size_t count) {
  Node& n = node(id);
  std::vector<std::uint64_t> numbers;
  for (const Write& w : n.writes) {
    if (numbers.size() < count) numbers.push_back(w.number);
  }
  const auto open =
      std::count_if(n.writes.begin(), n.writes.begin() + static_cast<std::ptrdiff_t>(numbers.size()),
                    [](const Write& w) { return !w.durable; });
  sync(id, static_cast<std::size_t>(open));
  for (const std::uint64_t number : numbers) acknowledge(id, number);
}

void Cluster::deliver(std::size_t position) {
  const Packet packet = network_.at(position);
  network_.erase(network_.begin() + static_cast<std::ptrdiff_t>(position));
  const Message& m = packet.message;
  if (!linked(m.from, m.to) || !node(m.to).core) return;
  receiving_ = packet.entries;
  const auto* append = std::get_if<AppendRequest>(&m.body);
  receiving_prev_ = append != nullptr ? append->prev_index : Index{0};
  step(m.to, Receive{m});
  receiving_.clear();
}

void Cluster::set_link(NodeId a, NodeId b, bool up) {
  std::erase_if(cut_, [&](const auto& pair) { return pair == std::pair{a, b} || pair == std::pair{b, a}; });
  if (!up) cut_.emplace_back(a, b);
}

bool Cluster::linked(NodeId a, NodeId b) const {
  return std::none_of(cut_.begin(), cut_.end(),
                      [&](const auto& pair) { return pair == std::pair{a, b} || pair == std::pair{b, a}; });
}

void Cluster::compact(NodeId id, Index index) {
  Node& n = node(id);
  sync(id, n.writes.size());
  if (!n.core || index <= n.core->start_index() || index > n.core->commit()) return;
  n.memory.cut(index);
  n.disk.cut(index);
  step(id, LogStartMoved{index, n.disk.start_term});
}

void Cluster::send_snapshot(NodeId from, NodeId to) {
  Node& source = node(from);
  Node& target = node(to);
  std::erase(source.snapshot_wanted, to);
  if (!source.core) return;
  const bool delivered = target.core && linked(from, to);
  if (delivered && source.core->start_index() > target.core->start_index()) {
    sync(to, target.writes.size());
    const Disk& s = source.disk;
    step(to, SnapshotInstalled{s.start, s.start_term, s.base});
    sync(to, target.writes.size());  // the store writes the new start and the term in one
    const bool keeps = target.core->last_index() > s.start;
    for (Disk* d : {&target.disk, &target.memory}) {
      if (keeps) {
        d->cut(s.start);
      } else {
        d->entries.clear();
      }
      d->start = s.start;
      d->start_term = s.start_term;
      d->base = s.base;
    }
  }
  step(from, SnapshotSent{to, delivered});
}

void Cluster::check_durable(Node& n, const CommitRange& range, const Configuration& members) {
  const Term term = *n.core->term_at(range.to);
  const bool durable = is_quorum(members, [&](NodeId id) {
    const auto found = nodes_.find(id);
    if (found == nodes_.end()) return false;
    const auto holds = [&](const Disk& d) {
      return d.start >= range.to || (d.last() >= range.to && d.at(range.to).term == term);
    };
    // What it acknowledged before its disk was damaged counts: it has not voted since.
    const Node& member = found->second;
    return holds(member.disk) || std::any_of(member.forgotten.begin(), member.forgotten.end(), holds);
  });
  if (!durable)
    report(fmt::format("C5: node {} commits {} before a quorum has it on disk", n.id.value, range.to.value));
}

void Cluster::apply(Node& n, const CommitRange& range) {
  trace_(fmt::format("{}: commit {}..{}", n.id.value, range.after.value + 1, range.to.value));
  for (Index i = range.after + 1; i <= range.to; ++i) {
    const StoredEntry& entry = n.memory.at(i);
    const auto [known, first] = applied_.try_emplace(i, entry);
    if (!first && (known->second.payload != entry.payload || known->second.term != entry.term)) {
      report(fmt::format("C6: node {} applies another entry at {}", n.id.value, i.value));
    }
  }
}

void Cluster::check(Node& n) {
  if (n.core->last_index() != n.memory.last() && n.core->start_index() == n.memory.start) {
    report("the core's log does not end where the storage's does");
  }
  std::vector<const Core*> cores;
  for (const auto& [id, other] : nodes_) {
    if (other.core) cores.push_back(&*other.core);
  }
  if (auto what = invariants_.observe(cores); !what.empty()) report(what);
}

void Cluster::report(std::string what) {
  if (broken_.empty()) {
    trace_("BROKEN " + what);
    broken_ = std::move(what);
  }
}

}  // namespace kontiki::raft::test
