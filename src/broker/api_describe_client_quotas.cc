// DescribeClientQuotas (API key 48): there are none, so whatever is looked for is not found.

#include "broker/handlers.h"
#include "broker/shard_broker.h"
#include "kafka/messages/describe_client_quotas.h"

#include <set>

namespace kontiki::broker {
namespace {

constexpr std::int8_t kMatchExact = 0;
constexpr std::int8_t kMatchAny = 2;

const char* problem_of(const kafka::DescribeClientQuotasRequest& request) {
  std::set<std::string> seen;
  for (const auto& component : request.components) {
    if (component.entity_type.empty()) return "A component of the filter has no entity type.";
    if (!seen.insert(component.entity_type).second)
      return "An entity type stands in the filter more than once.";
    if (component.match_type < kMatchExact || component.match_type > kMatchAny)
      return "The match type of a component is not known.";
    if (component.match_type == kMatchExact && !component.match)
      return "A component that matches exactly has nothing to match.";
    if (component.match_type != kMatchExact && component.match)
      return "A component that matches the default or anything must not name anything.";
  }
  return nullptr;
}

}  // namespace

void handle_describe_client_quotas(const RequestContext& context, kafka::DescribeClientQuotasRequest request,
                                   Respond<kafka::DescribeClientQuotasResponse> respond) {
  kafka::DescribeClientQuotasResponse response;
  response.error_message.reset();
  if (const char* problem = problem_of(request)) {
    response.error_code = kafka::ErrorCode::kInvalidRequest;
    response.error_message = problem;
    response.entries.reset();
    context.shard.count_error(response.error_code);
  }
  respond(response);
}

}  // namespace kontiki::broker
