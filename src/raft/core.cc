#include "raft/core.h"

#include "base/check.h"
#include "raft/invariants.h"
#include "raft/quorum.h"

#include <algorithm>
#include <utility>

namespace kontiki::raft {

void Effects::clear() {
  number = 0;
  hard_state.reset();
  append.reset();
  send_now.clear();
  send_after_persist.clear();
  commit.reset();
  role.reset();
  read_states.clear();
  snapshot_needed.clear();
  refused = false;
}

Core::Core(const Options& options, const Restored& restored, Prng prng)
    : options_(options),
      prng_(prng),
      hard_(restored.hard_state),
      log_(restored.start, restored.start_term, restored.trail),
      durability_(log_.last()),
      commit_(std::clamp(restored.commit, log_.start(), log_.last())) {
  CHECK(options_.election_ticks > 0 && options_.retry_ticks > 0 && options_.peer_down_ticks > 0);
  CHECK(options_.entries_per_message_max > 0 && options_.inflight_messages_max > 0);
  CHECK(log_.last_term() <= hard_.term, "the storage writes a term before the entries of that term");
  configurations_.emplace_back(restored.start, restored.configuration);
  for (const auto& [index, configuration] : restored.configurations) {
    CHECK(index > configurations_.back().first && index <= log_.last(),
          "configurations stand in the log, in order");
    configurations_.emplace_back(index, configuration);
  }
  become_follower(hard_.term, kNoNode);
}

void Core::step(const Event& event, Effects& effects) {
#ifdef KONTIKI_DEBUG_CHECKS
  const Core before = *this;
#endif
  hard_before_ = hard_;
  const Role role = role_;
  const NodeId leader = leader_;
  effects.number = ++number_;
  std::visit([&](const auto& e) { on(e, effects); }, event);
  if (hard_ != hard_before_) effects.hard_state = hard_;
  if (role_ != role || leader_ != leader || hard_.term != hard_before_.term) {
    effects.role = RoleChange{.role = role_, .term = hard_.term, .leader = leader_};
  }
  if (effects.needs_persist()) {
    durability_.wrote(number_, effects.hard_state.has_value(),
                      effects.append ? effects.append->last : Index{0});
  }
#ifdef KONTIKI_DEBUG_CHECKS
  const std::string broken = check_step(before, *this, event, effects);
  CHECK(broken.empty(), broken);
#endif
}

void Core::on(const Tick&, Effects& effects) {
  if (role_ == Role::kLeader) {
    tick_leader(effects);
  } else if (leader_ == kNoNode) {
    tick_without_leader(effects);
  }
}

void Core::on(const Receive& event, Effects& effects) {
  const Message& message = event.message;
  if (message.to != options_.self || message.from == options_.self || message.from == kNoNode) return;
  // Requests are taken from anybody: during a change of members the sender may know of it before we do, and a
  // server that refused those outside its own configuration could be left behind for ever (dissertation 4.1).
  // What answers us or orders us about must come from a member.
  const bool request = std::holds_alternative<VoteRequest>(message.body) ||
                       std::holds_alternative<AppendRequest>(message.body);
  const bool known = message.from == leader_ || configuration().is_member(message.from);
  if (!request && !known) return;
  const bool was_down = std::erase(down_, message.from) > 0;
  std::visit([&](const auto& body) { receive(message, body, effects); }, message.body);
  if (was_down && role_ == Role::kLeader) {
    if (Progress* peer = find(message.from)) replicate(*peer, effects);
  }
}

void Core::on(const Persisted& event, Effects& effects) {
  if (!durability_.done(event.number) || role_ != Role::kLeader) return;
  advance_commit(effects);
  if (role_ == Role::kLeader) replicate_to_all(effects);  // a term that was not durable held everything back
}

void Core::on(const PeerDown& event, Effects& effects) {
  if (event.peer == options_.self) return;
  if (is_alive(event.peer)) down_.push_back(event.peer);
  if (role_ == Role::kLeader) {
    if (Progress* peer = find(event.peer)) peer->forget(log_.start());
    if (event.peer == transfer_to_) transfer_to_ = kNoNode;
  } else if (event.peer == leader_) {
    leader_ = kNoNode;
    campaign_soon(effects);
  }
}

void Core::on(const PeerUp& event, Effects& effects) {
  std::erase(down_, event.peer);
  if (role_ != Role::kLeader) return;
  if (Progress* peer = find(event.peer)) reconnect(*peer, effects);
}

bool Core::is_alive(NodeId node) const {
  return std::find(down_.begin(), down_.end(), node) == down_.end();
}

void Core::send(std::vector<Message>& out, NodeId to, Term term, decltype(Message::body) body) const {
  out.push_back({.from = options_.self, .to = to, .term = term, .body = std::move(body)});
}

bool Core::needs_tick() const {
  if (role_ != Role::kLeader) return leader_ == kNoNode && (may_campaign() || in_doubt());
  if (transfer_to_ != kNoNode || !reads_.empty() || !is_quorum_alive()) return true;
  return std::any_of(peers_.begin(), peers_.end(), [&](const Progress& peer) {
    return is_alive(peer.peer) && peer.mode != PeerStatus::Mode::kSnapshot && is_behind(peer);
  });
}

std::vector<PeerStatus> Core::peers() const {
  std::vector<PeerStatus> all;
  all.reserve(peers_.size());
  for (const Progress& p : peers_) {
    all.push_back({.peer = p.peer,
                   .match = p.match,
                   .next = p.next,
                   .mode = p.mode,
                   .alive = is_alive(p.peer),
                   .in_doubt = p.doubt != 0});
  }
  return all;
}

}  // namespace kontiki::raft
