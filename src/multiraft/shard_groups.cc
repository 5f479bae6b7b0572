// Shard: the table of groups, their snapshots and their upkeep.

#include "base/log.h"
#include "multiraft/node.h"
#include "multiraft/shard.h"

#include <algorithm>
#include <utility>

namespace kontiki::multiraft {
namespace {

constexpr std::size_t kUpkeepGroupsMin = 64;  // looked after in one upkeep
constexpr std::size_t kUpkeepRounds = 16;     // all groups are looked after in about so many upkeeps
constexpr std::size_t kEarlyMessagesMax = 4096;
constexpr std::size_t kEarlyPerGroupMax = 16;
constexpr std::int64_t kEarlyUs = 2'000'000;

}  // namespace

Shard::Shard(Node& node, std::size_t number, env::Clock& clock, env::Executor& executor,
             std::unique_ptr<storage::Store> store)
    : node_(node),
      number_(number),
      clock_(clock),
      executor_(executor),
      options_(node.options_),
      store_(std::move(store)),
      transport_(
          node.network_, executor, options_, node.introduction(number), options_.seed + number,
          {.link_up =
               [this](NodeId slot, NodeId broker) {
                 node_.executors_[0]->post([this, slot, broker] { node_.liveness_->met(slot, broker, 0); });
                 Peer* peer = peer_of(slot);
                 const bool was_up = peer->up();
                 peer->link_up = true;
                 Leaderships all;
                 for (const auto& [id, group] : groups_)
                   if (group->is_leader())
                     all.news.push_back({id, group->term(), options_.self, group->in_sync_});
                 if (!all.news.empty()) transport_.send_frame(slot, all);
                 peer_changed(*peer, was_up);
               },
           .link_down =
               [this](NodeId slot) {
                 Peer* peer = peer_of(slot);
                 const bool was_up = peer->up();
                 peer->link_up = false;
                 peer_changed(*peer, was_up);
               }}) {
  for (const PeerAddress& peer : options_.peers) peers_.push_back({.slot = peer.slot});
  for (storage::RecoveredGroup& found : store_->take_recovered()) {
    const GroupId id = found.group;
    recovered_.emplace(id, std::move(found));
  }
}

Shard::~Shard() = default;

void Shard::start() {
  transport_.start();
  upkeep_timer_ = executor_.schedule(options_.upkeep_us, [this] { upkeep(); });
}

void Shard::close() {
  if (std::exchange(closed_, true)) return;
  executor_.cancel(std::exchange(tick_timer_, env::TimerId::kNone));
  executor_.cancel(std::exchange(upkeep_timer_, env::TimerId::kNone));
  transport_.stop();
  store_->close();
}

// ---- the table
// ------------------------------------------------------------------------------------------------------

Group* Shard::find(GroupId id) {
  const auto at = groups_.find(id);
  return at == groups_.end() ? nullptr : at->second.get();
}

std::vector<GroupId> Shard::orphans() const {
  std::vector<GroupId> ids;
  for (const auto& [id, found] : recovered_) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  return ids;
}

Result<Group*, storage::Error> Shard::create_group(GroupId id, NodeId self,
                                                   const Configuration& configuration, StateMachine& machine,
                                                   Origin origin, const Seat& seat) {
  CHECK(!groups_.contains(id) && !leaving_.contains(id), "a group is created once");
  raft::Restored restored;
  Index applied;
  if (const auto at = recovered_.find(id); at != recovered_.end()) {
    auto recovered = recover(at->second, configuration, machine, applied);
    if (!recovered && recovered.error().code != storage::ErrorCode::kDamaged)
      return unexpected(recovered.error());
    if (recovered) {
      restored = std::move(*recovered);
    } else {
      log(LogLevel::kError, "group {}: {}; this replica is set aside until its peers have repaired it",
          id.value, recovered.error().message);
      restored.hard_state = doubt(at->second.hard_state, new_token(id));
      restored.configuration = configuration;
      store_->discard(id, restored.hard_state);
    }
    recovered_.erase(at);
  } else {
    store_->create(id);
    restored.configuration = configuration;
    restored.hard_state.term = seat.term;
    if (origin == Origin::kLost)
      log(LogLevel::kWarning, "group {}: its data is not here; its peers will have to bring it", id.value);
    if (origin != Origin::kNew)
      restored.hard_state =
          doubt(restored.hard_state, origin == Origin::kFounding ? Founding::kUnnamed : new_token(id));
    if (restored.hard_state != HardState{}) store_->set_hard_state(id, restored.hard_state);
  }
  schedule_turn();

  raft::Options options;
  options.self = self;
  options.member_since = seat.since;
  // Members of one group, and groups of one node, must not draw the same election timeouts.
  const std::uint64_t seed =
      (options_.seed * 31 + id.value) * 0x9E3779B97F4A7C15ull + static_cast<std::uint32_t>(self.value);
  auto& group = groups_[id];
  group = std::make_unique<Group>(*this, id, options, restored, Prng(seed), machine);
  group->applied_ = applied;
  if (restored.start > Index(0)) machine.log_start_moved(store_->start(id));
  if (restored.commit > applied) {
    group->notices_.push_back(raft::CommitRange{applied, restored.commit});
    group->notified_ = true;
    notified_.push_back(id);
    schedule_turn();
  }
  // Members that do not answer now, also those never heard of: nobody may be taken for alive who has not said
  // so.
  tell_of_members(*group);
  if (group->core_.needs_tick()) set_active(*group);
  if (const auto early = early_.find(id); early != early_.end()) {
    auto messages = std::move(early->second.messages);
    early_messages_ -= messages.size();
    early_.erase(early);
    receive(std::move(messages));
  }
  return group.get();
}

// What the store knows of a group. kDamaged: it cannot be used, and the machine was not touched.
Result<raft::Restored, storage::Error> Shard::recover(const storage::RecoveredGroup& found,
                                                      const Configuration& first, StateMachine& machine,
                                                      Index& applied) {
  const auto damaged = [](std::string why) {
    return unexpected(storage::Error{storage::ErrorCode::kDamaged, std::move(why)});
  };
  if (found.damage) return damaged(*found.damage);
  raft::Restored restored;
  restored.hard_state = found.hard_state;
  restored.start = found.start.index;
  restored.start_term = found.start.term;
  restored.commit = found.committed;
  restored.configuration = first;
  for (const storage::TermSpan& span : found.terms) restored.trail.push_back({span.term, span.last});
  auto snapshot = store_->load_snapshot(found.group);
  if (!snapshot) return unexpected(snapshot.error());
  if (*snapshot ? (*snapshot)->applied < found.start.index : found.start.index > Index(0))
    return damaged("the log was cut but the snapshot that stands for it is missing");
  const auto saved = *snapshot ? decode_saved_state((*snapshot)->state) : SavedState{};
  if (!saved) return damaged("the snapshot's content cannot be read");
  if (auto members = restore_configurations(found, saved->configurations, restored); !members)
    return unexpected(members.error());
  if (*snapshot) {
    if (!machine.restore(saved->state)) return damaged("the snapshot's content cannot be read");
    applied = (*snapshot)->applied;
  }
  return restored;
}

// ---- doubt (docs/adr/0007-doubt.md)
// ----------------------------------------------------------------------------------

std::uint64_t Shard::new_token(GroupId id) {
  const auto now = static_cast<std::uint64_t>(clock_.monotonic_us());
  Prng prng(options_.seed ^ node_.process_ << 1 ^ id.value << 32 ^ now ^ ++tokens_ << 56);
  return prng.next() | std::uint64_t{1} << 62;
}

HardState Shard::doubt(const HardState& known, std::uint64_t token) {
  return {.term = known.term, .voted_for = known.voted_for, .doubt = {.token = token, .open = true}};
}

// The state machine keeps what it has: it was applied before the damage. The log comes anew from the leader.
void Shard::begin_doubt(Group& group) {
  raft::Restored restored;
  restored.hard_state = doubt(group.core_.hard_state(), new_token(group.id_));
  restored.configuration = group.core_.configuration();
  // The new core counts its steps from one again.
  for (auto* waiting : {&staged_, &flushing_})
    std::erase_if(*waiting, [&](const AfterPersist& due) { return due.group == group.id_; });
  store_->discard(group.id_, restored.hard_state);
  group.restart(restored, Prng(restored.hard_state.doubt.token));
  tell_of_members(group);
  set_active(group);
  notify(group);
}

std::size_t Shard::groups_in_doubt() const {
  return static_cast<std::size_t>(std::count_if(groups_.begin(), groups_.end(), [](const auto& entry) {
    return entry.second->core_.in_doubt() || entry.second->damaged_;
  }));
}

void Shard::remove_group(GroupId id) {
  if (Group* group = find(id)) group->refuse_reads();
  groups_.erase(id);
  recovered_.erase(id);
  if (store_->has(id)) {
    leaving_.insert(id);
    staged_.push_back({id, 0, {}, std::nullopt, true});
  }
  store_->remove(id);
  schedule_turn();
}

// What comes from a node that is down is dropped. Otherwise:
//   1. our link to the leader's node breaks, its groups hear PeerDown and forget their leader;
//   2. an append that it sent before it died arrives, and they follow it again;
//   3. nobody ever tells them that it is dead, and they wait for it for ever.
void Shard::receive(std::vector<GroupMessage> messages) {
  for (GroupMessage& message : messages) {
    const Peer* from = peer_of(message.message.from);
    if (from == nullptr || !from->up()) continue;
    if (Group* group = find(message.group)) {
      step(*group, raft::Receive{std::move(message.message)}, message.entries);
    } else {
      receive_early(std::move(message));
    }
  }
}

// Where there is no room the older ones go, which raft sends anew: the last word of a leader may be that it
// leads no more.
void Shard::receive_early(GroupMessage message) {
  if (early_messages_ >= kEarlyMessagesMax) {
    early_.clear();
    early_messages_ = 0;
  }
  Early& early = early_[message.group];
  if (early.messages.size() >= kEarlyPerGroupMax) early_messages_ -= std::exchange(early.messages, {}).size();
  if (early.messages.empty()) early.until_us = clock_.monotonic_us() + kEarlyUs;
  early.messages.push_back(std::move(message));
  ++early_messages_;
}

// It is down. A group that is created later is told of the nodes that are down then, so nothing would tell it
// that what this one said before is not true any more.
void Shard::forget_early(const Peer& peer) {
  for (auto& [group, early] : early_)
    early_messages_ -= std::erase_if(
        early.messages, [&](const GroupMessage& message) { return peer.is(message.message.from); });
}

// ---- time
// -----------------------------------------------------------------------------------------------------------

void Shard::set_active(Group& group) {
  if (std::exchange(group.active_, true)) return;
  active_.push_back(group.id_);
  if (tick_timer_ == env::TimerId::kNone)
    tick_timer_ = executor_.schedule(options_.tick_us, [this] { tick(); });
}

void Shard::tick() {
  tick_timer_ = env::TimerId::kNone;
  for (GroupId id : std::exchange(active_, {})) {
    Group* group = find(id);
    if (group == nullptr) continue;
    group->active_ = false;
    if (group->damaged_) continue;
    step(*group, raft::Tick{});
    if (group->is_leader()) refresh_in_sync(*group);
  }
}

void Shard::upkeep() {
  store_->upkeep();
  if (complete_ && store_->set_aside() && groups_in_doubt() == 0) {
    log(LogLevel::kInfo, "shard {}: everything that was set aside is replaced", number_);
    store_->drop_set_aside();
  }
  const std::int64_t now = clock_.monotonic_us();
  std::erase_if(early_, [&](const auto& early) {
    if (early.second.until_us > now) return false;
    early_messages_ -= early.second.messages.size();
    return true;
  });
  if (upkeep_queue_.empty())
    for (const auto& [id, group] : groups_) upkeep_queue_.push_back(id);
  const std::size_t share = std::max(kUpkeepGroupsMin, groups_.size() / kUpkeepRounds);
  for (std::size_t i = 0; i < share && !upkeep_queue_.empty(); ++i) {
    Group* group = find(upkeep_queue_.back());
    upkeep_queue_.pop_back();
    if (group != nullptr && !group->damaged_) retain(*group);
  }
  upkeep_timer_ = executor_.schedule(options_.upkeep_us, [this] { upkeep(); });
}

// ---- snapshots and the log's start
// ----------------------------------------------------------------------------------

void Shard::save_snapshot(Group& group) {
  if (group.snapshot_under_way_ || group.applied_ <= group.snapshot_applied_) return;
  group.snapshot_under_way_ = true;
  group.bytes_since_snapshot_ = 0;
  const GroupId id = group.id_;
  const Index applied = group.applied_;
  store_->save_snapshot(id, applied, state_to_save(group, group.machine_.snapshot(), applied),
                        [this, id, applied] {
                          Group* saved = find(id);
                          if (saved == nullptr) return;
                          saved->snapshot_under_way_ = false;
                          saved->snapshot_applied_ = applied;
                          retain(*saved);
                        });
}

// Lets old segments go as far as the newest snapshot covers them; makes a newer one when retention wants
// more.
void Shard::retain(Group& group) {
  storage::Retention retention = group.retention_;
  retention.below = group.machine_.deleted_below();
  if (!retention.wants_anything()) return;
  if (store_->retention_due(group.id_, retention, clock_.wall_ms(), group.snapshot_applied_))
    save_snapshot(group);
  const LogStart start = store_->retain(group.id_, retention, clock_.wall_ms(), group.snapshot_applied_);
  if (start.index <= group.core_.start_index()) return;
  step(group, raft::LogStartMoved{start.index, start.term});
  group.machine_.log_start_moved(start);
}

// A disk that does not answer now may do so later. The core asks again, after a while.
void Shard::send_snapshot_later(Group& group, NodeId to) {
  executor_.post([this, id = group.id_, to] {
    if (Group* again = find(id)) step(*again, raft::SnapshotSent{to, false});
  });
}

void Shard::send_snapshot(Group& group, NodeId to) {
  const Peer* peer = peer_of(to);
  auto snapshot = store_->load_snapshot(group.id_);
  if (!snapshot) {
    cannot_read(group, snapshot.error());
    return send_snapshot_later(group, to);
  }
  if (peer == nullptr) return;
  CHECK(snapshot->has_value(), "the log was cut without a snapshot");
  auto saved = decode_saved_state((*snapshot)->state);
  if (!saved)
    return damaged(group, {storage::ErrorCode::kDamaged, "the snapshot's configurations cannot be read"});
  SnapshotTransfer transfer;
  transfer.group = group.id_;
  transfer.from = group.self_;
  transfer.to = to;
  transfer.term = group.term();
  transfer.start = store_->start(group.id_);
  transfer.applied = (*snapshot)->applied;
  transfer.configuration = group.core_.configuration_at(transfer.start.index);
  transfer.state = std::move(saved->state);
  CHECK(transfer.applied >= transfer.start.index, "retention went past the newest snapshot");
  log(LogLevel::kInfo, "group {}: sending a snapshot at {} to node {}", group.id_.value,
      transfer.applied.value, peer->broker.value);
  filled(group, to, transfer.state.size());
  transport_.send_frame(peer->slot, transfer);
}

// Every offer is answered, or the leader would wait for ever: it asks for no progress while a snapshot is on
// its way. And like any other request of a leader it tells a term and is told a newer one (Raft paper 7), as
// an append of nothing: a leader that sends snapshots sends nothing else, and would never hear that it is
// outdated.
void Shard::install(const SnapshotTransfer& snapshot) {
  Group* group = find(snapshot.group);
  if (group != nullptr)
    receive({{snapshot.group, {snapshot.from, snapshot.to, snapshot.term, raft::AppendRequest{}}, {}}});
  const bool wanted = group != nullptr && !group->damaged_ && snapshot.to == group->self_ &&
                      snapshot.term >= group->term() && !group->snapshot_under_way_;
  if (!wanted || reaches(*group, snapshot.start)) return answer_snapshot(snapshot, wanted);
  group->snapshot_under_way_ = true;
  // The state is durable before the log is dropped: a crash in between leaves the old log with a newer state,
  // which skips what it has. After such a crash our own state may be newer than what is offered: then it
  // stays.
  const bool newer = snapshot.applied > group->applied_;
  const Index applied = newer ? snapshot.applied : group->applied_;
  const Slice state = newer ? snapshot.state : group->machine_.snapshot();
  store_->save_snapshot(snapshot.group, applied, state_to_install(*group, snapshot, state),
                        [this, snapshot] { installed(snapshot); });
}

void Shard::installed(const SnapshotTransfer& snapshot) {
  Group* group = find(snapshot.group);
  if (group == nullptr) return answer_snapshot(snapshot, false);
  group->snapshot_under_way_ = false;
  // Configurations between the new start and the state's index did not come with it, so the log may not be
  // cut there before a snapshot of our own holds them.
  group->snapshot_applied_ = std::min(snapshot.start.index, group->applied_);
  if (group->damaged_ || reaches(*group, snapshot.start)) return answer_snapshot(snapshot, !group->damaged_);
  if (snapshot.applied > group->applied_ && !group->machine_.restore(snapshot.state)) {
    damaged(*group, {storage::ErrorCode::kDamaged, "the leader's snapshot cannot be read"});
    return answer_snapshot(snapshot, false);
  }
  group->applied_ = std::max(group->applied_, snapshot.applied);
  store_->reset(snapshot.group, snapshot.start);
  step(*group, raft::SnapshotInstalled{snapshot.start.index, snapshot.start.term, snapshot.configuration});
  group->machine_.log_start_moved(snapshot.start);
  staged_.push_back({snapshot.group, 0, {}, SnapshotDone{snapshot.group, snapshot.to, snapshot.from, true}});
  schedule_turn();
}

// The log goes on from `start` as it is, so appends can, and nothing must be dropped.
bool Shard::reaches(const Group& group, const LogStart& start) {
  return group.core_.commit() >= start.index || group.core_.term_at(start.index) == start.term;
}

void Shard::answer_snapshot(const SnapshotTransfer& snapshot, bool installed) {
  if (Peer* peer = peer_of(snapshot.from))
    transport_.send_frame(peer->slot, SnapshotDone{snapshot.group, snapshot.to, snapshot.from, installed});
}

void Shard::snapshot_done(const SnapshotDone& done) {
  Group* group = find(done.group);
  if (group != nullptr && done.to == group->self_)
    step(*group, raft::SnapshotSent{done.from, done.installed});
}

}  // namespace kontiki::multiraft
