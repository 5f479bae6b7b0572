// The receiving side of the log: Raft paper 5.3 and 7.
#include "base/check.h"
#include "raft/core.h"

#include <algorithm>

namespace kontiki::raft {

void Core::receive(const Message& message, const AppendRequest& request, Effects& effects) {
  if (message.term < hard_.term) {
    answer(message, request, false, log_.last(), effects);  // tells the old leader our term
    return;
  }
  if (!is_well_formed(request) || request.prev_term > message.term) return;
  if (!request.runs.empty() && request.runs.back().term > message.term) return;
  if (role_ == Role::kLeader && message.term == hard_.term) return;  // two leaders of one term: cannot be
  if (message.term > hard_.term || role_ != Role::kFollower || leader_ != message.from) {
    become_follower(message.term, message.from);
  }

  if (in_doubt() && request.settles == hard_.doubt.token) settle(message.from);

  const Index end = request.prev_index + request.count;
  if (end <= log_.start()) {  // all of it was committed and cut away
    answer(message, request, true, log_.start(), effects);
    return;
  }
  // What stands before our start is committed, so the leader has the same there.
  const Index prev = std::max(request.prev_index, log_.start());
  if (prev == request.prev_index && log_.term_at(prev) != request.prev_term) {
    CHECK(prev > commit_, "a leader has every committed entry");
    const Index below = prev.value == 0 ? prev : prev - 1;
    answer(message, request, false, log_.last_at_or_below(below, request.prev_term), effects);
    return;
  }
  const Index first = log_.first_difference(prev, request.runs);
  if (first <= end) append_received(request, first, effects);
  commit_to(std::min(request.commit, end), effects);
  answer(message, request, true, end, effects);
}

// Entries that are here already are left alone: an old message must not cut what a newer one brought.
void Core::append_received(const AppendRequest& request, Index first, Effects& effects) {
  if (first <= log_.last()) {
    CHECK(first > commit_, "committed entries are never cut");
    log_.truncate_after(first - 1);
    durability_.truncated_after(first - 1);
    roll_back_configurations(first - 1);
  }
  log_.append(first, request.runs);
  for (const auto& [index, members] : request.configurations) {
    if (index >= first) adopt(index, members);
  }
  effects.append = AppendRange{.first = first,
                               .last = log_.last(),
                               .term = log_.last_term(),
                               .source = AppendRange::Source::kReceived};
}

// Always after persist: also what a duplicate repeats may still wait for its fsync.
void Core::answer(const Message& message, const AppendRequest& request, bool accepted, Index match,
                  Effects& effects) const {
  const AppendReply reply{.accepted = accepted,
                          .match = match,
                          .match_term = log_.term_at(match).value_or(Term{0}),
                          .commit = commit_,
                          .round = message.term == hard_.term ? request.round : 0,
                          .doubt = in_doubt() ? hard_.doubt.token : 0};
  send(effects.send_after_persist, message.from, hard_.term, reply);
}

void Core::on(const LogStartMoved& event, Effects& effects) {
  if (event.index <= log_.start()) return;
  CHECK(event.index <= commit_, "only committed entries may be cut away");
  CHECK(log_.term_at(event.index) == event.term, "the log was cut at an entry of another term");
  log_.cut(event.index);
  fold_configurations(event.index);
  durability_.covers(event.index);
  if (role_ == Role::kLeader) replicate_to_all(effects);
}

void Core::on(const SnapshotInstalled& event, Effects&) {
  if (event.start <= log_.start()) return;
  if (event.start_term > hard_.term) become_follower(event.start_term, kNoNode);
  if (log_.term_at(event.start) == event.start_term) {
    log_.cut(event.start);  // what follows is as good as it was
    fold_configurations(event.start);
    configurations_.front().second = event.configuration;
  } else {
    CHECK(event.start > commit_ && role_ != Role::kLeader, "a snapshot holds every committed entry");
    log_.reset(event.start, event.start_term);
    durability_.truncated_after(event.start);
    configurations_.assign(1, {event.start, event.configuration});
  }
  durability_.covers(event.start);
  commit_ = std::max(commit_, event.start);
  if (role_ == Role::kLeader) sync_peers();
}

}  // namespace kontiki::raft
