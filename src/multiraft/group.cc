#include "multiraft/group.h"

#include "multiraft/shard.h"

#include <utility>

namespace kontiki::multiraft {

Group::Group(Shard& shard, GroupId id, const raft::Options& options, const raft::Restored& restored,
             Prng prng, StateMachine& machine)
    : shard_(shard),
      id_(id),
      self_(options.self),
      core_options_(options),
      core_(options, restored, prng),
      machine_(machine) {}

void Group::restart(const raft::Restored& restored, Prng prng) {
  core_ = raft::Core(core_options_, restored, prng);
  notices_.clear();
  notices_.push_back(raft::RoleChange{raft::Role::kFollower, core_.term(), kNoNode});
  snapshot_applied_ = Index(0);
  snapshot_under_way_ = false;
  damaged_ = false;
  apply_paused_ = false;
  in_sync_.clear();
  told_ = {};
}

Offset Group::next_offset() const {
  return shard_.store_->next_offset(id_);
}
LogStart Group::log_start() const {
  return shard_.store_->start(id_);
}
std::uint64_t Group::size_bytes() const {
  return shard_.store_->size_bytes(id_);
}
void Group::set_segment_bytes(std::size_t bytes) {
  shard_.store_->set_segment_bytes(id_, bytes);
}

bool Group::is_busy() const {
  return proposed_bytes_ > shard_.options_.uncommitted_bytes_max;
}

Result<Index, ProposeError> Group::propose(std::span<const Proposal> proposals) {
  CHECK(!proposals.empty());
  if (!is_leader()) return unexpected(ProposeError::kNotLeader);
  if (is_busy()) return unexpected(ProposeError::kBusy);

  std::vector<Entry> entries(proposals.size());
  Offset next = next_offset();
  const Index first = core_.last_index() + 1;
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < proposals.size(); ++i) {
    const Proposal& proposal = proposals[i];
    EntryHeader& header = entries[i].header;
    header.index = first + i;
    header.term = term();
    header.base_offset = next;
    header.offset_count = proposal.offset_count;
    header.max_timestamp = proposal.max_timestamp;
    header.kind = proposal.kind;
    entries[i].payload = proposal.payload;
    next = header.next_offset();
    bytes += proposal.payload.size();
  }
  const Index last_before = core_.last_index();
  shard_.step(*this, raft::Propose{static_cast<std::uint32_t>(proposals.size())}, entries);
  if (core_.last_index() == last_before)
    return unexpected(ProposeError::kNotLeader);  // handing its lead over
  proposed_.push_back({core_.last_index(), bytes, shard_.clock_.monotonic_us()});
  proposed_bytes_ += bytes;
  return first;
}

// Damage that a reader finds ends this replica's part as well as any other.
template <class T>
Result<T, storage::Error> Group::noticed(Result<T, storage::Error> read) {
  if (!read && read.error().code != storage::ErrorCode::kNotCached) shard_.cannot_read(*this, read.error());
  return read;
}

Result<std::vector<Entry>, storage::Error> Group::read_from_offset(Offset from, std::size_t bytes_max,
                                                                   storage::Wait wait) {
  return noticed(shard_.store_->read_from_offset(id_, from, applied_, bytes_max, wait));
}

void Group::load(const storage::Piece& piece, env::Task done) {
  shard_.store_->load(piece, std::move(done));
}

Result<std::optional<storage::TimestampOffset>, storage::Error> Group::find_timestamp(
    std::int64_t timestamp_ms, Offset from) {
  return noticed(shard_.store_->find_timestamp(id_, timestamp_ms, from, applied_));
}

Result<std::optional<storage::TimestampOffset>, storage::Error> Group::find_max_timestamp(Offset from) {
  return noticed(shard_.store_->find_max_timestamp(id_, from, applied_));
}

void Group::confirm_lead(Confirmed done) {
  if (!is_leader()) return done(false);
  const std::uint64_t read = next_read_++;
  reads_.emplace(read, std::move(done));
  if (!shard_.step(*this, raft::ReadIndex{read})) confirmed_or_not(read, false);
}

void Group::confirmed_or_not(std::uint64_t read, bool leads) {
  auto waiting = reads_.extract(read);
  if (!waiting.empty()) waiting.mapped()(leads);
}

void Group::refuse_reads() {
  for (auto& [read, done] : std::exchange(reads_, {})) done(false);
}

bool Group::transfer_leader(NodeId to) {
  if (!is_leader()) return false;
  shard_.step(*this, raft::TransferLeader{to});
  return true;
}

void Group::campaign() {
  shard_.step(*this, raft::Campaign{});
}

}  // namespace kontiki::multiraft
