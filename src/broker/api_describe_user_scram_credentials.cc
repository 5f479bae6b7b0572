// DescribeUserScramCredentials (API key 50): there are no users.

#include "broker/handlers.h"
#include "broker/shard_broker.h"
#include "kafka/messages/describe_user_scram_credentials.h"

#include <fmt/format.h>

#include <map>

namespace kontiki::broker {

void handle_describe_user_scram_credentials(const RequestContext& context,
                                            kafka::DescribeUserScramCredentialsRequest request,
                                            Respond<kafka::DescribeUserScramCredentialsResponse> respond) {
  using kafka::ErrorCode;
  kafka::DescribeUserScramCredentialsResponse response;
  response.error_message.reset();
  std::map<std::string, int> named;
  if (request.users)
    for (const auto& user : *request.users) ++named[user.name];
  for (const auto& [name, times] : named) {
    auto& result = response.results.emplace_back();
    result.user = name;
    result.error_code = times > 1 ? ErrorCode::kDuplicateResource : ErrorCode::kResourceNotFound;
    result.error_message = times > 1 ? fmt::format("The user \"{}\" stands in the request twice.", name)
                                     : fmt::format("The user \"{}\" has no credentials.", name);
    context.shard.count_error(result.error_code);
  }
  respond(response);
}

}  // namespace kontiki::broker
