// Coordinator: DescribeGroups, ListGroups, DeleteGroups.
#include "group/coordinator.h"

#include <algorithm>

namespace kontiki::group {

GroupDescription Coordinator::describe(std::string_view name) const {
  if (const Error error = check_serving(); error != Error::kNone) return {.error = error};
  const auto it = live_.find(name);
  const Group* replicated = groups_.find(name);
  if (it == live_.end() && replicated == nullptr) return {.error = Error::kGroupIdNotFound};
  const LiveGroup group = it == live_.end() ? LiveGroup::of(*replicated) : it->second;
  if (group.state == State::kDead) return {.error = Error::kGroupIdNotFound};
  GroupDescription description{.state = group.state, .protocol_type = group.protocol_type};
  const bool is_stable = group.state == State::kStable;
  if (is_stable) description.protocol_name = group.protocol_name;
  for (const auto& [id, live] : group.members) {
    const Protocol* protocol = is_stable ? live.member.protocol(group.protocol_name) : nullptr;
    description.metadata.push_back(protocol == nullptr ? Slice() : protocol->metadata);
    Member& member = description.members.emplace_back(live.member);
    member.protocols.clear();
    if (!is_stable) member.assignment = {};
  }
  return description;
}

Result<std::vector<GroupListing>, Error> Coordinator::list(std::span<const State> states) const {
  if (const Error error = check_serving(); error != Error::kNone) return unexpected(error);
  std::map<std::string, GroupListing> groups;
  for (const auto& [name, group] : groups_.all()) groups[name] = {name, group.protocol_type, group.state};
  for (const auto& [name, group] : live_) groups[name] = {name, group.protocol_type, group.state};
  std::vector<GroupListing> listed;
  for (auto& [name, group] : groups)
    if (states.empty() || std::find(states.begin(), states.end(), group.state) != states.end())
      listed.push_back(std::move(group));
  return listed;
}

void Coordinator::delete_group(RequestToken token, const std::string& name, std::int64_t) {
  Error error = check_capacity();
  LiveGroup* group = error == Error::kNone ? find(name) : nullptr;
  if (error == Error::kNone) {
    if (group == nullptr || group->state == State::kDead)
      error = Error::kGroupIdNotFound;
    else if (group->state != State::kEmpty)
      error = Error::kNonEmptyGroup;
  }
  if (error != Error::kNone) {
    answer(name, token, ErrorAnswer{error});
    return settle(name);
  }
  group->state = State::kDead;
  group->promised.clear();
  std::vector<Answer> answers;
  answers.push_back({token, ErrorAnswer{}});
  propose(name, DeleteGroup{name}, std::move(answers));
}

}  // namespace kontiki::group
