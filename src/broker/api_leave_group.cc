// LeaveGroup (API key 13): members leave their group, or are removed by an administrator.

#include "broker/coordinators.h"
#include "broker/handlers.h"
#include "kafka/messages/leave_group.h"

#include <utility>

namespace kontiki::broker {
namespace {

// Before version 3 exactly one member leaves, and its error is that of the request.
constexpr std::int16_t kManySince = 3;

kafka::LeaveGroupResponse translate(const group::LeaveRequest& leave, const group::ListAnswer& answer,
                                    std::int16_t version) {
  kafka::LeaveGroupResponse response;
  response.error_code = code_of(answer.error);
  if (version < kManySince) {
    response.error_code = code_of(answer, 0);
    return response;
  }
  if (answer.error != group::Error::kNone) return response;
  for (std::size_t i = 0; i < leave.leavers.size(); ++i) {
    auto& member = response.members.emplace_back();
    member.member_id = leave.leavers[i].member_id;
    member.group_instance_id = leave.leavers[i].instance_id;
    member.error_code = code_of(answer, i);
  }
  return response;
}

}  // namespace

void handle_leave_group(const RequestContext& context, kafka::LeaveGroupRequest request,
                        Respond<kafka::LeaveGroupResponse> respond) {
  ShardBroker& shard = context.shard;
  group::LeaveRequest leave{.group = std::move(request.group_id), .leavers = {}};
  if (context.version() < kManySince) leave.leavers.push_back({std::move(request.member_id), {}});
  for (auto& member : request.members)
    leave.leavers.push_back({std::move(member.member_id), std::move(member.group_instance_id)});
  ask_coordinator(shard, leave.group, leave,
                  [&shard, leave, version = context.version(),
                   respond = std::move(respond)](const group::ListAnswer& answer) mutable {
                    const auto response = translate(leave, answer, version);
                    shard.count_error(response.error_code);
                    for (const auto& member : response.members) shard.count_error(member.error_code);
                    respond(response);
                  });
}

}  // namespace kontiki::broker
