// JoinGroup (API key 11): a consumer joins its group, or joins again because others come or go. Answered when
// the members of the next generation are known.

#include "broker/coordinators.h"
#include "broker/door.h"
#include "broker/handlers.h"
#include "kafka/messages/join_group.h"

#include <utility>

namespace kontiki::broker {
namespace {

group::JoinRequest translate(const RequestContext& context, kafka::JoinGroupRequest& request) {
  group::JoinRequest join;
  join.group = request.group_id;
  join.member_id = std::move(request.member_id);
  join.client_id = context.header.client_id.value_or("");
  join.client_host = "/" + host_of(context.remote);  // as Kafka shows it
  join.session_timeout_ms = request.session_timeout_ms;
  join.rebalance_timeout_ms =
      context.version() == 0 ? request.session_timeout_ms : request.rebalance_timeout_ms;
  join.protocol_type = std::move(request.protocol_type);
  for (auto& protocol : request.protocols)
    join.protocols.push_back({std::move(protocol.name), std::move(protocol.metadata)});
  join.requires_known_member_id = context.version() >= 4 && !request.group_instance_id;
  join.supports_skip_assignment = context.version() >= 9;
  join.instance_id = std::move(request.group_instance_id);
  return join;
}

kafka::JoinGroupResponse translate(group::JoinAnswer& answer, std::int16_t version) {
  kafka::JoinGroupResponse response;
  response.error_code = code_of(answer.error);
  response.generation_id = answer.generation;
  if (answer.error == group::Error::kNone) {
    response.protocol_type = std::move(answer.protocol_type);
    response.protocol_name = std::move(answer.protocol_name);
  } else if (version >= 7) {
    response.protocol_name.reset();
  }
  response.leader = std::move(answer.leader);
  response.skip_assignment = answer.skip_assignment;
  response.member_id = std::move(answer.member_id);
  for (auto& joined : answer.members) {
    auto& member = response.members.emplace_back();
    member.member_id = std::move(joined.member_id);
    member.group_instance_id = std::move(joined.instance_id);
    member.metadata = std::move(joined.metadata);
  }
  return response;
}

}  // namespace

void handle_join_group(const RequestContext& context, kafka::JoinGroupRequest request,
                       Respond<kafka::JoinGroupResponse> respond) {
  ShardBroker& shard = context.shard;
  const std::string group = request.group_id;
  ask_coordinator(
      shard, group, translate(context, request),
      [&shard, version = context.version(), respond = std::move(respond)](group::JoinAnswer answer) mutable {
        const auto response = translate(answer, version);
        shard.count_error(response.error_code);
        respond(response);
      });
}

}  // namespace kontiki::broker
