// The messages between the members of one raft group: one struct each, values only, no payload bytes. The
// bytes of the entries that an AppendRequest names travel beside it (multiraft fills and strips them).
#pragma once

#include "model/configuration.h"
#include "model/ids.h"

#include <cstdint>
#include <utility>
#include <variant>
#include <vector>

namespace kontiki::raft {

// Entries (previous run's last, last] were written in `term`. A list of runs, rising in both, is a trail.
struct TermRun {
  Term term;
  Index last;
  friend bool operator==(const TermRun&, const TermRun&) = default;
};
using Trail = std::vector<TermRun>;

// Dissertation 9.6 (pre-vote: asks without raising anybody's term) and Raft paper 5.2.
struct VoteRequest {
  bool pre_vote = false;
  bool transfer =
      false;  // sent on the leader's own wish (TimeoutNow): not refused for the sake of a live leader
  Index last_index;
  Term last_term;
};
struct VoteReply {
  bool pre_vote = false;
  bool granted = false;
};
// Entries (prev_index, prev_index + count]; `runs` are their terms, the last run ends with the last entry.
// With count 0 it is a probe, a heartbeat or news of the commit index.
struct AppendRequest {
  Index prev_index;
  Term prev_term;
  std::uint64_t count = 0;
  Trail runs;
  std::vector<std::pair<Index, Configuration>> configurations;  // the configuration entries among them
  Index commit;
  std::uint64_t round = 0;    // read-index round, echoed by the reply; 0 = none
  std::uint64_t settles = 0;  // token of the receiver's doubt, which is settled by now; 0 = none
};
struct AppendReply {
  bool accepted = false;
  Index match;  // accepted: the log equals the leader's up to here and is durable. Refused: try below or at
                // this
  Term match_term;  // refused: the follower's term at `match`, so that a whole term is skipped at once
  Index commit;     // what the follower knows as committed
  std::uint64_t round = 0;
  std::uint64_t doubt = 0;  // token of the sender's open doubt: this counts for nothing; 0 = none
};
// Dissertation 3.10: the leader asks the receiver to campaign at once.
struct TimeoutNow {};
// The leader gave up its lead (check-quorum) or never had it: whoever follows it should look for another.
struct NotLeader {};

struct Message {
  NodeId from;
  NodeId to;
  Term term;  // the sender's term; in a pre-vote request, the term it would campaign in
  std::variant<VoteRequest, VoteReply, AppendRequest, AppendReply, TimeoutNow, NotLeader> body;
};

// Keeps only the first `count` entries of what the message names: for a driver whose message has no room for
// all.
void shorten(AppendRequest& request, std::uint64_t count);
// Whether the fields of the message fit each other. What a peer sends is checked before it is believed.
bool is_well_formed(const AppendRequest& request);

}  // namespace kontiki::raft
