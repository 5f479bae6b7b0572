#include "multiraft/shard.h"

#include "base/log.h"
#include "multiraft/node.h"

#include <algorithm>
#include <utility>

// The ready loop.
//
//   something happens to a group (a message, a proposal, a tick, a flush)
//     -> step(): the core says what follows, carry_out() stages it: entries and votes in the store, messages
//     in the
//        transport, commits and role changes as notices of the group
//   turn(), once for everything that happened meanwhile
//     -> state machines are told what was committed, all messages for a peer leave together, one flush makes
//     all of it durable
//   flushed()
//     -> votes and acknowledgements that waited for the disk go out, cores count their own log: the next turn
//
// Messages leave before the flush begins, so the leader's disk works while its followers' do.

namespace kontiki::multiraft {
namespace {

constexpr std::size_t kApplyBytes = 4u << 20;   // read and applied in one go; then others get their turn
constexpr std::int64_t kReadRetryUs = 100'000;  // after a read that failed for want of something
constexpr std::size_t kMessageBytes = 1u
                                      << 20;  // of entries in one AppendRequest, unless one entry is larger

}  // namespace

void Shard::schedule_turn() {
  if (turn_scheduled_ || closed_) return;
  turn_scheduled_ = true;
  executor_.post([this] { turn(); });
}

void Shard::turn() {
  turn_scheduled_ = false;
  if (closed_) return;
  deliver_notices();
  if (!to_announce_.empty()) {
    const Frame frame = Leaderships{std::exchange(to_announce_, {})};
    for (const Peer& peer : peers_) transport_.send_frame(peer.slot, frame);
  }
  transport_.flush();
  if (store_->in_flight() || (staged_.empty() && !store_->has_staged())) return;
  flushing_ = std::exchange(staged_, {});
  const std::int64_t started_us = clock_.monotonic_us();
  if (!store_->has_staged()) return flushed(0);
  store_->flush([this, started_us] { flushed(started_us); });
}

void Shard::flushed(std::int64_t started_us) {
  if (started_us != 0) flush_times_.record(clock_.monotonic_us() - started_us);
  for (AfterPersist& due : std::exchange(flushing_, {})) {
    if (due.removed) leaving_.erase(due.group);
    Group* group = find(due.group);
    if (group == nullptr) continue;
    for (raft::Message& message : due.messages) send(*group, std::move(message));
    if (due.snapshot) {
      if (Peer* peer = peer_of(due.snapshot->to)) transport_.send_frame(peer->slot, *due.snapshot);
    }
    if (due.number != 0) step(*group, raft::Persisted{due.number});
  }
  schedule_turn();
}

// ---- one step of one group
// ------------------------------------------------------------------------------------------

bool Shard::step(Group& group, raft::Event event, std::span<const Entry> entries) {
  if (group.damaged_ || closed_) return false;
  const bool doubtful = group.core_.in_doubt();
  effects_.clear();
  group.core_.step(event, effects_);
  const bool refused = effects_.refused;
  carry_out(group, effects_, entries);
  if (doubtful && !group.core_.in_doubt())
    log(LogLevel::kInfo, "group {}: this replica is sure of its data again", group.id_.value);
  // How much of each append went into its message lets the core plan the next one.
  for (std::size_t i = 0; i < filled_.size(); ++i) {
    effects_.clear();
    group.core_.step(filled_[i], effects_);
    carry_out(group, effects_, {});
  }
  filled_.clear();
  if (group.core_.needs_tick()) set_active(group);
  tell_of_members(group);
  return !refused;
}

void Shard::carry_out(Group& group, raft::Effects& effects, std::span<const Entry> entries) {
  if (effects.hard_state) store_->set_hard_state(group.id_, *effects.hard_state);
  if (effects.append) stage_append(group, *effects.append, entries);
  if (effects.needs_persist() || !effects.send_after_persist.empty()) {
    staged_.push_back(
        {group.id_, effects.number, std::exchange(effects.send_after_persist, {}), std::nullopt, false});
  }
  for (raft::Message& message : effects.send_now) send(group, std::move(message));
  for (NodeId peer : effects.snapshot_needed) send_snapshot(group, peer);
  if (effects.role) group.notices_.push_back(*effects.role);
  if (effects.commit) {
    store_->set_committed(group.id_, effects.commit->to);
    auto* last = group.notices_.empty() ? nullptr : std::get_if<raft::CommitRange>(&group.notices_.back());
    if (last != nullptr) {
      last->to = effects.commit->to;
    } else {
      group.notices_.push_back(*effects.commit);
    }
  }
  // After the commits that they are about.
  for (const raft::ReadState& read : effects.read_states) group.notices_.push_back(read);
  if (!group.notices_.empty()) notify(group);
  schedule_turn();
}

void Shard::stage_append(Group& group, const raft::AppendRange& range, std::span<const Entry> entries) {
  using Source = raft::AppendRange::Source;
  if (range.source == Source::kTermStart || range.source == Source::kConfiguration) {
    const bool is_members = range.source == Source::kConfiguration;
    Entry entry;
    entry.header.index = range.first;
    entry.header.term = range.term;
    entry.header.base_offset = store_->next_offset(group.id_);
    entry.header.kind = is_members ? EntryKind::kConfiguration : EntryKind::kTermStart;
    if (is_members) entry.payload = encode_configuration(group.core_.configuration());
    store_->append(group.id_, std::span(&entry, 1));
    return;
  }
  // Of what a message or proposal brought, the core wants [first, last]; the rest is there already.
  CHECK(!entries.empty() && entries.front().header.index <= range.first &&
        entries.back().header.index >= range.last);
  const auto skip = static_cast<std::size_t>(range.first - entries.front().header.index);
  const auto count = static_cast<std::size_t>(range.last - range.first) + 1;
  store_->append(group.id_, entries.subspan(skip, count));
}

void Shard::send(Group& group, raft::Message message) {
  Peer* peer = peer_of(message.to);
  if (peer == nullptr || !transport_.up(peer->slot)) return;
  GroupMessage out;
  out.group = group.id_;
  out.message = std::move(message);
  if (auto* request = std::get_if<raft::AppendRequest>(&out.message.body);
      request != nullptr && request->count > 0) {
    // A node that starts has no other groups before it has the metadata: what their leaders send it
    // meanwhile, again and again, must not take all the room.
    const bool has_room = group.id_ == kMetadataGroup || transport_.has_room(peer->slot);
    if (!has_room || !may_fill(group, out.message.to)) {
      filled_.push_back({out.message.to, request->prev_index, 0, 0});
      return;
    }
    if (!fill(group, *request, out.entries)) return;
    std::uint64_t bytes = 0;
    for (const Entry& entry : out.entries) bytes += entry.payload.size();
    filled(group, out.message.to, bytes);
    filled_.push_back({out.message.to, request->prev_index, request->count, bytes});
  }
  transport_.send(peer->slot, std::move(out));
}

// Reads the entries that a message names, as many as fit, and trims the message to them.
bool Shard::fill(Group& group, raft::AppendRequest& request, std::vector<Entry>& entries) {
  const Index first = request.prev_index + 1;
  auto read = store_->read(group.id_, first, request.prev_index + request.count, kMessageBytes);
  if (!read) {
    cannot_read(group, read.error());
    return false;
  }
  entries = std::move(*read);
  request.count = entries.size();
  const Index last = request.prev_index + request.count;
  while (!request.runs.empty() && request.runs.back().last > last) {
    const std::size_t runs = request.runs.size();
    const bool spans_last = runs == 1 || request.runs[runs - 2].last < last;
    if (spans_last) {
      request.runs.back().last = last;
    } else {
      request.runs.pop_back();
    }
  }
  std::erase_if(request.configurations, [&](const auto& c) { return c.first > last; });
  return request.count > 0;
}

// ---- telling the state machines
// -------------------------------------------------------------------------------------

void Shard::deliver_notices() {
  for (GroupId id : std::exchange(notified_, {})) {
    Group* group = find(id);
    if (group == nullptr) continue;
    group->notified_ = false;
    if (group->apply_paused_ || deliver_notices(*group) || find(id) == nullptr) continue;
    group->notified_ = true;
    notified_.push_back(id);
    schedule_turn();
  }
}

// False if there is more to deliver in a later turn.
bool Shard::deliver_notices(Group& group) {
  while (!group.notices_.empty()) {
    if (const auto* range = std::get_if<raft::CommitRange>(&group.notices_.front())) {
      if (!apply(group, range->to)) return group.damaged_ || group.apply_paused_;
      // Meanwhile the range may have grown, or the group been given up.
      const auto* done =
          group.notices_.empty() ? nullptr : std::get_if<raft::CommitRange>(&group.notices_.front());
      if (done != nullptr && done->to <= group.applied_) group.notices_.pop_front();
      continue;
    }
    if (const auto* read = std::get_if<raft::ReadState>(&group.notices_.front())) {
      const std::uint64_t context = read->context;
      group.notices_.pop_front();
      group.confirmed_or_not(context, true);
      continue;
    }
    const auto change = std::get<raft::RoleChange>(group.notices_.front());
    group.notices_.pop_front();
    if (change.role != raft::Role::kLeader) {
      group.proposed_.clear();
      group.proposed_bytes_ = 0;
      withdraw(group.id_);
      group.refuse_reads();
    }
    group.machine_.role_changed(change);
    group.in_sync_.clear();
    // The lead may have been lost again since: then this is no news, and its term would be a newer leader's.
    if (change.role == raft::Role::kLeader && group.is_leader() && group.term() == change.term)
      refresh_in_sync(group);
  }
  return true;
}

// Applies the next entries up to `to`; true when all of them are applied.
bool Shard::apply(Group& group, Index to) {
  if (to <= group.applied_) return true;
  auto read = store_->read(group.id_, group.applied_ + 1, to, kApplyBytes);
  if (!read) {
    cannot_read(group, read.error());
    if (!group.damaged_) apply_later(group);
    return false;
  }
  group.machine_.apply(*read);
  for (const Entry& entry : *read) group.bytes_since_snapshot_ += entry.payload.size();
  group.applied_ = read->back().header.index;
  const std::int64_t now = clock_.monotonic_us();
  while (!group.proposed_.empty() && group.proposed_.front().last <= group.applied_) {
    commit_times_.record(now - group.proposed_.front().at_us);
    group.proposed_bytes_ -= group.proposed_.front().bytes;
    group.proposed_.pop_front();
  }
  if (group.bytes_since_snapshot_ >= options_.snapshot_bytes) save_snapshot(group);
  return group.applied_ >= to;
}

// The log's start may have moved past what was asked: the core hears of that by LogStartMoved. A disk that
// cannot read now (no descriptor left, say) may read later; what the checksums refuse is gone.
void Shard::cannot_read(Group& group, const storage::Error& error) {
  if (error.code == storage::ErrorCode::kDamaged || error.code == storage::ErrorCode::kFormat)
    return damaged(group, error);
  if (error.code != storage::ErrorCode::kNotFound)
    log(LogLevel::kWarning, "group {}: {}; it may work again later", group.id_.value, error.message);
}

void Shard::apply_later(Group& group) {
  group.apply_paused_ = true;
  executor_.schedule(kReadRetryUs, [this, id = group.id_] {
    Group* paused = find(id);
    if (paused == nullptr) return;
    paused->apply_paused_ = false;
    notify(*paused);
  });
}

void Shard::notify(Group& group) {
  if (!std::exchange(group.notified_, true)) notified_.push_back(group.id_);
  schedule_turn();
}

void Shard::damaged(Group& group, const storage::Error& error) {
  if (group.damaged_) return;
  log(LogLevel::kError, "group {}: {}; this replica is set aside until its peers have repaired it",
      group.id_.value, error.message);
  // Whoever follows us must look for another leader; nothing else will tell them.
  for (const raft::PeerStatus& peer : group.core_.peers())
    send(group, {.from = group.self_, .to = peer.peer, .term = group.term(), .body = raft::NotLeader{}});
  group.damaged_ = true;
  group.notices_.clear();
  group.notices_.push_back(raft::RoleChange{raft::Role::kFollower, group.term(), kNoNode});
  notify(group);
  // Not at once: a step of the old core may be on its way up the stack.
  executor_.post([this, id = group.id_] {
    if (Group* found = find(id); found != nullptr && found->damaged_ && !closed_) begin_doubt(*found);
  });
}

}  // namespace kontiki::multiraft
