// What a leader does besides sending: proposals, commit by counting (Raft paper 5.4.2), check-quorum
// (dissertation 6.2), leader transfer (3.10) and read index (6.4).
#include "base/check.h"
#include "raft/core.h"
#include "raft/quorum.h"

#include <algorithm>

namespace kontiki::raft {

bool Core::is_quorum_alive() const {
  return is_quorum(configuration(), [&](NodeId node) {
    const Progress* peer = find(node);
    return is_alive(node) && (peer == nullptr || peer->doubt == 0);
  });
}

bool Core::decides_alone() const {
  return is_quorum(configuration(), [&](NodeId node) { return node == options_.self; });
}

void Core::on(const Propose& event, Effects& effects) {
  if (role_ != Role::kLeader || transfer_to_ != kNoNode || event.count == 0) {
    effects.refused = true;
    return;
  }
  append_own(event.count, AppendRange::Source::kProposal, effects);
  replicate_to_all(effects);
}

void Core::append_own(std::uint64_t count, AppendRange::Source source, Effects& effects) {
  CHECK(!effects.append, "one append per step");
  const Index first = log_.last() + 1;
  log_.append(hard_.term, count);
  effects.append = AppendRange{.first = first, .last = log_.last(), .term = hard_.term, .source = source};
}

// Only entries of the own term are committed by counting; they take those of earlier terms with them.
// Otherwise an entry that a majority holds could still be replaced (Raft paper, figure 8).
void Core::advance_commit(Effects& effects) {
  const Index index = quorum_index(configuration(), [&](NodeId node) {
    if (node == options_.self) return durability_.persisted();
    const Progress* peer = find(node);
    return peer == nullptr ? Index{0} : peer->certain;
  });
  if (index <= commit_ || log_.term_at(index) != hard_.term) return;
  commit_to(index, effects);
  finish_configuration_change(effects);
}

void Core::commit_to(Index index, Effects& effects) {
  if (index <= commit_) return;
  CHECK(index <= log_.last(), "only what is in the log can be committed");
  effects.commit = CommitRange{.after = effects.commit ? effects.commit->after : commit_, .to = index};
  commit_ = index;
}

void Core::tick_leader(Effects& effects) {
  elapsed_ticks_ = is_quorum_alive() ? 0 : elapsed_ticks_ + 1;
  if (elapsed_ticks_ >= options_.election_ticks) {
    step_down(effects);
    return;
  }
  tick_transfer();
  if (!reads_.empty() && ++round_ticks_ >= options_.retry_ticks) {
    round_ticks_ = 0;
    send_empty_to_all(effects);
  }
  for (Progress& peer : peers_) tick_peer(peer, effects);
}

void Core::step_down(Effects& effects) {
  for (const Progress& peer : peers_) send(effects.send_now, peer.peer, hard_.term, NotLeader{});
  become_follower(hard_.term, kNoNode);
}

void Core::on(const ReadIndex& event, Effects& effects) {
  // Before an entry of the own term is committed, a leader does not know how far the log is committed.
  if (role_ != Role::kLeader || !has_committed_in_term() || reads_.size() >= options_.pending_reads_max) {
    effects.refused = true;
    return;
  }
  if (decides_alone()) {
    effects.read_states.push_back({.context = event.context, .index = commit_});
    return;
  }
  ++round_;
  round_ticks_ = 0;
  reads_.push_back({.context = event.context, .index = commit_, .round = round_});
  send_empty_to_all(effects);
}

void Core::answer_reads(Effects& effects) {
  const auto open = std::find_if(reads_.begin(), reads_.end(), [&](const PendingRead& read) {
    return !is_quorum(configuration(), [&](NodeId node) {
      if (node == options_.self) return true;
      const Progress* peer = find(node);
      return peer != nullptr && peer->round >= read.round;
    });
  });
  for (auto read = reads_.begin(); read != open; ++read) {
    effects.read_states.push_back({.context = read->context, .index = read->index});
  }
  reads_.erase(reads_.begin(), open);
}

void Core::on(const TransferLeader& event, Effects& effects) {
  const bool busy = transfer_to_ != kNoNode && transfer_to_ != event.to;
  Progress* peer = role_ == Role::kLeader ? find(event.to) : nullptr;
  if (peer == nullptr || busy || !configuration().is_voter(event.to) || !is_alive(event.to) ||
      peer->doubt != 0) {
    effects.refused = true;
    return;
  }
  if (transfer_to_ == event.to) return;
  transfer_to_ = event.to;
  transfer_sent_ = false;
  transfer_ticks_ = 0;
  finish_transfer(effects);
  replicate(*peer, effects);
}

void Core::tick_transfer() {
  if (transfer_to_ != kNoNode && ++transfer_ticks_ >= options_.election_ticks) transfer_to_ = kNoNode;
}

void Core::finish_transfer(Effects& effects) {
  if (transfer_to_ == kNoNode || transfer_sent_) return;
  const Progress* peer = find(transfer_to_);
  if (peer == nullptr || peer->match != log_.last()) return;
  transfer_sent_ = true;
  send(effects.send_now, transfer_to_, hard_.term, TimeoutNow{});
}

}  // namespace kontiki::raft
