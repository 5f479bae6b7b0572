#include "raft/invariants.h"

#include "raft/quorum.h"
#include "raft/trail.h"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

namespace kontiki::raft {
namespace {

LogTrail trail_of(const Core& core) {
  return {core.start_index(), *core.term_at(core.start_index()), core.trail()};
}

// The first index at which the two logs differ or one of them has ended, above what either has cut away.
Index first_difference(const LogTrail& a, const LogTrail& b) {
  const Index from = std::max(a.start(), b.start());
  const Index to = std::min(a.last(), b.last());
  if (to <= from) return from + 1;
  return a.first_difference(from, b.slice(from, to - from));
}

std::string broken(const char* number, const Core& core, std::string_view what) {
  return fmt::format("{}: {} ({})", number, what, core.describe());
}

std::string check_state(const Core& before, const Core& after) {
  const HardState& was = before.hard_state();
  const HardState& is = after.hard_state();
  if (is.term < was.term) return broken("I1", after, "the term fell");
  if (is.term == was.term && was.voted_for != kNoNode && is.voted_for != was.voted_for) {
    return broken("I2", after, "two votes in one term");
  }
  if (after.commit() < before.commit()) return broken("I3", after, "the commit index fell");
  if (after.commit() < after.start_index() || after.commit() > after.last_index()) {
    return broken("I3", after, "the commit index lies outside the log");
  }
  const Index kept = first_difference(trail_of(before), trail_of(after)) - 1;
  if (before.commit() > kept && before.commit() > after.start_index()) {
    return broken("I4", after, "a committed entry was cut");
  }
  const bool led = before.role() == Role::kLeader && after.role() == Role::kLeader && is.term == was.term;
  if (led && before.last_index() > std::max(kept, after.start_index())) {
    return broken("I5", after, "a leader cut its own log");
  }
  if (after.persisted() > after.last_index())
    return broken("I6", after, "persisted beyond the end of the log");
  const auto last_term = after.term_at(after.last_index());
  if (!last_term || *last_term > is.term) return broken("I7", after, "an entry of a term that has not begun");
  if (after.role() == Role::kLeader && (after.leader() != after.self() || is.voted_for != after.self())) {
    return broken("I8", after, "a leader that did not vote for itself");
  }
  if (after.in_doubt() && after.role() != Role::kFollower) return broken("I20", after, "campaigns in doubt");
  for (const PeerStatus& peer : after.peers()) {
    if (peer.match >= peer.next || peer.match > after.last_index() || peer.next > after.last_index() + 1) {
      return broken("I9", after, "match < next <= last + 1 does not hold of a peer");
    }
  }
  const auto& members = after.configurations();
  const auto falls = [](const auto& a, const auto& b) { return b.second.epoch < a.second.epoch; };
  if (std::adjacent_find(members.begin(), members.end(), falls) != members.end())
    return broken("I22", after, "a configuration of an older epoch follows on a newer one");
  const bool votes = is.voted_for != kNoNode && is != was;
  if ((votes || after.role() != Role::kFollower) && !after.is_itself())
    return broken("I23", after, "a member acts by a configuration that does not mean it");
  return {};
}

std::string check_sent_now(const Core& before, const Core& after, const Message& message,
                           const Effects& effects) {
  if (std::holds_alternative<AppendReply>(message.body) || std::holds_alternative<VoteReply>(message.body)) {
    return broken("I10", after, "a vote or an acknowledgement does not wait for the disk");
  }
  const auto* vote = std::get_if<VoteRequest>(&message.body);
  if (vote != nullptr && !vote->pre_vote)
    return broken("I10", after, "a vote is asked for before the own is durable");
  if (!std::holds_alternative<AppendRequest>(message.body)) return {};
  const bool leads = after.role() == Role::kLeader && message.term == after.term();
  const bool led = before.role() == Role::kLeader && message.term == before.term();
  if (!leads && !led) return broken("I11", after, "entries sent by one that does not lead");
  if (effects.hard_state) return broken("I12", after, "entries of a term that is not durable were sent");
  return {};
}

std::string check_sent_later(const Core& after, const Message& message) {
  if (std::holds_alternative<AppendRequest>(message.body))
    return broken("I11", after, "an append that waits for the disk");
  const auto* vote = std::get_if<VoteReply>(&message.body);
  if (vote != nullptr && vote->granted && !vote->pre_vote) {
    if (after.term() != message.term || after.hard_state().voted_for != message.to) {
      return broken("I13", after, "a vote that does not stand in the hard state");
    }
  }
  if (vote != nullptr && vote->granted && after.in_doubt()) return broken("I20", after, "a vote in doubt");
  const auto* append = std::get_if<AppendReply>(&message.body);
  if (append != nullptr && after.in_doubt() && append->doubt != after.hard_state().doubt.token) {
    return broken("I20", after, "an acknowledgement that does not tell of the doubt");
  }
  if (append != nullptr && append->accepted && append->match > after.last_index()) {
    return broken("I14", after, "acknowledged what is not in the log");
  }
  return {};
}

std::string check_commit(const Core& before, const Core& after, const Event& event, const Effects& effects) {
  if (effects.commit) {
    if (effects.commit->after != before.commit() || effects.commit->to != after.commit()) {
      return broken("I15", after, "the committed range has a hole");
    }
    const bool leads = after.role() == Role::kLeader && before.role() == Role::kLeader;
    if (leads && after.term_at(after.commit()) != after.term()) {
      return broken("I16", after, "a leader counted an entry of an earlier term");
    }
  } else if (after.commit() != before.commit() && !std::holds_alternative<SnapshotInstalled>(event)) {
    return broken("I15", after, "the commit index moved without a committed range");
  }
  for (const ReadState& read : effects.read_states) {
    if (read.index > after.commit() || after.term_at(after.commit()) != after.term()) {
      return broken("I17", after, "a read at an index that may not be the latest");
    }
  }
  return {};
}

// A doubt ends by the word of a leader that knows its name, or at the founding of the group; none begins.
std::string check_doubt(const Core& before, const Core& after, const Event& event) {
  if (!before.in_doubt()) {
    return after.in_doubt() ? broken("I21", after, "a doubt began by a step") : std::string();
  }
  if (after.in_doubt()) return {};
  const std::uint64_t token = before.hard_state().doubt.token;
  if (const auto* founded = std::get_if<Founded>(&event); founded != nullptr && founded->token == token)
    return {};
  const auto* received = std::get_if<Receive>(&event);
  const auto* append = received == nullptr ? nullptr : std::get_if<AppendRequest>(&received->message.body);
  const bool settled =
      append != nullptr && append->settles == token && after.hard_state().voted_for != kNoNode;
  return settled ? std::string() : broken("I21", after, "a doubt ended that nobody settled");
}

std::string check_effects(const Core& before, const Core& after, const Event& event, const Effects& effects) {
  const bool changed = before.hard_state() != after.hard_state();
  if (changed != effects.hard_state.has_value() || (changed && *effects.hard_state != after.hard_state())) {
    return broken("I18", after, "the hard state changed and is not written, or the reverse");
  }
  if (auto what = check_doubt(before, after, event); !what.empty()) return what;
  if (effects.append) {
    const AppendRange& range = *effects.append;
    const bool own = range.source != AppendRange::Source::kReceived;
    if (range.first > range.last || range.last != after.last_index() ||
        range.first > before.last_index() + 1 || (own && range.first != before.last_index() + 1)) {
      return broken("I19", after, "the range to append does not fit the log");
    }
  } else if (after.last_index() > before.last_index() && !std::holds_alternative<SnapshotInstalled>(event)) {
    return broken("I19", after, "the log grew and nothing is written");
  }
  for (const Message& message : effects.send_now) {
    if (auto what = check_sent_now(before, after, message, effects); !what.empty()) return what;
  }
  for (const Message& message : effects.send_after_persist) {
    if (auto what = check_sent_later(after, message); !what.empty()) return what;
  }
  return check_commit(before, after, event, effects);
}

// C2: wherever two logs have the same index and term, they are the same before it.
bool match(const LogTrail& a, const LogTrail& b) {
  const Index to = std::min(a.last(), b.last());
  for (Index i = first_difference(a, b) + 1; i <= to; ++i) {
    if (a.term_at(i) == b.term_at(i)) return false;
  }
  return true;
}

}  // namespace

std::string check_step(const Core& before, const Core& after, const Event& event, const Effects& effects) {
  if (auto what = check_state(before, after); !what.empty()) return what;
  return check_effects(before, after, event, effects);
}

std::string ClusterInvariants::observe_leader(const Core& core) {
  const auto [leader, first] = leaders_.try_emplace(core.term(), core.self());
  if (leader->second != core.self()) return broken("C1", core, "two leaders in one term");
  if (!first) return {};
  for (const auto& [index, entry] : committed_) {
    if (entry.in_term >= core.term() || index <= core.start_index()) continue;
    if (core.term_at(index) != entry.term) return broken("C3", core, "a new leader lacks a committed entry");
  }
  return {};
}

std::string ClusterInvariants::observe_commit(const Core& core) {
  for (Index i = core.start_index() + 1; i <= core.commit(); ++i) {
    const Term term = *core.term_at(i);
    const auto [entry, first] = committed_.try_emplace(i, Committed{.term = term, .in_term = core.term()});
    if (!first && entry->second.term != term) return broken("C4", core, "two entries committed at one index");
    entry->second.in_term = std::min(entry->second.in_term, core.term());
  }
  return {};
}

std::string ClusterInvariants::observe(std::span<const Core* const> cores) {
  for (const Core* core : cores) {
    if (auto what = observe_commit(*core); !what.empty()) return what;
  }
  for (const Core* core : cores) {
    if (core->role() != Role::kLeader) continue;
    if (auto what = observe_leader(*core); !what.empty()) return what;
  }
  for (std::size_t i = 0; i < cores.size(); ++i) {
    for (std::size_t j = 0; j < i; ++j) {
      if (!match(trail_of(*cores[i]), trail_of(*cores[j]))) {
        return broken("C2", *cores[i],
                      fmt::format("the logs part and meet again, with node {}", cores[j]->self().value));
      }
    }
  }
  return {};
}

}  // namespace kontiki::raft
