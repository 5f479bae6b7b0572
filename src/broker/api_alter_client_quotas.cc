// AlterClientQuotas (API key 49): none can be set, and there is nothing to remove.

#include "broker/handlers.h"
#include "broker/shard_broker.h"
#include "broker/unsupported.h"
#include "kafka/messages/alter_client_quotas.h"

#include <algorithm>

namespace kontiki::broker {

void handle_alter_client_quotas(const RequestContext& context, kafka::AlterClientQuotasRequest request,
                                Respond<kafka::AlterClientQuotasResponse> respond) {
  kafka::AlterClientQuotasResponse response;
  for (auto& entry : request.entries) {
    auto& answer = response.entries.emplace_back();
    for (auto& entity : entry.entity)
      answer.entity.push_back({std::move(entity.entity_type), std::move(entity.entity_name)});
    const bool sets =
        std::any_of(entry.ops.begin(), entry.ops.end(), [](const auto& op) { return !op.remove; });
    if (!sets && !entry.entity.empty()) continue;
    answer.error_code = kafka::ErrorCode::kInvalidRequest;
    answer.error_message = sets ? kNoQuotas : "The entry names nobody.";
    context.shard.count_error(answer.error_code);
  }
  respond(response);
}

}  // namespace kontiki::broker
