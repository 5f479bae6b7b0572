// FindCoordinator (API key 10): which broker coordinates a consumer group. The first one ever asked for makes
// the coordinators. Transactions and share groups are refused for good, so that a client that wants one fails
// with the reason instead of waiting.
//
// A broker that is cut off from the majority ends the connection of who asks for a coordinator that it does
// not know, as Metadata does: others may know.

#include "broker/cluster_view.h"
#include "broker/coordinators.h"
#include "broker/handlers.h"
#include "kafka/messages/find_coordinator.h"

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;
using Found = kafka::FindCoordinatorResponse::Coordinator;

constexpr std::int8_t kGroup = 0;
constexpr std::int8_t kTransaction = 1;

Found none(std::string key, ErrorCode error, std::string message) {
  Found found;
  found.key = std::move(key);
  found.node_id = kNoNode.value;
  found.port = -1;
  found.error_code = error;
  found.error_message = std::move(message);
  return found;
}

Found find(const ShardBroker& shard, const ClusterView& view, std::int8_t key_type, const std::string& key) {
  if (key_type == kTransaction)
    return none(key, ErrorCode::kInvalidRequest, "Transactions are not supported.");
  if (key_type != kGroup)
    return none(key, ErrorCode::kInvalidRequest, "There are no coordinators of this kind.");
  const auto group = coordinator_of(shard.cluster(), key);
  const metadata::Node* node =
      group && view.is_led(*group) ? shard.cluster().node(shard.leader_of(*group).node) : nullptr;
  if (node == nullptr)
    return none(key, ErrorCode::kCoordinatorNotAvailable,
                "No coordinator of this consumer group is available.");
  Found found;
  found.key = key;
  found.node_id = node->id.value;
  found.host = node->host;
  found.port = node->port;
  return found;
}

void answer(ShardBroker& shard, std::int16_t version, const kafka::FindCoordinatorRequest& request,
            Respond<kafka::FindCoordinatorResponse>& respond) {
  const auto view = view_of(shard);
  kafka::FindCoordinatorResponse response;
  if (version >= 4) {
    for (const auto& key : request.coordinator_keys)
      response.coordinators.push_back(find(shard, view, request.key_type, key));
  } else {
    const Found found = find(shard, view, request.key_type, request.key);
    response.error_code = found.error_code;
    response.error_message = found.error_message;
    response.node_id = found.node_id;
    response.host = found.host;
    response.port = found.port;
  }
  const auto is_missing = [](const Found& found) {
    return found.error_code == ErrorCode::kCoordinatorNotAvailable;
  };
  const bool misses = response.error_code == ErrorCode::kCoordinatorNotAvailable ||
                      std::ranges::any_of(response.coordinators, is_missing);
  if (misses && view.is_cut_off()) return respond.close({});
  shard.count_error(response.error_code);
  for (const Found& found : response.coordinators) shard.count_error(found.error_code);
  respond(response);
}

}  // namespace

void handle_find_coordinator(const RequestContext& context, kafka::FindCoordinatorRequest request,
                             Respond<kafka::FindCoordinatorResponse> respond) {
  ShardBroker& shard = context.shard;
  const std::int16_t version = context.version();
  if (request.key_type != kGroup) return answer(shard, version, request, respond);
  ensure_coordinators(
      shard, [&shard, version, request = std::move(request), respond = std::move(respond)]() mutable {
        answer(shard, version, request, respond);
      });
}

}  // namespace kontiki::broker
