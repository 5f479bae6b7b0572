#include "broker/coordinator_host.h"

#include "base/log.h"
#include "broker/shard_broker.h"

#include <algorithm>

namespace kontiki::broker {
namespace {

constexpr std::int64_t kProposeRetryUs = 5'000;
constexpr std::int64_t kTopicsRetryUs = 1'000'000;
constexpr std::int64_t kTopicsTimeoutUs = 30'000'000;

}  // namespace

CoordinatorHost::CoordinatorHost(ShardBroker& shard, GroupId id, TopicPartition name,
                                 const group::Config& config, Prng prng)
    : ReplicaHost(shard, id, std::move(name)), coordinator_(groups_, config, prng) {}

CoordinatorHost::~CoordinatorHost() {
  shard_.deadlines().cancel(timer_);
  shard_.deadlines().cancel(retry_);
}

void CoordinatorHost::set_settings(const metadata::TopicSettings&) {
  const std::size_t bytes = shard_.options().state_log_bytes;
  group_->set_segment_bytes(bytes / 4);
  group_->set_retention({.bytes = static_cast<std::int64_t>(bytes), .time_ms = -1});
}

void CoordinatorHost::gone(kafka::ErrorCode) {
  led_term_.reset();
  proposals_.clear();
  coordinator_.step_down();
  answer();
  group_ = nullptr;
}

std::int64_t CoordinatorHost::now_ms() const {
  return led_wall_ms_ + (shard_.clock().monotonic_us() - led_monotonic_us_) / 1000;
}

// ---- requests -------------------------------------------------------------------------------------------

group::RequestToken CoordinatorHost::open(Done done) {
  waiting_.emplace(next_token_, std::move(done));
  return group::RequestToken(next_token_++);
}

void CoordinatorHost::carry_out(group::RequestToken token, const group::JoinRequest& request) {
  coordinator_.join(token, request, now_ms());
}
void CoordinatorHost::carry_out(group::RequestToken token, const group::SyncRequest& request) {
  coordinator_.sync(token, request, now_ms());
}
void CoordinatorHost::carry_out(group::RequestToken token, const group::Caller& request) {
  coordinator_.heartbeat(token, request, now_ms());
}
void CoordinatorHost::carry_out(group::RequestToken token, const group::LeaveRequest& request) {
  coordinator_.leave(token, request, now_ms());
}
void CoordinatorHost::carry_out(group::RequestToken token, const group::CommitRequest& request) {
  coordinator_.commit_offsets(token, request, now_ms());
}
void CoordinatorHost::carry_out(group::RequestToken token, const group::DeleteOffsetsRequest& request) {
  coordinator_.delete_offsets(token, request, now_ms());
}
void CoordinatorHost::carry_out(group::RequestToken token, const DeleteGroupAsk& request) {
  coordinator_.delete_group(token, request.group, now_ms());
}

void CoordinatorHost::confirm(std::move_only_function<void(group::Error)> done) {
  if (!leads()) return done(group::Error::kNotCoordinator);
  group_->confirm_lead([this, done = std::move(done)](bool leads) mutable {
    if (!leads) return done(group::Error::kNotCoordinator);
    done(coordinator_.is_serving() ? group::Error::kNone : group::Error::kCoordinatorLoadInProgress);
  });
}

// ---- what the coordinator wants -------------------------------------------------------------------------

void CoordinatorHost::pump() {
  propose();
  answer();
  arm();
}

void CoordinatorHost::pump_later() {
  if (std::exchange(pump_posted_, true)) return;
  shard_.executor().post([&shard = shard_, id = id_] {
    CoordinatorHost* host = shard.coordinator(id);
    if (host == nullptr) return;
    host->pump_posted_ = false;
    host->pump();
  });
}

void CoordinatorHost::propose() {
  for (Slice& command : coordinator_.take_proposals()) proposals_.push_back(std::move(command));
  while (!proposals_.empty()) {
    // Lost the lead, perhaps to win another term already: we are about to be told, and drop them then.
    if (!leads() || led_term_ != group_->term()) return;
    const multiraft::Proposal proposal{.kind = EntryKind::kCommand, .payload = proposals_.front()};
    // Refused for want of room, or while the lead is being handed over, which may fail: not lost yet.
    if (!group_->propose({&proposal, 1})) return propose_again();
    proposals_.pop_front();
  }
}

void CoordinatorHost::propose_again() {
  if (retry_ != Deadlines::Id::kNone) return;
  retry_ = shard_.deadlines().after(kProposeRetryUs, [this] {
    retry_ = Deadlines::Id::kNone;
    pump();
  });
}

void CoordinatorHost::answer() {
  for (group::Answer& answer : coordinator_.take_answers()) {
    auto waiting = waiting_.extract(answer.token.value);
    CHECK(!waiting.empty(), "each request is answered once");
    waiting.mapped()(std::move(answer.body));
  }
}

void CoordinatorHost::arm() {
  const std::int64_t next_ms = coordinator_.next_deadline_ms();
  if (timer_ != Deadlines::Id::kNone && timer_ms_ == next_ms) return;
  shard_.deadlines().cancel(std::exchange(timer_, Deadlines::Id::kNone));
  if (next_ms == group::kNever) return;
  timer_ms_ = next_ms;
  const std::int64_t delay_us = std::max<std::int64_t>(0, next_ms - now_ms()) * 1000;
  timer_ = shard_.deadlines().after(delay_us, [this] {
    timer_ = Deadlines::Id::kNone;
    coordinator_.tick(now_ms());
    pump();
  });
}

// ---- topics that are gone -------------------------------------------------------------------------------

void CoordinatorHost::topic_deleted(const std::string& topic, const TopicId& id) {
  coordinator_.delete_topic_offsets(topic, id);
  pump();
}

std::vector<std::pair<std::string, TopicId>> CoordinatorHost::deleted_topics() const {
  std::vector<std::pair<std::string, TopicId>> deleted;
  for (const auto& [name, id] : groups_.topics()) {
    const auto& cluster = shard_.cluster();
    if ((id.is_zero() ? cluster.topic(name) : cluster.topic(id)) == nullptr) deleted.emplace_back(name, id);
  }
  return deleted;
}

void CoordinatorHost::forget_deleted_topics() {
  if (!coordinator_.is_serving()) return;
  const auto missing = deleted_topics();
  if (missing.empty()) return;
  // They may be newer than this broker's metadata. A command that changes nothing, once applied here, comes
  // after whatever created them.
  shard_.submit(metadata::SetTopicConfigs{.id = missing.front().second, .set = {}, .remove = {}},
                kTopicsTimeoutUs, [&shard = shard_, id = id_](const SubmitResult& result) {
                  CoordinatorHost* host = shard.coordinator(id);
                  if (host == nullptr) return;
                  if (!result) return host->forget_deleted_topics_later();
                  for (const auto& [topic, topic_id] : host->deleted_topics())
                    host->coordinator_.delete_topic_offsets(topic, topic_id);
                  host->pump();
                });
}

void CoordinatorHost::forget_deleted_topics_later() {
  shard_.deadlines().after(kTopicsRetryUs, [&shard = shard_, id = id_] {
    if (CoordinatorHost* host = shard.coordinator(id)) host->forget_deleted_topics();
  });
}

// ---- the log --------------------------------------------------------------------------------------------

void CoordinatorHost::apply(std::span<const Entry> entries) {
  const bool served = coordinator_.is_serving();
  for (const Entry& entry : entries) {
    groups_.apply(entry);
    coordinator_.applied(entry, now_ms());
  }
  answer();
  pump_later();
  if (coordinator_.is_serving() && !served) forget_deleted_topics_later();
}

void CoordinatorHost::role_changed(const raft::RoleChange& change) {
  const bool leads_now = change.role == raft::Role::kLeader;
  if (leads_now && led_term_ == change.term) return;
  led_term_.reset();
  proposals_.clear();
  coordinator_.step_down();
  if (leads_now) {
    led_term_ = change.term;
    led_wall_ms_ = shard_.clock().wall_ms();
    led_monotonic_us_ = shard_.clock().monotonic_us();
    coordinator_.become_leader(change.term, now_ms());
  }
  answer();
  pump_later();
}

bool CoordinatorHost::restore(const Slice& snapshot) {
  led_term_.reset();
  proposals_.clear();
  coordinator_.step_down();
  answer();
  const auto restored = groups_.restore(snapshot.bytes());
  if (!restored) {
    log(LogLevel::kError,
        "The consumer groups of coordinator {}: the snapshot of their state is unusable: {}.",
        name_.partition, group::to_string(restored.error()));
    return false;
  }
  return true;
}

}  // namespace kontiki::broker
