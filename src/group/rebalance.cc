// Coordinator: the join phase of a rebalance.
#include "group/coordinator.h"

#include <algorithm>
#include <limits>

namespace kontiki::group {
namespace {

std::int32_t after(std::int32_t generation) {
  return generation == std::numeric_limits<std::int32_t>::max() ? 1 : generation + 1;
}

}  // namespace

void Coordinator::answer_waiting(const std::string& name, LiveMember& live, Error error) {
  if (live.join) answer(name, *live.join, JoinAnswer{.error = error, .member_id = live.member.id});
  if (live.sync) answer(name, *live.sync, SyncAnswer{.error = error});
  live.join.reset();
  live.sync.reset();
}

void Coordinator::remove_member(const std::string& name, LiveGroup& group, const std::string& member_id,
                                Error told) {
  const auto it = group.members.find(member_id);
  const bool was_leader = group.leader == member_id;
  answer_waiting(name, it->second, told);
  if (it->second.member.instance_id) group.instances.erase(*it->second.member.instance_id);
  group.members.erase(it);
  if (!was_leader) return;
  group.leader = group.members.empty() ? std::string() : group.members.begin()->first;
}

void Coordinator::members_removed(const std::string& name, LiveGroup& group, std::int64_t now_ms) {
  if (group.state == State::kStable || group.state == State::kCompletingRebalance)
    prepare_rebalance(name, group, now_ms);
  else
    maybe_complete_join(name, group, now_ms);
}

// From Empty, others are given some time to come; otherwise the members are, to come again.
void Coordinator::prepare_rebalance(const std::string& name, LiveGroup& group, std::int64_t now_ms) {
  for (auto& [id, live] : group.members) {
    if (live.sync) {
      answer(name, *live.sync, SyncAnswer{.error = Error::kRebalanceInProgress});
      live.sync.reset();
      live.touch(now_ms);
    }
    live.owes_sync = false;
  }
  group.sync_deadline_ms = kNever;
  group.is_initial = group.state == State::kEmpty;
  group.newcomer = false;
  group.state = State::kPreparingRebalance;
  std::int64_t wait_ms = group.rebalance_timeout_ms();
  if (group.is_initial) {
    const std::int64_t all_ms = wait_ms;
    wait_ms = config_.initial_rebalance_delay_ms;
    group.initial_left_ms = std::max<std::int64_t>(all_ms - wait_ms, 0);
  }
  group.join_deadline_ms = now_ms + wait_ms;
  if (group.is_initial && wait_ms <= 0)
    complete_join(name, group, now_ms);
  else
    maybe_complete_join(name, group, now_ms);
}

void Coordinator::maybe_complete_join(const std::string& name, LiveGroup& group, std::int64_t now_ms) {
  if (group.state != State::kPreparingRebalance) return;
  if (!group.is_initial && group.all_joined()) complete_join(name, group, now_ms);
}

void Coordinator::join_deadline_passed(const std::string& name, LiveGroup& group, std::int64_t now_ms) {
  if (!group.is_initial || !group.newcomer || group.initial_left_ms == 0)
    return complete_join(name, group, now_ms);
  const std::int64_t more_ms = std::min(config_.initial_rebalance_delay_ms, group.initial_left_ms);
  group.newcomer = false;
  group.initial_left_ms -= more_ms;
  group.join_deadline_ms = now_ms + more_ms;
}

void Coordinator::complete_join(const std::string& name, LiveGroup& group, std::int64_t now_ms) {
  // Who has not come again is out; a static member stays, it is expected to be back within its session.
  std::vector<std::string> absent;
  for (const auto& [id, live] : group.members)
    if (!live.join && !live.member.instance_id) absent.push_back(id);
  for (const std::string& id : absent) remove_member(name, group, id, Error::kUnknownMemberId);
  if (!group.members.empty() && !group.elect_joined_leader()) {
    group.join_deadline_ms = now_ms + std::max(group.rebalance_timeout_ms(), 1);
    return;  // only absent static members, none of which could assign
  }
  group.join_deadline_ms = kNever;
  group.is_initial = false;
  group.generation = after(group.generation);
  group.protocol_name = group.selected_protocol();
  group.state = group.members.empty() ? State::kEmpty : State::kCompletingRebalance;
  if (!group.members.empty()) group.sync_deadline_ms = now_ms + group.rebalance_timeout_ms();
  for (auto& [id, live] : group.members) live.member.assignment = {};
  BeginGeneration command{
      name,         group.generation,          now_ms, group.protocol_type, group.protocol_name,
      group.leader, group.replicated_members()};
  std::vector<Answer> answers;
  for (auto& [id, live] : group.members) {
    if (live.join) {
      answers.push_back({*live.join, group.join_answer(live.member)});
      live.touch(now_ms);  // an absent static member's session goes on
    }
    live.join.reset();
    live.is_new = false;
    live.owes_sync = true;
  }
  propose(name, command, std::move(answers));
}

}  // namespace kontiki::group
