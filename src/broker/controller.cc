#include "broker/controller.h"

#include "base/bytes_io.h"
#include "base/log.h"
#include "broker/broker.h"
#include "broker/peer_calls.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace kontiki::broker {
namespace {

using Status = CallStatus;

constexpr std::int64_t kCallTimeoutUs = 2'000'000;
constexpr std::int64_t kRegisterTimeoutUs = 5'000'000;

Slice call_of(const Slice& command) {
  ByteWriter out;
  out.fixed(kPeerCallVersion);
  out.fixed(static_cast<std::uint8_t>(PeerCall::kPropose));
  out.raw(command.bytes());
  return out.take();
}

Slice answer_of(Status status) {
  ByteWriter out;
  out.fixed(kPeerCallVersion);
  out.fixed(static_cast<std::uint8_t>(status));
  return out.take();
}

bool is_taken(const std::optional<Slice>& answer) {
  if (!answer) return false;
  ByteReader in(answer->bytes());
  const auto version = in.fixed<std::uint8_t>();
  const auto status = in.fixed<std::uint8_t>();
  return in.at_end() && version == kPeerCallVersion && status == static_cast<std::uint8_t>(Status::kTaken);
}

Status propose(multiraft::Group& group, const Slice& command) {
  const multiraft::Proposal proposal{.kind = EntryKind::kCommand, .payload = command};
  const auto index = group.propose({&proposal, 1});
  if (index) return Status::kTaken;
  return index.error() == multiraft::ProposeError::kBusy ? Status::kBusy : Status::kNotLeader;
}

}  // namespace

Controller::Controller(Broker& broker) : broker_(broker), prng_(broker.options().seed ^ 0xC0117801) {}

Controller::~Controller() = default;

NodeId Controller::leader() const {
  const NodeId member = group_ == nullptr ? kNoNode : group_->leader();
  return member == kNoNode ? kNoNode : broker_.node().broker_of(member);
}

void Controller::begin(const metadata::Node& self) {
  self_ = self;
  nodes_changed();
  register_node();
}

void Controller::stop() {
  stopped_ = true;
  broker_.shard(0).executor().cancel(std::exchange(retry_timer_, env::TimerId::kNone));
  for (auto& [token, waiting] : std::exchange(waiting_, {})) waiting.done(unexpected(SubmitError::kStopping));
}

// ---- commands -------------------------------------------------------------------------------------------

void Controller::submit(const metadata::Command& command, std::int64_t timeout_us, SubmitDone done) {
  if (stopped_) return done(unexpected(SubmitError::kStopping));
  if (waiting_.size() >= kCommandsMax) return done(unexpected(SubmitError::kBusy));
  const std::int64_t deadline_us = broker_.clock().monotonic_us() + timeout_us;
  Waiting& waiting = waiting_[command.token];
  CHECK(!waiting.done, "every command has a token of its own");
  waiting = {metadata::encode(command), deadline_us, 0, std::move(done)};
  arm_retry();
  // A task of its own: the caller may be told from within apply(), where nothing may be proposed.
  broker_.shard(0).executor().post([this, token = command.token] {
    const auto at = waiting_.find(token);
    if (at != waiting_.end() && at->second.send_us == 0) send(token, at->second);
  });
}

void Controller::send(const Uuid& token, Waiting& waiting) {
  const std::int64_t lost_us = broker_.clock().monotonic_us() + kLostUs;
  if (group_->is_leader()) {
    waiting.send_us = propose(*group_, waiting.command) == Status::kTaken ? lost_us : 0;
    return;
  }
  const NodeId leader = this->leader();
  if (leader == kNoNode || leader == broker_.options().node_id) return;
  waiting.send_us = lost_us;
  broker_.node().call(leader, call_of(waiting.command), kCallTimeoutUs,
                      [this, token](const std::optional<Slice>& answer) { sent(token, is_taken(answer)); });
}

void Controller::sent(const Uuid& token, bool taken) {
  const auto at = waiting_.find(token);
  if (at != waiting_.end() && !taken) at->second.send_us = 0;
}

void Controller::called(const Slice& request, multiraft::NodeEvents::Reply reply) {
  ByteReader in(request.bytes());
  const bool known = in.fixed<std::uint8_t>() == kPeerCallVersion &&
                     in.fixed<std::uint8_t>() == static_cast<std::uint8_t>(PeerCall::kPropose) && in.ok();
  const Slice command = known ? request.sub(2) : Slice();
  // What is in the log must be understood by all: a damaged command stays out of it.
  if (!known || !metadata::decode(command.bytes())) return reply(answer_of(Status::kNotUnderstood));
  reply(answer_of(stopped_ ? Status::kNotLeader : propose(*group_, command)));
}

void Controller::arm_retry() {
  if (retry_timer_ != env::TimerId::kNone || stopped_) return;
  retry_timer_ = broker_.shard(0).executor().schedule(kRetryUs, [this] {
    retry_timer_ = env::TimerId::kNone;
    resend();
    if (!waiting_.empty()) arm_retry();
  });
}

void Controller::resend() {
  const std::int64_t now = broker_.clock().monotonic_us();
  std::vector<Uuid> late;
  for (auto& [token, waiting] : waiting_) {
    if (waiting.deadline_us <= now)
      late.push_back(token);
    else if (waiting.send_us <= now)
      send(token, waiting);
  }
  std::sort(late.begin(), late.end());
  for (const Uuid& token : late) complete(token, unexpected(SubmitError::kTimedOut));
}

void Controller::complete(const Uuid& token, const SubmitResult& result) {
  auto ended = waiting_.extract(token);
  if (!ended.empty()) ended.mapped().done(result);
}

// ---- the log --------------------------------------------------------------------------------------------

void Controller::apply(std::span<const Entry> entries) {
  for (std::size_t i = 1; i < broker_.shard_count(); ++i)
    broker_.shard(0).to_shard(i, [entries = std::vector<Entry>(entries.begin(), entries.end())](
                                     ShardBroker& shard) { shard.apply_metadata(entries); });
  ShardBroker& own = broker_.shard(0);
  own.apply_metadata(entries);
  broker_.node().set_cluster_id(own.cluster().cluster_id());

  for (const Entry& entry : entries) {
    if (entry.header.kind != EntryKind::kCommand) continue;
    const auto command = metadata::decode(entry.payload.bytes());
    if (!command) continue;
    if (const auto outcome = own.cluster().outcome(command->token)) complete(command->token, *outcome);
  }
  name_cluster();
}

void Controller::role_changed(const raft::RoleChange& change) {
  // Whatever was sent to the old leader may be lost; a second time does no harm.
  for (auto& [token, waiting] : waiting_) waiting.send_us = 0;
  naming_ = false;
  publish_leader();
  if (change.role == raft::Role::kLeader)
    log(LogLevel::kInfo, "This broker leads the cluster's metadata now (term {}).", change.term.value);
  broker_.shard(0).executor().post([this] {
    if (!stopped_) resend();
  });
}

Slice Controller::snapshot() const {
  return broker_.shard(0).cluster().snapshot();
}

bool Controller::restore(const Slice& snapshot) {
  metadata::Cluster probe;
  if (const auto restored = probe.restore(snapshot.bytes()); !restored) {
    log(LogLevel::kError, "The snapshot of the cluster's metadata is unusable: {}.",
        metadata::to_string(restored.error()));
    return false;
  }
  for (std::size_t i = 1; i < broker_.shard_count(); ++i)
    broker_.shard(0).to_shard(i, [snapshot](ShardBroker& shard) { shard.restore_metadata(snapshot); });
  broker_.shard(0).restore_metadata(snapshot);
  // Commands of ours may be among those that the snapshot stands for.
  std::vector<std::pair<Uuid, metadata::Outcome>> done;
  for (const auto& [token, waiting] : waiting_)
    if (const auto outcome = broker_.shard(0).cluster().outcome(token)) done.emplace_back(token, *outcome);
  for (const auto& [token, outcome] : done) complete(token, outcome);
  return true;
}

void Controller::log_start_moved(const LogStart&) {}

// ---- this node and the cluster --------------------------------------------------------------------------

void Controller::nodes_changed() {
  ShardBroker& own = broker_.shard(0);
  for (std::size_t i = 0; i < broker_.shard_count(); ++i)
    own.to_shard(i, [alive = broker_.node().alive()](ShardBroker& shard) { shard.set_alive(alive); });
  publish_leader();
}

void Controller::publish_leader() {
  const NodeId now = leader();
  if (now == published_leader_) return;
  published_leader_ = now;
  for (std::size_t i = 0; i < broker_.shard_count(); ++i)
    broker_.shard(0).to_shard(i, [now](ShardBroker& shard) { shard.set_controller(now); });
}

void Controller::register_node() {
  if (stopped_) return;
  submit({Uuid::random(prng_), metadata::RegisterNode{*self_}}, kRegisterTimeoutUs,
         [this](const SubmitResult& result) { node_registered(result); });
}

void Controller::node_registered(const SubmitResult& result) {
  if (!result) {
    if (result.error() == SubmitError::kStopping) return;
    log(LogLevel::kWarning,
        "Not registered with the cluster yet: no majority of the seeds can be reached. Trying on.");
    broker_.shard(0).deadlines().after(kRetryUs, [this] { register_node(); });
    return;
  }
  if (result->error != metadata::Error::kNone) {
    fatal(
        Reason::kDataMismatch,
        fmt::format("The cluster refuses this broker as node {} ({}): {}. Give it another --node-id, or the "
                    "data folder that belongs to this id.",
                    self_->id.value, self_->peer_address, metadata::to_string(result->error)));
  }
  registered_ = true;
  // The registration was appended after everything committed before this process started.
  for (std::size_t i = 0; i < broker_.shard_count(); ++i)
    broker_.shard(0).to_shard(i, [](ShardBroker& shard) { shard.metadata_caught_up(); });
  log(LogLevel::kInfo, "Registered as node {} at {}:{}.", self_->id.value, self_->host, self_->port);
}

void Controller::name_cluster() {
  // Only who has applied the whole log knows that there is no id yet: a registration stands after all that
  // was committed before.
  if (naming_ || stopped_ || !registered_ || !group_->is_leader() ||
      !broker_.shard(0).cluster().cluster_id().is_zero())
    return;
  naming_ = true;
  submit({Uuid::random(prng_), metadata::SetClusterId{Uuid::random(prng_)}}, kRegisterTimeoutUs,
         [this](const SubmitResult&) {
           naming_ = false;
           if (broker_.shard(0).cluster().cluster_id().is_zero()) name_cluster();
         });
}

}  // namespace kontiki::broker
