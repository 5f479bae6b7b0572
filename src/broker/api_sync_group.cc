// SyncGroup (API key 14): the leader of a consumer group brings the assignment, every member gets its part.

#include "broker/coordinators.h"
#include "broker/handlers.h"
#include "kafka/messages/sync_group.h"

#include <utility>

namespace kontiki::broker {

void handle_sync_group(const RequestContext& context, kafka::SyncGroupRequest request,
                       Respond<kafka::SyncGroupResponse> respond) {
  ShardBroker& shard = context.shard;
  const std::string group = request.group_id;
  group::SyncRequest sync{
      .caller = {group, request.generation_id, std::move(request.member_id),
                 std::move(request.group_instance_id)},
      .protocol_type = std::move(request.protocol_type),
      .protocol_name = std::move(request.protocol_name),
  };
  for (auto& part : request.assignments) sync.assignments[part.member_id] = std::move(part.assignment);
  ask_coordinator(shard, group, std::move(sync),
                  [&shard, respond = std::move(respond)](group::SyncAnswer answer) mutable {
                    kafka::SyncGroupResponse response;
                    response.error_code = code_of(answer.error);
                    if (answer.error == group::Error::kNone) {
                      response.protocol_type = std::move(answer.protocol_type);
                      response.protocol_name = std::move(answer.protocol_name);
                    }
                    response.assignment = std::move(answer.assignment);
                    shard.count_error(response.error_code);
                    respond(response);
                  });
}

}  // namespace kontiki::broker
