// Members that may have forgotten what they promised: their data was damaged, or is gone. They take part
// again, without an operator, as soon as nothing that they forgot can matter. docs/adr/0007-doubt.md has the
// proof; in short:
//
//   1. A member in doubt grants no vote, does not campaign, and its acknowledgements count for nothing. It
//   tells
//      the leader of its doubt with each of them.
//   2. The leader appends an entry of its own term after it heard of the doubt: the barrier.
//   3. When a majority without the doubtful member has committed the barrier, and the member itself holds it,
//   the
//      leader settles the doubt. From then on the member counts, with a vote for this leader in this term.
//
// Why that is enough: whoever could still be elected with a forgotten vote of the member needs a voter that
// also accepted the barrier, and that voter refuses a candidate that lacks it. Whatever was committed with a
// forgotten acknowledgement stands in the leader's log, since the leader was elected without the member.
#include "base/check.h"
#include "raft/core.h"

namespace kontiki::raft {

void Core::on(const Founding& event, Effects&) {
  if (in_doubt()) hard_.doubt.token = event.token;
}

void Core::on(const Founded& event, Effects&) {
  if (!in_doubt() || hard_.doubt.token != event.token) return;
  hard_.doubt.open = false;
  draw_timeout(options_.election_ticks, options_.election_ticks);
}

// A leader that thinks it knows us has nothing to send us, so nothing would tell it.
void Core::tick_in_doubt(Effects& effects) {
  if (++elapsed_ticks_ < options_.election_ticks) return;
  elapsed_ticks_ = 0;
  const Configuration& members = configuration();
  for (const auto* set : {&members.voters, &members.outgoing}) {
    for (const NodeId node : *set) {
      if (node == options_.self || !is_alive(node)) continue;
      const AppendReply reply{.accepted = false,
                              .match = log_.last(),
                              .match_term = log_.last_term(),
                              .commit = commit_,
                              .round = 0,
                              .doubt = hard_.doubt.token};
      send(effects.send_after_persist, node, hard_.term, reply);
    }
  }
}

void Core::hear_doubt(Progress& peer, std::uint64_t token, Effects& effects) {
  if (peer.doubt == token) return;
  peer.doubt = token;
  if (transfer_to_ == peer.peer) transfer_to_ = kNoNode;
  if (!effects.append) append_own(1, AppendRange::Source::kTermStart, effects);
  peer.barrier = log_.last();
  reconnect(peer, effects);
  replicate_to_all(effects);
}

bool Core::is_doubt_settled(const Progress& peer) const {
  return peer.doubt != 0 && commit_ >= peer.barrier && peer.doubted_match >= peer.barrier;
}

void Core::settle(NodeId leader) {
  hard_.doubt.open = false;
  // Perhaps we voted in this term, and forgot for whom.
  if (hard_.voted_for == kNoNode) hard_.voted_for = leader;
}

}  // namespace kontiki::raft
