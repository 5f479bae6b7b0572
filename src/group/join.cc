// Coordinator: JoinGroup.
#include "group/coordinator.h"

#include <algorithm>

namespace kontiki::group {
namespace {

// What the request says of the member. Copies: the request's bytes belong to a network frame.
void update(Member& member, const JoinRequest& request) {
  member.client_id = request.client_id;
  member.client_host = request.client_host;
  member.session_timeout_ms = request.session_timeout_ms;
  member.rebalance_timeout_ms = std::max(request.rebalance_timeout_ms, 0);
  member.protocols.clear();
  for (const Protocol& protocol : request.protocols)
    member.protocols.push_back({protocol.name, Slice::copy_of(protocol.metadata.bytes())});
}

std::size_t bytes_of(const JoinRequest& request) {
  Member member;
  member.id = request.member_id;
  member.client_id = request.client_id;
  member.client_host = request.client_host;
  member.instance_id = request.instance_id;
  member.protocols = request.protocols;
  return member.bytes();
}

bool same_topics(const Protocol* before, const Protocol* now) {
  if (before == nullptr || now == nullptr) return false;
  if (before->metadata == now->metadata) return true;
  const auto old_topics = subscribed_topics(before->metadata.bytes());
  return old_topics && old_topics == subscribed_topics(now->metadata.bytes());
}

}  // namespace

Error Coordinator::check_join(const JoinRequest& request) const {
  if (const Error error = check_capacity(); error != Error::kNone) return error;
  if (request.group.empty()) return Error::kInvalidGroupId;
  const bool is_in_bounds = request.session_timeout_ms >= config_.session_timeout_min_ms &&
                            request.session_timeout_ms <= config_.session_timeout_max_ms;
  return is_in_bounds ? Error::kNone : Error::kInvalidSessionTimeout;
}

void Coordinator::join(RequestToken token, const JoinRequest& request, std::int64_t now_ms) {
  const auto refuse = [&](Error error) {
    answer(request.group, token, JoinAnswer{.error = error, .member_id = request.member_id});
  };
  if (const Error error = check_join(request); error != Error::kNone) return refuse(error);
  const bool is_newcomer = request.member_id.empty();
  LiveGroup* group = is_newcomer ? find_or_create(request.group) : find(request.group);
  if (group == nullptr) return refuse(is_newcomer ? Error::kGroupMaxSizeReached : Error::kUnknownMemberId);
  if (group->state == State::kDead)
    refuse(Error::kCoordinatorNotAvailable);
  else if (!has_room(*group, request))
    refuse(Error::kGroupMaxSizeReached);
  else if (!group->supports(request.protocol_type, request.protocols))
    refuse(Error::kInconsistentGroupProtocol);
  else if (is_newcomer)
    join_as_newcomer(token, request, *group, now_ms);
  else
    join_again(token, request, *group, now_ms);
  settle(request.group);
}

// During a join phase places go to those who are there: members that do not come again leave theirs.
bool Coordinator::has_room(const LiveGroup& group, const JoinRequest& request) const {
  const auto known = group.members.find(request.member_id);
  const bool is_static =
      request.instance_id && request.member_id.empty() && group.instances.contains(*request.instance_id);
  const bool is_member = known != group.members.end() || is_static;
  const std::size_t before = known == group.members.end() ? 0 : known->second.member.bytes();
  if (group.bytes() - before + bytes_of(request) > limits::kGroupBytesMax) return false;
  if (group.promised.size() >= limits::kGroupMembersMax && !group.promised.contains(request.member_id))
    return is_member;
  std::size_t taken = group.members.size();
  if (group.state == State::kPreparingRebalance) {
    if (known != group.members.end() && known->second.join) return true;
    taken = static_cast<std::size_t>(std::count_if(group.members.begin(), group.members.end(),
                                                   [](const auto& m) { return m.second.join.has_value(); }));
  } else if (is_member) {
    return true;
  }
  return taken < config_.group_size_max && (is_member || group.members.size() < limits::kGroupMembersMax);
}

void Coordinator::join_as_newcomer(RequestToken token, const JoinRequest& request, LiveGroup& group,
                                   std::int64_t now_ms) {
  if (request.instance_id) {
    const auto known = group.instances.find(*request.instance_id);
    if (known != group.instances.end()) {
      const std::string member_id = known->second;
      return join_in_place_of(token, request, group, member_id, now_ms);
    }
  }
  const std::string member_id =
      request.instance_id.value_or(request.client_id) + "-" + Uuid::random(prng_).text();
  if (request.instance_id || !request.requires_known_member_id)
    return add_member(token, request, group, member_id, now_ms);
  // The member's second call shows that it got the id: an answer that is lost leaves no member behind.
  group.promised[member_id] = now_ms + request.session_timeout_ms;
  answer(request.group, token, JoinAnswer{.error = Error::kMemberIdRequired, .member_id = member_id});
}

void Coordinator::add_member(RequestToken token, const JoinRequest& request, LiveGroup& group,
                             const std::string& member_id, std::int64_t now_ms) {
  if (group.members.empty()) group.protocol_type = request.protocol_type;
  group.promised.erase(member_id);
  LiveMember& live = group.members[member_id];
  live.member.id = member_id;
  live.member.instance_id = request.instance_id;
  update(live.member, request);
  live.join = token;
  live.is_new = true;
  live.expires_ms = now_ms + config_.newcomer_timeout_ms;
  if (request.instance_id) group.instances[*request.instance_id] = member_id;
  if (group.leader.empty()) group.leader = member_id;
  if (group.state == State::kPreparingRebalance) {
    group.newcomer = true;
    maybe_complete_join(request.group, group, now_ms);
  } else {
    prepare_rebalance(request.group, group, now_ms);
  }
}

// The member waits for the end of a join phase, which begins now if it has not yet.
void Coordinator::rebalance_with(RequestToken token, const JoinRequest& request, LiveGroup& group,
                                 LiveMember& live, std::int64_t now_ms) {
  answer_waiting(request.group, live, Error::kRebalanceInProgress);  // a request that its client gave up
  update(live.member, request);
  live.join = token;
  if (group.state == State::kPreparingRebalance)
    maybe_complete_join(request.group, group, now_ms);
  else
    prepare_rebalance(request.group, group, now_ms);
}

void Coordinator::join_again(RequestToken token, const JoinRequest& request, LiveGroup& group,
                             std::int64_t now_ms) {
  if (!request.instance_id && group.promised.contains(request.member_id))
    return add_member(token, request, group, request.member_id, now_ms);
  if (const Error error = group.check(request.member_id, request.instance_id); error != Error::kNone)
    return answer(request.group, token, JoinAnswer{.error = error, .member_id = request.member_id});
  LiveMember& live = *group.find(request.member_id);
  const bool is_same = live.member.protocols == request.protocols;
  // The leader asks when it wants another assignment; but while one is awaited, it only missed our answer.
  const bool wants_assignment = group.state == State::kStable && group.leader == request.member_id;
  if (group.state == State::kPreparingRebalance || !is_same || wants_assignment)
    return rebalance_with(token, request, group, live, now_ms);
  live.touch(now_ms);
  answer(request.group, token, group.join_answer(live.member));
}

// A static member came back, as another process that knows only its instance id. Whoever still uses the old
// member id is fenced. As long as it wants what it wanted before, nobody else has to know.
void Coordinator::join_in_place_of(RequestToken token, const JoinRequest& request, LiveGroup& group,
                                   const std::string& old_id, std::int64_t now_ms) {
  const std::string member_id = *request.instance_id + "-" + Uuid::random(prng_).text();
  LiveMember live = std::move(group.members.find(old_id)->second);
  answer_waiting(request.group, live, Error::kFencedInstanceId);
  group.members.erase(old_id);
  const Member before = live.member;
  const std::string old_leader = group.leader;
  if (group.leader == old_id) group.leader = member_id;
  group.instances[*request.instance_id] = member_id;
  live.member.id = member_id;
  update(live.member, request);
  if (!live.is_new) live.touch(now_ms);
  LiveMember& replaced = group.members[member_id] = std::move(live);
  const std::string& protocol = group.protocol_name;
  const bool is_consumer = group.protocol_type == kConsumerProtocolType;
  const bool goes_on =
      group.state == State::kStable && group.selected_protocol() == protocol &&
      (!is_consumer || same_topics(before.protocol(protocol), replaced.member.protocol(protocol)));
  if (!goes_on) return rebalance_with(token, request, group, replaced, now_ms);
  JoinAnswer body = group.join_answer(replaced.member);
  if (request.supports_skip_assignment) {
    body.skip_assignment = group.leader == member_id;
  } else {  // it must not think that it leads, for then it would assign anew
    body.leader = old_leader;
    body.members.clear();
  }
  std::vector<Answer> answers;
  answers.push_back({token, std::move(body)});
  propose(request.group, ReplaceMember{request.group, old_id, replaced.member}, std::move(answers));
}

}  // namespace kontiki::group
