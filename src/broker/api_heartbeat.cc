// Heartbeat (API key 12): a member says that it is there, and hears whether its group is being rebalanced.

#include "broker/coordinators.h"
#include "broker/handlers.h"
#include "kafka/messages/heartbeat.h"

#include <utility>

namespace kontiki::broker {

void handle_heartbeat(const RequestContext& context, kafka::HeartbeatRequest request,
                      Respond<kafka::HeartbeatResponse> respond) {
  ShardBroker& shard = context.shard;
  const std::string group = request.group_id;
  group::Caller caller{group, request.generation_id, std::move(request.member_id),
                       std::move(request.group_instance_id)};
  ask_coordinator(shard, group, std::move(caller),
                  [&shard, respond = std::move(respond)](const group::ErrorAnswer& answer) mutable {
                    kafka::HeartbeatResponse response;
                    response.error_code = code_of(answer.error);
                    shard.count_error(response.error_code);
                    respond(response);
                  });
}

}  // namespace kontiki::broker
