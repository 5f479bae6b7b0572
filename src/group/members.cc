// Coordinator: SyncGroup, Heartbeat, LeaveGroup.
#include "group/coordinator.h"

namespace kontiki::group {
namespace {

// What Sync and Heartbeat check alike.
Error check_caller(const LiveGroup* group, const Caller& caller) {
  if (group == nullptr) return Error::kUnknownMemberId;
  if (group->state == State::kDead) return Error::kCoordinatorNotAvailable;
  if (const Error error = group->check(caller.member_id, caller.instance_id); error != Error::kNone)
    return error;
  return caller.generation == group->generation ? Error::kNone : Error::kIllegalGeneration;
}

Error check_sync(const LiveGroup* group, const SyncRequest& request) {
  if (const Error error = check_caller(group, request.caller); error != Error::kNone) return error;
  if (request.protocol_type && *request.protocol_type != group->protocol_type)
    return Error::kInconsistentGroupProtocol;
  // While members join, the protocol is that of the generation before, and so is the generation.
  if (request.protocol_name && *request.protocol_name != group->protocol_name)
    return Error::kInconsistentGroupProtocol;
  if (group->state == State::kPreparingRebalance) return Error::kRebalanceInProgress;
  std::size_t bytes = 0;
  for (const auto& [member, assignment] : request.assignments) bytes += member.size() + assignment.size();
  return bytes <= limits::kGroupBytesMax ? Error::kNone : Error::kUnknownServerError;
}

}  // namespace

void Coordinator::sync(RequestToken token, const SyncRequest& request, std::int64_t now_ms) {
  const std::string& name = request.caller.group;
  const auto refuse = [&](Error error) { answer(name, token, SyncAnswer{.error = error}); };
  if (const Error error = check_serving(); error != Error::kNone) return refuse(error);
  if (name.empty()) return refuse(Error::kInvalidGroupId);
  LiveGroup* group = find(name);
  if (const Error error = check_sync(group, request); error != Error::kNone) {
    refuse(error);
    return settle(name);
  }
  LiveMember& caller = *group->find(request.caller.member_id);
  caller.owes_sync = false;
  caller.touch(now_ms);
  if (group->state == State::kStable) return answer(name, token, group->sync_answer(caller.member));
  answer_waiting(name, caller, Error::kRebalanceInProgress);  // a request that its client gave up
  caller.sync = token;
  if (group->leader == request.caller.member_id) assign(name, *group, request, now_ms);
  settle(name);
}

void Coordinator::assign(const std::string& name, LiveGroup& group, const SyncRequest& request,
                         std::int64_t now_ms) {
  Assign command{name, group.generation, {}};
  std::vector<Answer> answers;
  group.state = State::kStable;
  for (auto& [id, live] : group.members) {
    const auto it = request.assignments.find(id);
    if (it != request.assignments.end()) {
      live.member.assignment = Slice::copy_of(it->second.bytes());
      command.assignments.emplace(id, live.member.assignment);
    }
    if (!live.sync) continue;
    answers.push_back({*live.sync, group.sync_answer(live.member)});
    live.sync.reset();
    live.touch(now_ms);
  }
  propose(name, command, std::move(answers));
}

void Coordinator::heartbeat(RequestToken token, const Caller& caller, std::int64_t now_ms) {
  Error error = check_serving();
  if (error == Error::kNone && caller.group.empty()) error = Error::kInvalidGroupId;
  if (error == Error::kNone) {
    LiveGroup* group = find(caller.group);
    error = check_caller(group, caller);
    if (error == Error::kNone) {
      LiveMember& live = *group->find(caller.member_id);
      if (!live.is_new) live.touch(now_ms);
      if (group->state == State::kPreparingRebalance) error = Error::kRebalanceInProgress;
    }
  }
  answer(caller.group, token, ErrorAnswer{error});
  // Deadlines only moved away, which is found when the old one is reached: no walk over members here.
  if (error == Error::kUnknownMemberId) settle(caller.group);
}

Error Coordinator::leave_one(LiveGroup& group, const std::string& name, const LeaveRequest::Leaver& leaver) {
  std::string member_id = leaver.member_id;
  if (member_id.empty() && leaver.instance_id) {  // an administrator knows only the instance id
    const auto it = group.instances.find(*leaver.instance_id);
    if (it == group.instances.end()) return Error::kUnknownMemberId;
    member_id = it->second;
  }
  if (!leaver.instance_id && group.promised.erase(member_id) > 0) return Error::kNone;
  if (const Error error = group.check(member_id, leaver.instance_id); error != Error::kNone) return error;
  remove_member(name, group, member_id, Error::kUnknownMemberId);
  return Error::kNone;
}

void Coordinator::leave(RequestToken token, const LeaveRequest& request, std::int64_t now_ms) {
  ListAnswer body;
  body.error = check_serving();
  if (body.error == Error::kNone && request.group.empty()) body.error = Error::kInvalidGroupId;
  LiveGroup* group = body.error == Error::kNone ? find(request.group) : nullptr;
  if (body.error == Error::kNone && group == nullptr) body.error = Error::kUnknownMemberId;
  if (group != nullptr && group->state == State::kDead) body.error = Error::kCoordinatorNotAvailable;
  if (body.error != Error::kNone) {
    body.parts.assign(request.leavers.size(), body.error);
    return answer(request.group, token, std::move(body));
  }
  const std::size_t before = group->members.size();
  for (const LeaveRequest::Leaver& leaver : request.leavers)
    body.parts.push_back(leave_one(*group, request.group, leaver));
  if (group->members.size() != before)
    members_removed(request.group, *group, now_ms);
  else
    maybe_complete_join(request.group, *group, now_ms);
  answer(request.group, token, std::move(body));
  settle(request.group);
}

}  // namespace kontiki::group
