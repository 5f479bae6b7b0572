// Elections: Raft paper 5.2 and 5.4.1, dissertation 4.2.3 (a live leader is not disturbed), 9.6 (pre-vote)
// and 3.10 (leader transfer).
#include "base/check.h"
#include "raft/core.h"
#include "raft/quorum.h"

#include <algorithm>

namespace kontiki::raft {

void Core::draw_timeout(std::uint32_t from, std::uint32_t spread) {
  elapsed_ticks_ = 0;
  timeout_ticks_ = from + static_cast<std::uint32_t>(prng_.below(spread));
}

void Core::become_follower(Term term, NodeId leader) {
  if (term > hard_.term) {
    hard_.term = term;
    hard_.voted_for = kNoNode;
  }
  role_ = Role::kFollower;
  leader_ = leader;
  votes_.clear();
  peers_.clear();
  reads_.clear();
  transfer_to_ = kNoNode;
  draw_timeout(options_.election_ticks, options_.election_ticks);
}

void Core::tick_without_leader(Effects& effects) {
  if (in_doubt()) return tick_in_doubt(effects);
  if (!may_campaign()) return;
  ++elapsed_ticks_;
  // Nobody else can have been elected, and nobody has to be waited for.
  if (decides_alone() || elapsed_ticks_ >= timeout_ticks_) pre_campaign(effects);
}

void Core::on(const Campaign&, Effects& effects) {
  effects.refused = role_ == Role::kLeader || !may_campaign();
  if (!effects.refused) pre_campaign(effects);
}

void Core::campaign_soon(Effects& effects) {
  draw_timeout(0, options_.peer_down_ticks);
  if (timeout_ticks_ == 0 && may_campaign()) pre_campaign(effects);
}

void Core::pre_campaign(Effects& effects) {
  become_follower(hard_.term, kNoNode);
  role_ = Role::kPreCandidate;
  votes_.emplace_back(options_.self, true);
  const VoteRequest request{
      .pre_vote = true, .transfer = false, .last_index = log_.last(), .last_term = log_.last_term()};
  request_votes(effects.send_now, request, hard_.term + 1);
  count_votes(effects);
}

void Core::campaign(bool transfer, Effects& effects) {
  become_follower(hard_.term + 1, kNoNode);
  hard_.voted_for = options_.self;
  role_ = Role::kCandidate;
  votes_.emplace_back(options_.self, true);
  const VoteRequest request{
      .pre_vote = false, .transfer = transfer, .last_index = log_.last(), .last_term = log_.last_term()};
  // Not before our term and our own vote are durable. Otherwise:
  //   1. we ask for term 5, are elected by the others, and send entry 10 of term 5;
  //   2. we crash, having stored neither, and campaign for term 5 a second time;
  //   3. those who voted for us do so again, and we send another entry 10 of term 5.
  request_votes(effects.send_after_persist, request, hard_.term);
  count_votes(effects);
}

void Core::request_votes(std::vector<Message>& out, const VoteRequest& request, Term term) {
  const Configuration& members = configuration();
  for (const NodeId node : members.voters) {
    if (node != options_.self) send(out, node, term, request);
  }
  for (const NodeId node : members.outgoing) {
    if (node != options_.self && !Configuration::has(members.voters, node)) send(out, node, term, request);
  }
}

void Core::count_votes(Effects& effects) {
  const Tally result = tally(configuration(), [&](NodeId node) {
    const auto vote =
        std::find_if(votes_.begin(), votes_.end(), [&](const auto& v) { return v.first == node; });
    if (vote == votes_.end()) return Ballot::kMissing;
    return vote->second ? Ballot::kGranted : Ballot::kRefused;
  });
  if (result == Tally::kPending) return;
  const bool pre_vote = role_ == Role::kPreCandidate;
  if (result == Tally::kWon) {
    pre_vote ? campaign(false, effects) : become_leader(effects);
    return;
  }
  become_follower(hard_.term, kNoNode);
  // A lost pre-vote cost nobody anything, and often only means that the others have not noticed yet: try
  // again soon.
  if (pre_vote) draw_timeout(1, options_.election_ticks);
}

void Core::become_leader(Effects& effects) {
  become_follower(hard_.term, options_.self);
  role_ = Role::kLeader;
  round_ = 0;
  round_ticks_ = 0;
  sync_peers();
  // An entry of the own term, so that whatever earlier terms left can be committed with it (Raft paper 5.4.2,
  // 8).
  append_own(1, AppendRange::Source::kTermStart, effects);
  replicate_to_all(effects);
}

bool Core::follows_live_leader() const {
  return role_ == Role::kLeader ? is_quorum_alive() : leader_ != kNoNode;
}

bool Core::grants(const Message& message, const VoteRequest& request) const {
  if (in_doubt() || !is_itself()) return false;
  const bool complete = request.last_term > log_.last_term() ||
                        (request.last_term == log_.last_term() && request.last_index >= log_.last());
  if (request.pre_vote) {
    // Two who saw the leader go at the same moment would be granted each other's pre-vote and then split the
    // vote. So one of two equals has precedence, for as long as its own request is fresh; which, changes with
    // the term, so that not all groups of a node fall to the same one.
    const bool even = hard_.term.value % 2 == 0;
    const bool first = even ? options_.self < message.from : message.from < options_.self;
    const bool rivals = role_ == Role::kPreCandidate && elapsed_ticks_ <= 1 &&
                        request.last_index == log_.last() && request.last_term == log_.last_term();
    return message.term > hard_.term && complete && !(rivals && first);
  }
  const bool free = hard_.voted_for == kNoNode || hard_.voted_for == message.from;
  return message.term == hard_.term && free && leader_ == kNoNode && complete;
}

void Core::receive(const Message& message, const VoteRequest& request, Effects& effects) {
  // Who campaigns for a term after ours does not lead ours any more: it was restarted faster than anybody
  // noticed.
  if (message.from == leader_ && message.term > hard_.term) become_follower(hard_.term, kNoNode);
  VoteReply reply{.pre_vote = request.pre_vote, .granted = false};
  if (follows_live_leader() && !request.transfer) {
    send(effects.send_after_persist, message.from, hard_.term, reply);
    // The sender does not know its leader, or is ahead in terms: what we send will settle either.
    Progress* peer = role_ == Role::kLeader ? find(message.from) : nullptr;
    if (peer != nullptr) reconnect(*peer, effects);
    return;
  }
  if (!request.pre_vote && message.term > hard_.term) become_follower(message.term, kNoNode);
  reply.granted = grants(message, request);
  if (reply.granted && !request.pre_vote) {
    hard_.voted_for = message.from;
    draw_timeout(options_.election_ticks, options_.election_ticks);
  }
  // A granted pre-vote names the term that it is for; a refusal tells ours.
  send(effects.send_after_persist, message.from, reply.granted ? message.term : hard_.term, reply);
}

void Core::receive(const Message& message, const VoteReply& reply, Effects& effects) {
  const bool pre_grant = reply.pre_vote && reply.granted;
  if (message.term > hard_.term && !pre_grant) {
    become_follower(message.term, kNoNode);
    return;
  }
  if (reply.pre_vote) {
    if (role_ != Role::kPreCandidate || (reply.granted && message.term != hard_.term + 1)) return;
  } else if (role_ != Role::kCandidate || message.term != hard_.term) {
    return;
  }
  const auto seen =
      std::find_if(votes_.begin(), votes_.end(), [&](const auto& v) { return v.first == message.from; });
  if (seen != votes_.end()) return;
  votes_.emplace_back(message.from, reply.granted);
  count_votes(effects);
}

void Core::receive(const Message& message, const TimeoutNow&, Effects& effects) {
  if (message.term > hard_.term) become_follower(message.term, kNoNode);
  if (message.term < hard_.term || role_ == Role::kLeader || role_ == Role::kCandidate || !may_campaign())
    return;
  campaign(true, effects);
}

void Core::receive(const Message& message, const NotLeader&, Effects& effects) {
  if (message.term > hard_.term) become_follower(message.term, kNoNode);
  if (role_ == Role::kFollower && message.from == leader_) {
    leader_ = kNoNode;
    campaign_soon(effects);
  }
}

}  // namespace kontiki::raft
