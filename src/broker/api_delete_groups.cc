// DeleteGroups (API key 42): deletes consumer groups without members, with the offsets that they committed.

#include "broker/coordinators.h"
#include "broker/handlers.h"
#include "kafka/messages/delete_groups.h"

#include <memory>
#include <set>
#include <utility>

namespace kontiki::broker {
namespace {

struct DeleteRun {
  ShardBroker& shard;
  Respond<kafka::DeleteGroupsResponse> respond;
  kafka::DeleteGroupsResponse response;
  std::size_t open = 1;  // deletions under way, and one while they are being started

  void one_done() {
    if (--open != 0) return;
    for (const auto& result : response.results) shard.count_error(result.error_code);
    respond(response);
  }
};

}  // namespace

void handle_delete_groups(const RequestContext& context, kafka::DeleteGroupsRequest request,
                          Respond<kafka::DeleteGroupsResponse> respond) {
  const auto run = std::make_shared<DeleteRun>(DeleteRun{context.shard, std::move(respond), {}, 1});
  const std::set<std::string> names(request.groups_names.begin(), request.groups_names.end());
  for (const auto& name : names) run->response.results.push_back({name, kafka::ErrorCode::kNone});
  std::size_t place = 0;
  for (const auto& name : names) {
    ++run->open;
    ask_coordinator(context.shard, name, DeleteGroupAsk{name},
                    [run, at = place++](const group::ErrorAnswer& answer) {
                      run->response.results[at].error_code = code_of(answer.error);
                      run->one_done();
                    });
  }
  run->one_done();
}

}  // namespace kontiki::broker
