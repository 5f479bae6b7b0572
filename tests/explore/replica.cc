#include "explore/replica.h"

#include "raft/invariants.h"
#include "unit/raft/cluster.h"

#include <fmt/format.h>

#include <algorithm>

namespace kontiki::explore {
namespace {

constexpr std::uint32_t kElectionTicks = 4;

raft::Options options(NodeId self, const Scenario& scenario) {
  raft::Options o;
  o.self = self;
  o.election_ticks = kElectionTicks;  // more than kStale's two, so that they never end in a campaign
  o.retry_ticks = 1;                  // a leader's tick repeats at once what is missing
  o.peer_down_ticks = 1u << 31;       // PeerDown alone makes nobody campaign: kCampaign may follow or not
  o.entries_per_message_max = scenario.entries_per_message;
  o.inflight_messages_max = 2;
  return o;
}

raft::Restored restored(const HardState& hard_state, const std::vector<Stored>& disk,
                        const Configuration& start) {
  raft::Restored r{.hard_state = hard_state,
                   .start = {},
                   .start_term = {},
                   .trail = {},
                   .commit = {},
                   .configuration = start,
                   .configurations = {}};
  for (std::size_t i = 0; i < disk.size(); ++i) {
    const Index index{i + 1};
    if (r.trail.empty() || r.trail.back().term != disk[i].term) r.trail.push_back({disk[i].term, index});
    r.trail.back().last = index;
    if (disk[i].members) r.configurations.emplace_back(index, *disk[i].members);
  }
  return r;
}

void put(std::uint64_t value, std::string& out) {
  for (; value >= 0x80; value >>= 7) out.push_back(static_cast<char>(0x80 | (value & 0x7F)));
  out.push_back(static_cast<char>(value));
}

std::uint64_t name(NodeId node, const Rename& rename) {
  return node == kNoNode ? 0 : static_cast<std::uint32_t>(rename(node).value);
}

void put(const std::vector<NodeId>& set, const Rename& rename, std::string& out) {
  std::vector<std::uint64_t> names;
  for (const NodeId node : set) names.push_back(name(node, rename));
  std::sort(names.begin(), names.end());
  put(names.size(), out);
  for (const std::uint64_t n : names) put(n, out);
}

void put(const Configuration& members, const Rename& rename, std::string& out) {
  put(members.voters, rename, out);
  put(members.outgoing, rename, out);
  put(members.learners, rename, out);
  put(members.epoch, out);
}

void put(const std::vector<Stored>& entries, const Rename& rename, std::string& out) {
  put(entries.size(), out);
  for (const Stored& entry : entries) {
    put(entry.term.value, out);
    put(entry.members ? 1 : 0, out);
    if (entry.members) put(*entry.members, rename, out);
  }
}

}  // namespace

Replica::Replica(NodeId id, const Scenario& scenario)
    : id_(id),
      scenario_(&scenario),
      core_(options(id, scenario), restored({}, {}, scenario.start),
            Prng(static_cast<std::uint64_t>(id.value))) {}

Replica::Outcome Replica::act(const Action& action, const raft::Message* message,
                              const Configuration* change) {
  Outcome outcome;
  const NodeId other{static_cast<std::int32_t>(action.argument)};
  switch (action.kind) {
    case Kind::kDeliver:
    case Kind::kDuplicate:
      step(raft::Receive{*message}, outcome);
      break;
    case Kind::kPersist:
      persist(outcome);
      break;
    case Kind::kCrash:
      crash(action.argument, outcome);
      break;
    case Kind::kCampaign:
      step(raft::Campaign{}, outcome);
      break;
    case Kind::kForce: {
      const Configuration& members = core_.configuration();
      const NodeId from = members.voters.front() == id_ ? members.voters.back() : members.voters.front();
      step(raft::Receive{{.from = from, .to = id_, .term = core_.term(), .body = raft::TimeoutNow{}}},
           outcome);
      break;
    }
    case Kind::kStale:
      for (int i = 0; i < 2; ++i) step(raft::Tick{}, outcome);
      break;
    case Kind::kRetry:
      // A member in doubt speaks up once per election timeout.
      for (std::uint32_t i = 0; i < (core_.in_doubt() ? kElectionTicks : 1); ++i) step(raft::Tick{}, outcome);
      break;
    case Kind::kLapse:
      for (std::uint32_t i = 0; i < kElectionTicks && core_.role() == raft::Role::kLeader; ++i) {
        step(raft::Tick{}, outcome);
      }
      break;
    case Kind::kPropose:
      step(raft::Propose{}, outcome);
      break;
    case Kind::kReconfigure:
      step(raft::ProposeConfiguration{*change}, outcome);
      break;
    case Kind::kTransfer:
      step(raft::TransferLeader{other}, outcome);
      break;
    case Kind::kPeerDown:
      step(raft::PeerDown{other}, outcome);
      break;
    case Kind::kPeerUp:
      step(raft::PeerUp{other}, outcome);
      break;
    case Kind::kRead:
      step(raft::ReadIndex{1}, outcome);
      break;
    case Kind::kLose:
      lose(action.argument);
      break;
  }
  stale_ = core_.role() == raft::Role::kPreCandidate && (stale_ || action.kind == Kind::kStale) &&
           action.kind != Kind::kCampaign;
  return outcome;
}

void Replica::step(const raft::Event& event, Outcome& outcome) {
  const raft::Core before = core_;
  const Configuration members = core_.configuration();
  raft::Effects effects;
  core_.step(event, effects);
  if (outcome.broken.empty()) outcome.broken = raft::check_step(before, core_, event, effects);
  const bool leads = core_.role() == raft::Role::kLeader;
  outcome.elected |= leads && (before.role() != raft::Role::kLeader || before.term() != core_.term());
  // A leader of one can also lose its lead by what it commits, so the role before the step counts.
  if (effects.commit && (leads || before.role() == raft::Role::kLeader)) outcome.counted = members;
  if (!effects.read_states.empty()) outcome.read = effects.read_states.front().index;
  take(event, effects, outcome);
}

void Replica::take(const raft::Event& event, const raft::Effects& effects, Outcome& outcome) {
  if (effects.needs_persist()) write(event, effects);
  std::vector<raft::Filled> filled;
  for (const raft::Message& message : effects.send_now) {
    const auto* append = std::get_if<raft::AppendRequest>(&message.body);
    if (append != nullptr && append->count > 0) {
      filled.push_back({message.to, append->prev_index, append->count, append->count});
    }
    send(message, outcome);
  }
  for (const raft::Message& message : effects.send_after_persist) {
    held_.emplace_back(effects.number, message);
  }
  release(outcome);
  for (const raft::Filled& f : filled) step(f, outcome);
  while (!scenario_->lazy_disk && !writes_.empty()) persist(outcome);
}

void Replica::write(const raft::Event& event, const raft::Effects& effects) {
  Write w{.number = effects.number, .hard_state = effects.hard_state, .first = {}, .entries = {}};
  if (effects.append) {
    using Source = raft::AppendRange::Source;
    w.first = effects.append->first;
    for (Index i = w.first; i <= effects.append->last; ++i) {
      Stored entry{.term = *core_.term_at(i), .members = {}};
      if (effects.append->source == Source::kConfiguration) entry.members = core_.configuration();
      if (effects.append->source == Source::kReceived) {
        const auto& message = std::get<raft::Receive>(event).message;
        for (const auto& [at, members] : std::get<raft::AppendRequest>(message.body).configurations) {
          if (at == i) entry.members = members;
        }
      }
      w.entries.push_back(std::move(entry));
    }
  }
  writes_.push_back(std::move(w));
}

void Replica::make_durable(const Write& w, Outcome& outcome) {
  if (w.hard_state) {
    const bool fell = w.hard_state->term < hard_state_.term;
    const bool twice = w.hard_state->term == hard_state_.term && hard_state_.voted_for != kNoNode &&
                       hard_state_.voted_for != w.hard_state->voted_for;
    if (fell || twice) {
      outcome.broken = fmt::format("C8: node {} {} (restarts included)", id_.value,
                                   fell ? "forgot a term" : "voted twice in one term");
    }
    hard_state_ = *w.hard_state;
  }
  if (w.entries.empty()) return;
  disk_.resize(w.first.value - 1);
  disk_.insert(disk_.end(), w.entries.begin(), w.entries.end());
}

void Replica::release(Outcome& outcome) {
  const std::uint64_t limit = writes_.empty() ? UINT64_MAX : writes_.front().number;
  while (!held_.empty() && held_.front().first < limit) {
    send(held_.front().second, outcome);
    held_.erase(held_.begin());
  }
}

// What leaves the replica must stand on its disk: Raft paper, figure 2.
void Replica::send(const raft::Message& message, Outcome& outcome) {
  const auto* reply = std::get_if<raft::VoteReply>(&message.body);
  const auto* request = std::get_if<raft::VoteRequest>(&message.body);
  const bool votes = reply != nullptr && reply->granted && !reply->pre_vote;
  const bool asks = request != nullptr && !request->pre_vote;
  const bool stands = hard_state_.term == message.term && hard_state_.voted_for == (votes ? message.to : id_);
  if ((votes || asks) && hard_state_.term <= message.term && !stands) {
    outcome.broken = fmt::format("C8: a vote left node {} before it was durable", id_.value);
  }
  const auto* append = std::get_if<raft::AppendReply>(&message.body);
  if (append != nullptr && append->accepted && append->match > Index{disk_.size()} &&
      hard_state_.term <= message.term) {
    outcome.broken = fmt::format("C5: node {} acknowledged what it does not have on disk", id_.value);
  }
  outcome.sent.push_back(message);
}

void Replica::persist(Outcome& outcome) {
  const Write w = writes_.front();
  make_durable(w, outcome);
  writes_.erase(writes_.begin());
  release(outcome);
  step(raft::Persisted{w.number}, outcome);
}

void Replica::crash(std::size_t durable, Outcome& outcome) {
  for (std::size_t i = 0; i < durable; ++i) make_durable(writes_[i], outcome);
  start_again();
}

void Replica::lose(std::uint64_t token) {
  lost_disks_.push_back(std::exchange(disk_, {}));
  hard_state_ = {.term = Term{0}, .voted_for = kNoNode, .doubt = {.token = token, .open = true}};
  start_again();
}

void Replica::start_again() {
  writes_.clear();
  held_.clear();
  stale_ = false;
  core_ = raft::Core(options(id_, *scenario_), restored(hard_state_, disk_, scenario_->start),
                     Prng(static_cast<std::uint64_t>(id_.value)));
}

void Replica::fingerprint(const Rename& rename, std::string& out) const {
  core_.fingerprint(rename, out);
  put(hard_state_.term.value, out);
  put(name(hard_state_.voted_for, rename), out);
  put(hard_state_.doubt.token, out);
  put(hard_state_.doubt.open ? 1 : 0, out);
  put(disk_, rename, out);
  put(lost_disks_.size(), out);
  for (const auto& lost : lost_disks_) put(lost, rename, out);
  put(writes_.size(), out);
  for (const Write& w : writes_) {
    put(w.hard_state ? 1 + w.hard_state->term.value : 0, out);
    if (w.hard_state) {
      put(name(w.hard_state->voted_for, rename), out);
      put(w.hard_state->doubt.token, out);
      put(w.hard_state->doubt.open ? 1 : 0, out);
    }
    put(w.first.value, out);
    put(w.entries, rename, out);
  }
  // A held message waits for the writes up to its step: how many of those that are under way.
  std::vector<std::string> held;
  for (const auto& [number, message] : held_) {
    const auto waits =
        std::count_if(writes_.begin(), writes_.end(), [&](const Write& w) { return w.number <= number; });
    std::string one(1, static_cast<char>(waits));
    explore::fingerprint(message, rename, one);
    held.push_back(std::move(one));
  }
  std::sort(held.begin(), held.end());  // those that leave together have no order in the network
  put(held.size(), out);
  for (const std::string& one : held) out += one;
  put(stale_ ? 1 : 0, out);
}

std::string Replica::describe() const {
  std::string out = core_.describe() + " disk=";
  out += fmt::format("t{}/{}", hard_state_.term.value, hard_state_.voted_for.value);
  for (const Stored& entry : disk_) {
    out += fmt::format(" {}{}", entry.term.value, entry.members ? raft::test::describe(*entry.members) : "");
  }
  if (!writes_.empty()) out += fmt::format(" +{} writes under way", writes_.size());
  return out;
}

void fingerprint(const raft::Message& message, const Rename& rename, std::string& out) {
  put(name(message.from, rename), out);
  put(name(message.to, rename), out);
  put(message.term.value, out);
  put(message.body.index(), out);
  if (const auto* request = std::get_if<raft::VoteRequest>(&message.body)) {
    put((request->pre_vote ? 2 : 0) + (request->transfer ? 1 : 0), out);
    put(request->last_index.value, out);
    put(request->last_term.value, out);
  } else if (const auto* reply = std::get_if<raft::VoteReply>(&message.body)) {
    put((reply->pre_vote ? 2 : 0) + (reply->granted ? 1 : 0), out);
  } else if (const auto* append = std::get_if<raft::AppendRequest>(&message.body)) {
    for (const std::uint64_t value :
         {append->prev_index.value, append->prev_term.value, append->count, append->commit.value,
          append->round, append->settles, append->runs.size()}) {
      put(value, out);
    }
    for (const raft::TermRun& run : append->runs) {
      put(run.term.value, out);
      put(run.last.value, out);
    }
    put(append->configurations.size(), out);
    for (const auto& [index, members] : append->configurations) {
      put(index.value, out);
      put(members, rename, out);
    }
  } else if (const auto* answer = std::get_if<raft::AppendReply>(&message.body)) {
    put(answer->accepted ? 1 : 0, out);
    for (const std::uint64_t value : {answer->match.value, answer->match_term.value, answer->commit.value,
                                      answer->round, answer->doubt}) {
      put(value, out);
    }
  }
}

}  // namespace kontiki::explore
