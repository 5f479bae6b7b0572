// DescribeGroups (API key 15): the state and the members of consumer groups.

#include "broker/coordinators.h"
#include "broker/handlers.h"
#include "kafka/messages/describe_groups.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;
using Shown = kafka::DescribeGroupsResponse::Group;

// What a client may do with a group, as bits by Kafka's numbers: read, delete, describe.
constexpr std::int32_t kGroupOperations = 0b1'0100'1000;
constexpr std::int16_t kNotFoundSince = 6;  // before, a group that does not exist is Dead, without an error

struct Query {
  GroupId coordinator;
  std::size_t place = 0;  // in the answer
  std::string group;
  group::GroupDescription description;
};

void look(const CoordinatorHost* host, group::Error error, Query& query) {
  if (error == group::Error::kNone)
    query.description = host->coordinator().describe(query.group);
  else
    query.description.error = error;
}

Shown show(std::string name, group::GroupDescription& description, std::int16_t version) {
  Shown shown;
  shown.group_id = std::move(name);
  shown.error_code = code_of(description.error);
  if (description.error == group::Error::kGroupIdNotFound) {
    shown.group_state = group::to_string(group::State::kDead);
    shown.error_message = "There is no such group.";
    if (version < kNotFoundSince) shown.error_code = ErrorCode::kNone;
  }
  if (description.error != group::Error::kNone) return shown;
  shown.group_state = group::to_string(description.state);
  shown.protocol_type = std::move(description.protocol_type);
  shown.protocol_data = std::move(description.protocol_name);
  for (std::size_t i = 0; i < description.members.size(); ++i) {
    group::Member& member = description.members[i];
    auto& to = shown.members.emplace_back();
    to.member_id = std::move(member.id);
    to.group_instance_id = std::move(member.instance_id);
    to.client_id = std::move(member.client_id);
    to.client_host = std::move(member.client_host);
    to.member_metadata = std::move(description.metadata[i]);
    to.member_assignment = std::move(member.assignment);
  }
  return shown;
}

}  // namespace

void handle_describe_groups(const RequestContext& context, kafka::DescribeGroupsRequest request,
                            Respond<kafka::DescribeGroupsResponse> respond) {
  ShardBroker& shard = context.shard;
  // Each once, however often it is named: a description is much larger than a name.
  std::set<std::string> seen;
  std::erase_if(request.groups, [&](const std::string& name) { return !seen.insert(name).second; });
  std::vector<Query> queries;
  std::vector<Shown> groups(request.groups.size());
  for (std::size_t i = 0; i < groups.size(); ++i) {
    const auto coordinator = coordinator_of(shard.cluster(), request.groups[i]);
    if (coordinator) {
      queries.push_back({*coordinator, i, std::move(request.groups[i]), {}});
    } else {
      groups[i].group_id = std::move(request.groups[i]);
      groups[i].error_code = ErrorCode::kNotCoordinator;
    }
  }
  query_coordinators<Query>(
      shard, std::move(queries), &look,
      [&shard, version = context.version(), wants_operations = request.include_authorized_operations,
       groups = std::move(groups), respond = std::move(respond)](std::vector<Query> done) mutable {
        for (Query& query : done)
          groups[query.place] = show(std::move(query.group), query.description, version);
        for (Shown& shown : groups) {
          shard.count_error(shown.error_code);
          if (wants_operations && shown.error_code == ErrorCode::kNone)
            shown.authorized_operations = kGroupOperations;
        }
        kafka::DescribeGroupsResponse response;
        response.groups = std::move(groups);
        respond(response);
      });
}

}  // namespace kontiki::broker
