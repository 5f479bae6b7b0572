// Coordinator: OffsetCommit, OffsetFetch, OffsetDelete.
#include "group/coordinator.h"

#include <limits>

namespace kontiki::group {
namespace {

Committed committed_of(const CommitRequest& request, const CommitRequest::Partition& partition,
                       std::int64_t now_ms) {
  Committed committed{partition.offset, partition.leader_epoch, partition.metadata, now_ms,
                      kNoTime,          partition.topic_id};
  if (request.retention_ms < 0) return committed;
  if (__builtin_add_overflow(now_ms, request.retention_ms, &committed.expire_ms))
    committed.expire_ms = std::numeric_limits<std::int64_t>::max();
  return committed;
}

}  // namespace

Error Coordinator::check_commit(const LiveGroup* group, const Caller& caller) const {
  if (group == nullptr) return caller.generation < 0 ? Error::kNone : Error::kIllegalGeneration;
  if (group->state == State::kDead) return Error::kCoordinatorNotAvailable;
  if (caller.generation < 0 && group->state == State::kEmpty) return Error::kNone;
  if (caller.generation < 0 && caller.member_id.empty() && !caller.instance_id)
    return Error::kUnknownMemberId;  // a consumer without membership must not touch what members use
  if (const Error error = group->check(caller.member_id, caller.instance_id); error != Error::kNone)
    return error;
  if (caller.generation != group->generation) return Error::kIllegalGeneration;
  return group->state == State::kCompletingRebalance ? Error::kRebalanceInProgress : Error::kNone;
}

void Coordinator::commit_offsets(RequestToken token, const CommitRequest& request, std::int64_t now_ms) {
  const std::string& name = request.caller.group;
  const auto refuse = [&](Error error) {
    answer(name, token, ListAnswer{error, std::vector<Error>(request.partitions.size(), error)});
    settle(name);
  };
  if (const Error error = check_capacity(); error != Error::kNone) return refuse(error);
  if (const Error error = check_commit(find(name), request.caller); error != Error::kNone)
    return refuse(error);
  LiveGroup* group = find_or_create(name);
  if (group == nullptr) return refuse(Error::kInvalidCommitOffsetSize);
  LiveMember* caller = group->find(request.caller.member_id);
  if (caller != nullptr && !caller->is_new) caller->touch(now_ms);

  const Group* replicated = groups_.find(name);
  const std::size_t before =
      group->uncommitted_offsets + (replicated == nullptr ? 0 : replicated->offsets.size());
  CommitOffsets command{name, {}};
  ListAnswer body;
  std::size_t added = 0;
  for (const CommitRequest::Partition& partition : request.partitions) {
    Error& error = body.parts.emplace_back(Error::kNone);
    const bool is_known = command.offsets.contains(partition.partition) ||
                          (replicated != nullptr && replicated->offsets.contains(partition.partition));
    if (partition.metadata.size() > config_.offset_metadata_bytes_max)
      error = Error::kOffsetMetadataTooLarge;
    else if (!is_known && before + added >= limits::kGroupOffsetsMax)
      error = Error::kInvalidCommitOffsetSize;
    if (error != Error::kNone) continue;
    if (!is_known) ++added;
    command.offsets.insert_or_assign(partition.partition, committed_of(request, partition, now_ms));
  }
  if (command.offsets.empty()) {
    answer(name, token, std::move(body));
  } else {
    group->uncommitted_offsets += command.offsets.size();
    std::vector<Answer> answers;
    answers.push_back({token, std::move(body)});
    propose(name, command, std::move(answers));
  }
  if (group->members.empty()) settle(name);
}

Result<const Offsets*, Error> Coordinator::offsets(std::string_view group) const {
  if (const Error error = check_serving(); error != Error::kNone) return unexpected(error);
  const Group* found = groups_.find(group);
  return found == nullptr ? nullptr : &found->offsets;
}

void Coordinator::delete_offsets(RequestToken token, const DeleteOffsetsRequest& request, std::int64_t) {
  ListAnswer body;
  body.error = check_capacity();
  LiveGroup* group = body.error == Error::kNone ? find(request.group) : nullptr;
  const bool is_gone = group == nullptr || group->state == State::kDead;
  if (body.error == Error::kNone && is_gone) body.error = Error::kGroupIdNotFound;
  const bool is_used = !is_gone && group->state != State::kEmpty;
  if (is_used && group->protocol_type != kConsumerProtocolType) body.error = Error::kNonEmptyGroup;
  body.parts.assign(request.partitions.size(), body.error);
  DeleteOffsets command{request.group, {}};
  if (body.error == Error::kNone) {
    const std::optional<Topics> subscribed = is_used ? group->topics() : std::optional(Topics());
    for (std::size_t i = 0; i < request.partitions.size(); ++i) {
      const TopicPartition& partition = request.partitions[i];
      if (!subscribed || subscribed->contains(partition.topic))
        body.parts[i] = Error::kGroupSubscribedToTopic;
      else
        command.partitions.insert(partition);
    }
  }
  if (command.partitions.empty()) {
    answer(request.group, token, std::move(body));
  } else {
    std::vector<Answer> answers;
    answers.push_back({token, std::move(body)});
    propose(request.group, command, std::move(answers));
  }
  settle(request.group);
}

void Coordinator::delete_topic_offsets(const std::string& topic, const TopicId& id) {
  if (serving_ && (!groups_.all().empty() || !in_flight_.empty()))
    propose(std::nullopt, DeleteTopicOffsets{topic, id});
}

}  // namespace kontiki::group
