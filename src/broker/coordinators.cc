#include "broker/coordinators.h"

#include "base/fnv.h"
#include "base/log.h"
#include "broker/cluster_view.h"
#include "broker/leader_wait.h"
#include "broker/topic_plan.h"
#include "metadata/names.h"

namespace kontiki::broker {
namespace {

constexpr std::int64_t kCreateWaitUs = 3'000'000;

void wait_for_leaders(ShardBroker& shard, env::Task done) {
  std::vector<GroupId> groups;
  if (const auto* topic = shard.cluster().topic(metadata::kGroupsTopic))
    for (const auto& partition : topic->partitions) groups.push_back(partition.group);
  when_led(shard, std::move(groups), kCreateWaitUs, std::move(done));
}

}  // namespace

kafka::ErrorCode code_of(group::Error error) {
  using group::Error;
  using kafka::ErrorCode;
  switch (error) {
    case Error::kNone:
      return ErrorCode::kNone;
    case Error::kUnknownServerError:
      return ErrorCode::kUnknownServerError;
    case Error::kOffsetMetadataTooLarge:
      return ErrorCode::kOffsetMetadataTooLarge;
    case Error::kCoordinatorLoadInProgress:
      return ErrorCode::kCoordinatorLoadInProgress;
    case Error::kCoordinatorNotAvailable:
      return ErrorCode::kCoordinatorNotAvailable;
    case Error::kNotCoordinator:
      return ErrorCode::kNotCoordinator;
    case Error::kIllegalGeneration:
      return ErrorCode::kIllegalGeneration;
    case Error::kInconsistentGroupProtocol:
      return ErrorCode::kInconsistentGroupProtocol;
    case Error::kInvalidGroupId:
      return ErrorCode::kInvalidGroupId;
    case Error::kUnknownMemberId:
      return ErrorCode::kUnknownMemberId;
    case Error::kInvalidSessionTimeout:
      return ErrorCode::kInvalidSessionTimeout;
    case Error::kRebalanceInProgress:
      return ErrorCode::kRebalanceInProgress;
    case Error::kInvalidCommitOffsetSize:
      return ErrorCode::kInvalidCommitOffsetSize;
    case Error::kNonEmptyGroup:
      return ErrorCode::kNonEmptyGroup;
    case Error::kGroupIdNotFound:
      return ErrorCode::kGroupIdNotFound;
    case Error::kMemberIdRequired:
      return ErrorCode::kMemberIdRequired;
    case Error::kGroupMaxSizeReached:
      return ErrorCode::kGroupMaxSizeReached;
    case Error::kFencedInstanceId:
      return ErrorCode::kFencedInstanceId;
    case Error::kGroupSubscribedToTopic:
      return ErrorCode::kGroupSubscribedToTopic;
  }
  return ErrorCode::kUnknownServerError;
}

kafka::ErrorCode code_of(const group::ListAnswer& answer, std::size_t part) {
  return code_of(part < answer.parts.size() ? answer.parts[part] : answer.error);
}

std::optional<GroupId> coordinator_of(const metadata::Cluster& cluster, std::string_view group) {
  const metadata::Topic* topic = cluster.topic(metadata::kGroupsTopic);
  if (topic == nullptr) return std::nullopt;
  return topic->partitions[fnv1a(as_bytes(group)) % topic->partitions.size()].group;
}

void ensure_coordinators(ShardBroker& shard, env::Task done) {
  if (shard.cluster().topic(metadata::kGroupsTopic) != nullptr) return done();
  const auto view = view_of(shard);
  auto plan = TopicPlanner(view, shard.options(), shard.prng()).create_coordinators();
  if (!plan) {
    log(LogLevel::kWarning, "The coordinators of consumer groups cannot be created yet: {}",
        plan.error().message);
    return done();
  }
  shard.submit(std::move(*plan), kCreateWaitUs,
               [&shard, done = std::move(done)](const SubmitResult&) mutable {
                 // Whether by this command or another broker's.
                 wait_for_leaders(shard, std::move(done));
               });
}

}  // namespace kontiki::broker
