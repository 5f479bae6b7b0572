// The sending side of the log: Raft paper 5.3 and 7, with a bounded pipeline per peer.
#include "base/check.h"
#include "raft/core.h"

#include <algorithm>
#include <utility>

namespace kontiki::raft {

using Mode = PeerStatus::Mode;

Progress* Core::find(NodeId peer) {
  return const_cast<Progress*>(std::as_const(*this).find(peer));
}

const Progress* Core::find(NodeId peer) const {
  const auto found =
      std::find_if(peers_.begin(), peers_.end(), [&](const Progress& p) { return p.peer == peer; });
  return found == peers_.end() ? nullptr : &*found;
}

bool Core::is_behind(const Progress& peer) const {
  return peer.match < log_.last() || peer.commit_known < commit_ || is_doubt_settled(peer);
}

// A group of one voter leads before its term is durable. Its learners must not see that term: after a crash
// it would come again, with other entries.
bool Core::may_act_on_term() const {
  return hard_ == hard_before_ && !durability_.hard_state_pending();
}

void Core::replicate_to_all(Effects& effects) {
  for (Progress& peer : peers_) replicate(peer, effects);
}

void Core::replicate(Progress& peer, Effects& effects) {
  if (!is_alive(peer.peer) || !may_act_on_term() || peer.mode == Mode::kSnapshot) return;
  if (peer.next <= log_.start()) {
    peer.await_snapshot();
    effects.snapshot_needed.push_back(peer.peer);
    return;
  }
  const Index prev = peer.next - 1;
  const std::uint64_t count = std::min(log_.last() - prev, options_.entries_per_message_max);
  if (peer.mode == Mode::kProbe) {
    if (peer.waiting) return;
    peer.waiting = true;
    send_entries(peer, prev, count, effects);
    return;
  }
  if (count == 0 || peer.full(options_) || peer.sent_in_step == number_) return;
  peer.sent_in_step = number_;
  peer.inflight.push_back({.prev = prev, .last = prev + count, .bytes = 0});
  peer.next = prev + count + 1;
  send_entries(peer, prev, count, effects);
}

void Core::send_entries(Progress& peer, Index prev, std::uint64_t count, Effects& effects) {
  AppendRequest request{.prev_index = prev,
                        .prev_term = *log_.term_at(prev),
                        .count = count,
                        .runs = log_.slice(prev, count),
                        .configurations = {},
                        .commit = commit_,
                        .round = round_,
                        .settles = is_doubt_settled(peer) ? peer.doubt : 0};
  for (const auto& entry : configurations_) {
    if (entry.first > prev && entry.first <= prev + count) request.configurations.push_back(entry);
  }
  peer.commit_sent = std::max(peer.commit_sent, std::min(commit_, prev + count));
  send(effects.send_now, peer.peer, hard_.term, std::move(request));
}

// Where the logs are known to agree, so that it is accepted whatever else is under way.
void Core::send_empty(Progress& peer, Effects& effects) {
  if (!is_alive(peer.peer) || !may_act_on_term()) return;
  const bool agreed = peer.mode == Mode::kReplicate && peer.match >= log_.start();
  send_entries(peer, agreed ? peer.match : std::max(peer.next - 1, log_.start()), 0, effects);
}

void Core::send_empty_to_all(Effects& effects) {
  for (Progress& peer : peers_) send_empty(peer, effects);
}

void Core::reconnect(Progress& peer, Effects& effects) {
  peer.forget(log_.start());
  replicate(peer, effects);
}

void Core::tick_peer(Progress& peer, Effects& effects) {
  if (!is_alive(peer.peer) || peer.mode == Mode::kSnapshot || !is_behind(peer)) return;
  if (++peer.silent_ticks >= options_.retry_ticks) {
    peer.silent_ticks = 0;
    ask(peer, effects);
    replicate(peer, effects);
    return;
  }
  const bool news = peer.commit_known < commit_ && peer.commit_sent < commit_;
  if (news && peer.mode == Mode::kReplicate && peer.inflight.empty()) send_empty(peer, effects);
}

// A silent peer has lost something, or its disk is slow. To send everything once more would make it slower.
// So it is asked whether it has all that was sent: it says yes as soon as that is durable, or refuses, and
// tells from where on.
void Core::ask(Progress& peer, Effects& effects) {
  if (may_act_on_term() && peer.next > log_.start()) send_entries(peer, peer.next - 1, 0, effects);
}

void Core::receive(const Message& message, const AppendReply& reply, Effects& effects) {
  if (message.term > hard_.term) {
    become_follower(message.term, kNoNode);
    return;
  }
  Progress* peer = role_ == Role::kLeader ? find(message.from) : nullptr;
  if (peer == nullptr) return;
  if (reply.doubt != 0)
    hear_doubt(*peer, reply.doubt, effects);  // whatever its term: it may have forgotten it
  if (message.term < hard_.term) return;
  if (reply.doubt == 0) peer->round = std::max(peer->round, reply.round);
  if (reply.accepted) {
    accepted(*peer, reply, effects);
  } else {
    refused(*peer, reply, effects);
  }
  if (role_ == Role::kLeader) answer_reads(effects);
}

void Core::accepted(Progress& peer, const AppendReply& reply, Effects& effects) {
  if (reply.match > log_.last()) return;  // not an answer to anything that we sent
  const NodeId id = peer.peer;
  peer.silent_ticks = 0;
  peer.match = std::max(peer.match, reply.match);
  if (reply.doubt == 0) {
    peer.certain = std::max(peer.certain, reply.match);
    peer.doubt = 0;
  } else {
    peer.doubted_match = std::max(peer.doubted_match, reply.match);
  }
  peer.commit_known = std::max(peer.commit_known, reply.commit);
  switch (peer.mode) {
    case Mode::kProbe:
      // An older answer, from below the place that is being probed, does not tell where the logs part.
      if (reply.match + 1 >= peer.next) peer.replicate_from(reply.match + 1);
      break;
    case Mode::kReplicate:
      peer.acknowledged(reply.match);
      peer.next = std::max(peer.next, reply.match + 1);
      break;
    case Mode::kSnapshot:
      peer.next = std::max(peer.next, peer.match + 1);
      if (reply.match >= log_.start()) peer.replicate_from(reply.match + 1);
      break;
  }
  advance_commit(effects);
  finish_transfer(effects);
  Progress* still = find(id);  // the members may have changed, or the lead ended, with what was committed
  if (still != nullptr) replicate(*still, effects);
}

void Core::refused(Progress& peer, const AppendReply& reply, Effects& effects) {
  // Below what it holds: an old message. (A peer that lost its log comes back over a new connection; see
  // reconnect.)
  if (peer.mode == Mode::kSnapshot || reply.match < peer.match) return;
  const Index agree = std::max(peer.match, log_.last_at_or_below(reply.match, reply.match_term));
  if (agree + 1 >= peer.next) return;  // the refusal of something that has been corrected since
  peer.probe_from(agree + 1);
  replicate(peer, effects);
}

void Core::on(const Filled& event, Effects& effects) {
  Progress* peer = role_ == Role::kLeader ? find(event.peer) : nullptr;
  if (peer == nullptr || !peer->filled(event.prev, event.count, event.bytes)) return;
  if (event.count > 0)
    replicate(*peer, effects);  // with nothing, the driver has no room now: by the next event
}

void Core::on(const SnapshotSent& event, Effects& effects) {
  Progress* peer = role_ == Role::kLeader ? find(event.peer) : nullptr;
  if (peer == nullptr || peer->mode != Mode::kSnapshot) return;
  if (event.delivered) {
    peer->probe_from(std::max(peer->match, log_.start()) + 1);
    replicate(*peer, effects);
  } else {
    peer->probe_from(peer->match + 1);
    peer->waiting = true;  // asked for again after retry_ticks, not at once
  }
}

}  // namespace kontiki::raft
