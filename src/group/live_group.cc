#include "group/live_group.h"

#include <algorithm>

namespace kontiki::group {

LiveGroup LiveGroup::of(const Group& group) {
  LiveGroup live;
  live.state = group.state;
  live.generation = group.generation;
  live.protocol_type = group.protocol_type;
  live.protocol_name = group.protocol_name;
  live.leader = group.leader;
  for (const auto& [id, member] : group.members) {
    live.members[id].member = member;
    if (member.instance_id) live.instances[*member.instance_id] = id;
  }
  return live;
}

LiveMember* LiveGroup::find(std::string_view member_id) {
  const auto it = members.find(member_id);
  return it == members.end() ? nullptr : &it->second;
}

Error LiveGroup::check(std::string_view member_id, const std::optional<std::string>& instance_id) const {
  if (instance_id) {
    const auto it = instances.find(*instance_id);
    if (it == instances.end()) return Error::kUnknownMemberId;
    if (it->second != member_id) return Error::kFencedInstanceId;
  }
  return members.contains(member_id) ? Error::kNone : Error::kUnknownMemberId;
}

bool LiveGroup::supports(std::string_view type, const std::vector<Protocol>& protocols) const {
  if (members.empty()) return !type.empty() && !protocols.empty();
  if (type != protocol_type) return false;
  return std::any_of(protocols.begin(), protocols.end(), [&](const Protocol& protocol) {
    return std::all_of(members.begin(), members.end(),
                       [&](const auto& m) { return m.second.member.protocol(protocol.name) != nullptr; });
  });
}

std::string LiveGroup::selected_protocol() const {
  const auto is_common = [&](const Protocol& protocol) {
    return std::all_of(members.begin(), members.end(),
                       [&](const auto& m) { return m.second.member.protocol(protocol.name) != nullptr; });
  };
  std::map<std::string, int> votes;
  for (const auto& [id, live] : members) {
    const auto& protocols = live.member.protocols;
    const auto choice = std::find_if(protocols.begin(), protocols.end(), is_common);
    if (choice != protocols.end()) ++votes[choice->name];
  }
  const auto chief = members.find(leader);
  if (chief == members.end()) return {};
  std::string best;
  for (const Protocol& protocol : chief->second.member.protocols) {
    const auto it = votes.find(protocol.name);
    if (it != votes.end() && (best.empty() || it->second > votes[best])) best = protocol.name;
  }
  return best;
}

bool LiveGroup::elect_joined_leader() {
  const LiveMember* chief = find(leader);
  if (chief != nullptr && chief->join) return true;
  const auto it =
      std::find_if(members.begin(), members.end(), [](const auto& m) { return m.second.join.has_value(); });
  if (it == members.end()) return false;
  leader = it->first;
  return true;
}

bool LiveGroup::all_joined() const {
  return promised.empty() &&
         std::all_of(members.begin(), members.end(), [](const auto& m) { return m.second.join.has_value(); });
}

std::int32_t LiveGroup::rebalance_timeout_ms() const {
  std::int32_t longest = 0;
  for (const auto& [id, live] : members) longest = std::max(longest, live.member.rebalance_timeout_ms);
  return longest;
}

std::size_t LiveGroup::bytes() const {
  std::size_t bytes = 0;
  for (const auto& [id, live] : members) bytes += live.member.bytes();
  return bytes;
}

std::int64_t LiveGroup::deadline_ms() const {
  std::int64_t first = std::min(join_deadline_ms, sync_deadline_ms);
  for (const auto& [id, live] : members) first = std::min(first, live.deadline_ms());
  for (const auto& [id, deadline] : promised) first = std::min(first, deadline);
  return first;
}

std::optional<Topics> LiveGroup::topics() const {
  return subscribed_topics(replicated_members(), protocol_name);
}

Members LiveGroup::replicated_members() const {
  Members replicated;
  for (const auto& [id, live] : members) replicated.emplace(id, live.member);
  return replicated;
}

JoinAnswer LiveGroup::join_answer(const Member& member) const {
  JoinAnswer answer{.generation = generation,
                    .protocol_type = protocol_type,
                    .protocol_name = protocol_name,
                    .leader = leader,
                    .member_id = member.id};
  if (member.id != leader) return answer;
  for (const auto& [id, live] : members) {
    const Protocol* protocol = live.member.protocol(protocol_name);
    answer.members.push_back(
        {id, live.member.instance_id, protocol == nullptr ? Slice() : protocol->metadata});
  }
  return answer;
}

SyncAnswer LiveGroup::sync_answer(const Member& member) const {
  return {.protocol_type = protocol_type, .protocol_name = protocol_name, .assignment = member.assignment};
}

}  // namespace kontiki::group
