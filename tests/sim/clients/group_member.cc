#include "sim/clients/group_member.h"

#include "kafka/messages/consumer_protocol.h"
#include "kafka/messages/find_coordinator.h"
#include "kafka/messages/heartbeat.h"
#include "kafka/messages/leave_group.h"
#include "kafka/messages/offset_commit.h"
#include "kafka/messages/offset_fetch.h"
#include "kafka/messages/sync_group.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace kontiki::sim {
namespace {

using kafka::ErrorCode;
constexpr std::int16_t kSubscriptionVersion = 1;
constexpr std::int32_t kRebalanceTimeoutMs = 4'000;

// A static member keeps its place, and its lead, when it comes back with another member id. Ids begin with
// the instance's, or with the client's.
std::string identity_of(const std::string& member_id) {
  return member_id.starts_with("member ") ? member_id.substr(0, member_id.find('-')) : member_id;
}

}  // namespace

GroupMember::GroupMember(SimNode& node, std::vector<env::Address> bootstrap, std::uint64_t seed, Watch& watch,
                         Options options)
    : client_(node, std::move(bootstrap), seed,
              [this](const std::string& what) { watch_.garbled(who(), what); }),
      watch_(watch),
      options_(std::move(options)) {
  for (const std::string& topic : options_.topics) client_.follow(topic);
}

std::string GroupMember::state() const {
  static constexpr const char* kNames[] = {"find", "join", "sync", "learn", "work", "leave", "audit", "done"};
  return fmt::format("{} of {}: {}", who(), options_.group, kNames[static_cast<std::size_t>(step_)]);
}

void GroupMember::finish() {
  finishing_ = true;
  if (step_ != Step::kDone) return;
  step_ = Step::kAudit;
  next();
}

void GroupMember::next() {
  if (step_ == Step::kDone) return;
  const auto pause = static_cast<std::uint64_t>(options_.pause_us);
  client_.executor().schedule(static_cast<std::int64_t>(pause / 2 + client_.prng().below(pause)),
                              [this] { act(); });
}

void GroupMember::act() {
  const bool knows_all = std::all_of(options_.topics.begin(), options_.topics.end(),
                                     [&](const std::string& name) { return client_.topic(name) != nullptr; });
  if (!knows_all) {
    if (client_.refreshing()) return next();
    return client_.refresh([this] { next(); });
  }
  switch (step_) {
    case Step::kFind:
      return find();
    case Step::kJoin:
      if (finishing_) {
        step_ = member_id_.empty() ? Step::kAudit : Step::kLeave;
        return next();
      }
      return join();
    case Step::kSync:
      return sync();
    case Step::kLearn:
    case Step::kAudit:
      return learn();
    case Step::kWork:
      return work();
    case Step::kLeave:
      return leave();
    case Step::kDone:
      return;
  }
}

// Null if it has to be found first: that is begun.
Wire* GroupMember::coordinator() {
  if (coordinator_)
    if (Wire* wire = client_.wire_to(*coordinator_)) return wire;
  find();
  return nullptr;
}

void GroupMember::lost() {
  coordinator_.reset();
  next();
}

void GroupMember::find() {
  kafka::FindCoordinatorRequest request;
  request.coordinator_keys = {options_.group};
  client_.any_wire().call<kafka::FindCoordinatorRequest>(request, 4, kAnswerTimeoutUs, [this](auto response) {
    if (response && response->coordinators.size() == 1 &&
        response->coordinators[0].error_code == ErrorCode::kNone) {
      coordinator_ = response->coordinators[0].node_id;
      if (step_ == Step::kFind) step_ = Step::kJoin;
      if (client_.wire_to(*coordinator_) == nullptr && !client_.refreshing())
        return client_.refresh([this] { next(); });
    }
    next();
  });
}

void GroupMember::rejoin(bool as_newcomer) {
  if (as_newcomer) {
    member_id_.clear();
    part_.clear();
    positions_.clear();
  }
  step_ = Step::kJoin;
}

void GroupMember::failed(ErrorCode error) {
  switch (error) {
    case ErrorCode::kNotCoordinator:
    case ErrorCode::kCoordinatorNotAvailable:
      return lost();
    case ErrorCode::kCoordinatorLoadInProgress:
      return next();
    case ErrorCode::kRebalanceInProgress:
    case ErrorCode::kMemberIdRequired:
      rejoin(false);
      return next();
    case ErrorCode::kIllegalGeneration:
    case ErrorCode::kUnknownMemberId:
      rejoin(true);
      return next();
    default:
      watch_.judge("groups", fmt::format("{}: told {}", state(), kafka::to_string(error)));
  }
}

void GroupMember::join() {
  Wire* wire = coordinator();
  if (wire == nullptr) return;
  kafka::JoinGroupRequest request;
  request.group_id = options_.group;
  request.session_timeout_ms = options_.session_timeout_ms;
  request.rebalance_timeout_ms = kRebalanceTimeoutMs;
  request.member_id = member_id_;
  request.group_instance_id = instance();
  request.protocol_type = "consumer";
  kafka::ConsumerProtocolSubscription subscription;
  subscription.topics = options_.topics;
  request.protocols.push_back({"sim", kafka::encode_embedded(subscription, kSubscriptionVersion)});
  wire->call<kafka::JoinGroupRequest>(request, 9, kAnswerTimeoutUs, [this](auto response) {
    if (!response) return lost();
    if (response->error_code == ErrorCode::kMemberIdRequired) member_id_ = response->member_id;
    if (response->error_code != ErrorCode::kNone) return failed(response->error_code);
    member_id_ = response->member_id;
    generation_ = response->generation_id;
    leads_ = response->leader == member_id_;
    members_ = std::move(response->members);
    watch_.note(fmt::format("{}: in generation {} of {}{}", who(), generation_, options_.group,
                            leads_ ? ", leads" : ""));
    watch_.judge("groups", watch_.groups.joined(options_.group, generation_, identity_of(response->leader)));
    step_ = Step::kSync;
    next();
  });
}

std::set<PartitionKey> GroupMember::all_partitions() const {
  std::set<PartitionKey> all;
  for (const std::string& name : options_.topics) {
    const auto* topic = client_.topic(name);
    for (std::size_t p = 0; topic != nullptr && p < topic->partitions.size(); ++p)
      all.insert({topic->id, static_cast<std::int32_t>(p)});
  }
  return all;
}

void GroupMember::sync() {
  Wire* wire = coordinator();
  if (wire == nullptr) return;
  kafka::SyncGroupRequest request;
  request.group_id = options_.group;
  request.generation_id = generation_;
  request.member_id = member_id_;
  request.group_instance_id = instance();
  request.protocol_type = "consumer";
  request.protocol_name = "sim";
  if (leads_ && !members_.empty()) {
    const Slice name = Slice::copy_of(fmt::format("{}-{}", who(), watch_.groups.now()));
    std::vector<kafka::ConsumerProtocolAssignment> parts(members_.size());
    std::size_t turn = client_.prng().below(members_.size());
    for (const std::string& topic : options_.topics) {
      const std::size_t count = client_.topic(topic)->partitions.size();
      for (std::size_t p = 0; p < count; ++p)
        parts[turn++ % parts.size()].assigned_partitions.push_back({topic, {static_cast<std::int32_t>(p)}});
    }
    for (std::size_t i = 0; i < parts.size(); ++i) {
      parts[i].user_data = name;
      request.assignments.push_back(
          {members_[i].member_id, kafka::encode_embedded(parts[i], kSubscriptionVersion)});
    }
  }
  wire->call<kafka::SyncGroupRequest>(request, 5, kAnswerTimeoutUs, [this](auto response) {
    if (!response) {
      // Whether the assignment was taken is not known: join again, as clients do.
      rejoin(false);
      return lost();
    }
    if (response->error_code != ErrorCode::kNone) return failed(response->error_code);
    const auto assignment = kafka::decode_embedded<kafka::ConsumerProtocolAssignment>(response->assignment);
    if (!assignment) {
      // The leader did not know of us yet.
      rejoin(true);
      return next();
    }
    part_.clear();
    positions_.clear();
    for (const auto& topic : assignment->assigned_partitions)
      for (const std::int32_t partition : topic.partitions)
        part_[{client_.topic(topic.topic)->id, partition}] = topic.topic;
    std::set<PartitionKey> keys;
    for (const auto& [key, name] : part_) keys.insert(key);
    watch_.judge("groups",
                 watch_.groups.synced(options_.group, generation_, identity_of(member_id_),
                                      std::string(assignment->user_data.value_or(Slice()).text()), keys));
    step_ = Step::kLearn;
    next();
  });
}

void GroupMember::told(const std::string& name, std::int32_t partition, std::int64_t offset,
                       const std::string& metadata, GroupHistory::Moment asked) {
  const PartitionKey key{client_.topic(name)->id, partition};
  std::optional<GroupHistory::CommitId> commit;
  if (offset >= 0) commit = std::strtoull(metadata.c_str(), nullptr, 10);
  watch_.judge("committed offsets", watch_.groups.told(options_.group, key, asked, commit, offset));
  if (part_.contains(key)) positions_[key] = std::max<std::int64_t>(offset, 0);
}

void GroupMember::learn() {
  Wire* wire = coordinator();
  if (wire == nullptr) return;
  kafka::OffsetFetchRequest request;
  auto& group = request.groups.emplace_back();
  group.group_id = options_.group;
  for (const std::string& name : options_.topics) {
    kafka::OffsetFetchRequest::Topic wanted{.name = name, .partition_indexes = {}};
    const auto* topic = client_.topic(name);
    for (std::size_t p = 0; p < topic->partitions.size(); ++p)
      if (const auto number = static_cast<std::int32_t>(p);
          step_ == Step::kAudit || part_.contains({topic->id, number}))
        wanted.partition_indexes.push_back(number);
    if (!wanted.partition_indexes.empty()) group.topics->push_back(std::move(wanted));
  }
  const auto asked = watch_.groups.now();
  wire->call<kafka::OffsetFetchRequest>(request, 8, kAnswerTimeoutUs, [this, asked](auto response) {
    if (!response) return lost();
    if (response->groups.at(0).error_code != ErrorCode::kNone) return failed(response->groups[0].error_code);
    for (const auto& topic : response->groups[0].topics)
      for (const auto& partition : topic.partitions)
        told(topic.name, partition.partition_index, partition.committed_offset,
             partition.metadata.value_or(""), asked);
    step_ = step_ == Step::kAudit ? Step::kDone : Step::kWork;
    next();
  });
}

void GroupMember::work() {
  const std::uint64_t lot = client_.prng().below(60);
  if (finishing_ || lot == 0) {
    step_ = Step::kLeave;
    return next();
  }
  if (lot == 1) return die();
  if (lot < 20 && !part_.empty()) return commit();
  if (lot < 23) {
    step_ = Step::kLearn;
    return next();
  }
  heartbeat();
}

void GroupMember::heartbeat() {
  Wire* wire = coordinator();
  if (wire == nullptr) return;
  kafka::HeartbeatRequest request;
  request.group_id = options_.group;
  request.generation_id = generation_;
  request.member_id = member_id_;
  request.group_instance_id = instance();
  wire->call<kafka::HeartbeatRequest>(request, 4, kAnswerTimeoutUs, [this](auto response) {
    if (!response) return lost();
    if (response->error_code != ErrorCode::kNone) return failed(response->error_code);
    next();
  });
}

void GroupMember::commit() {
  Wire* wire = coordinator();
  if (wire == nullptr) return;
  kafka::OffsetCommitRequest request;
  request.group_id = options_.group;
  request.generation_id_or_member_epoch = generation_;
  request.member_id = member_id_;
  request.group_instance_id = instance();
  std::map<std::pair<std::string, std::int32_t>, GroupHistory::CommitId> ids;
  for (auto& [key, name] : part_) {
    std::int64_t& position = positions_[key];
    position += static_cast<std::int64_t>(client_.prng().below(20));
    const auto id = watch_.groups.committing(options_.group, key, generation_, position);
    ids[{name, key.partition}] = id;
    if (request.topics.empty() || request.topics.back().name != name)
      request.topics.push_back({.name = name, .partitions = {}});
    request.topics.back().partitions.push_back({.partition_index = key.partition,
                                                .committed_offset = position,
                                                .committed_metadata = std::to_string(id)});
  }
  wire->call<kafka::OffsetCommitRequest>(request, 8, kAnswerTimeoutUs, [this, ids](auto response) {
    if (!response) return lost();
    ErrorCode worst = ErrorCode::kNone;
    for (const auto& topic : response->topics)
      for (const auto& partition : topic.partitions) {
        const auto id = ids.at({topic.name, partition.partition_index});
        switch (partition.error_code) {
          case ErrorCode::kNone:
            watch_.groups.committed(id);
            break;
          case ErrorCode::kIllegalGeneration:
          case ErrorCode::kUnknownMemberId:
          case ErrorCode::kRebalanceInProgress:
          case ErrorCode::kUnknownTopicOrPartition:
            watch_.groups.refused(id);
            break;
          default:
            break;  // it may have been carried out
        }
        if (partition.error_code != ErrorCode::kNone) worst = partition.error_code;
      }
    if (worst == ErrorCode::kUnknownTopicOrPartition) return next();  // that broker does not know it yet
    if (worst != ErrorCode::kNone) return failed(worst);
    next();
  });
}

void GroupMember::leave() {
  Wire* wire = coordinator();
  if (wire == nullptr) return;
  kafka::LeaveGroupRequest request;
  request.group_id = options_.group;
  request.members.push_back({.member_id = member_id_, .group_instance_id = instance(), .reason = {}});
  wire->call<kafka::LeaveGroupRequest>(request, 5, kAnswerTimeoutUs, [this](auto response) {
    if (!response) return lost();
    if (response->error_code != ErrorCode::kNone) return failed(response->error_code);
    rejoin(true);
    if (finishing_) step_ = Step::kAudit;
    next();
  });
}

// Without a word; somebody else takes its place later.
void GroupMember::die() {
  watch_.note(who() + ": dies");
  rejoin(true);
  client_.executor().schedule(static_cast<std::int64_t>(client_.prng().below(6'000'000)), [this] { next(); });
}

}  // namespace kontiki::sim
