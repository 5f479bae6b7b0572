// FindCoordinator (API key 10). This broker coordinates no consumer groups: their keys are answered with
// COORDINATOR_NOT_AVAILABLE, with which clients wait. Transactions and share groups are refused for good, so
// that a client that wants one fails with the reason instead of waiting.

#include "broker/handlers.h"
#include "broker/shard_broker.h"
#include "kafka/messages/find_coordinator.h"

#include <string>
#include <utility>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;

constexpr std::int8_t kGroup = 0;
constexpr std::int8_t kTransaction = 1;

struct NoCoordinator {
  ErrorCode error;
  std::string message;
};

NoCoordinator why(std::int8_t key_type) {
  if (key_type == kGroup)
    return {ErrorCode::kCoordinatorNotAvailable, "No coordinator of this consumer group is available."};
  if (key_type == kTransaction) return {ErrorCode::kInvalidRequest, "Transactions are not supported."};
  return {ErrorCode::kInvalidRequest, "There are no coordinators of this kind."};
}

}  // namespace

void handle_find_coordinator(const RequestContext& context, kafka::FindCoordinatorRequest request,
                             Respond<kafka::FindCoordinatorResponse> respond) {
  const auto [error, message] = why(request.key_type);
  kafka::FindCoordinatorResponse response;
  response.error_code = error;
  response.error_message = message;
  response.node_id = -1;
  response.port = -1;
  for (auto& key : request.coordinator_keys) {
    auto& coordinator = response.coordinators.emplace_back();
    coordinator.key = std::move(key);
    coordinator.node_id = -1;
    coordinator.port = -1;
    coordinator.error_code = error;
    coordinator.error_message = message;
  }
  context.shard.count_error(error);
  respond(response);
}

}  // namespace kontiki::broker
