// PartitionHost: DeleteRecords. The new start of the log is an entry of the log itself, so that all replicas
// begin alike, whoever leads next; the segments below go with each replica's retention.

#include "broker/partition_host.h"
#include "broker/shard_broker.h"
#include "partition/command.h"

#include <algorithm>

namespace kontiki::broker {

void PartitionHost::delete_records(Offset offset, std::int64_t deadline_us, DeleteDone done) {
  if (!serves()) return done(kafka::ErrorCode::kNotLeaderOrFollower, kNoOffset);
  const Offset high_watermark = partition_.high_watermark();
  if (offset == kAllRecords) offset = high_watermark;
  if (offset < Offset(0) || offset > high_watermark)
    return done(kafka::ErrorCode::kOffsetOutOfRange, kNoOffset);
  if (offset <= partition_.log_start_offset()) return done(kafka::ErrorCode::kNone, log_start());
  const multiraft::Proposal proposal{.kind = EntryKind::kCommand,
                                     .payload = partition::encode(partition::DeleteRecords{offset})};
  const Term term = group_->term();
  const auto index = group_->propose({&proposal, 1});
  if (!index) {
    const bool busy = index.error() == multiraft::ProposeError::kBusy;
    return done(busy ? kafka::ErrorCode::kRequestTimedOut : kafka::ErrorCode::kNotLeaderOrFollower,
                kNoOffset);
  }
  const std::int64_t patience_us = std::max<std::int64_t>(0, deadline_us - shard_.clock().monotonic_us());
  const auto late = [&shard = shard_, group = id_, index = *index, term] {
    if (PartitionHost* host = shard.host(group)) host->deletion_late(index, term);
  };
  deletions_.push_back({*index, term, shard_.deadlines().after(patience_us, late), std::move(done)});
}

void PartitionHost::deletion_late(Index index, Term term) {
  const auto at = std::find_if(deletions_.begin(), deletions_.end(), [&](const Deletion& deletion) {
    return deletion.index == index && deletion.term == term;
  });
  if (at == deletions_.end()) return;
  Deletion late = std::move(*at);
  deletions_.erase(at);
  finish(std::move(late), kafka::ErrorCode::kRequestTimedOut, kNoOffset);
}

void PartitionHost::settle_deletions(const EntryHeader& applied) {
  while (!deletions_.empty() && deletions_.front().index <= applied.index) {
    Deletion deletion = std::move(deletions_.front());
    deletions_.erase(deletions_.begin());
    // Another leader's entry may stand where ours was proposed: then ours is gone.
    const bool ours = deletion.index == applied.index && deletion.term == applied.term;
    finish(std::move(deletion), ours ? kafka::ErrorCode::kNone : kafka::ErrorCode::kNotLeaderOrFollower,
           ours ? log_start() : kNoOffset);
  }
}

void PartitionHost::finish(Deletion deletion, kafka::ErrorCode error, Offset log_start) {
  shard_.deadlines().cancel(deletion.deadline);
  deletion.done(error, log_start);
}

}  // namespace kontiki::broker
