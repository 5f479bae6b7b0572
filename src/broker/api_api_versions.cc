// ApiVersions (API key 18): what this broker serves. A version that is not known is answered before it gets
// here: see Connection.

#include "broker/dispatch.h"
#include "broker/handlers.h"
#include "broker/shard_broker.h"
#include "kafka/messages/api_versions.h"

#include <algorithm>
#include <string_view>

namespace kontiki::broker {
namespace {

bool is_alphanumeric(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}

// [a-zA-Z0-9](?:[a-zA-Z0-9\-.]*[a-zA-Z0-9])?
bool is_software_word(std::string_view text) {
  if (text.empty() || !is_alphanumeric(text.front()) || !is_alphanumeric(text.back())) return false;
  return std::all_of(text.begin(), text.end(),
                     [](char c) { return is_alphanumeric(c) || c == '-' || c == '.'; });
}

}  // namespace

void handle_api_versions(const RequestContext& context, kafka::ApiVersionsRequest request,
                         Respond<kafka::ApiVersionsResponse> respond) {
  kafka::ApiVersionsResponse response;
  const bool named = context.version() >= 3;
  if (named && !(is_software_word(request.client_software_name) &&
                 is_software_word(request.client_software_version))) {
    response.error_code = kafka::ErrorCode::kInvalidRequest;
    context.shard.count_error(response.error_code);
    return respond(response);
  }
  for (const kafka::ApiInfo* api : served_apis())
    response.api_keys.push_back(
        {static_cast<std::int16_t>(api->key), api->advertised.min, api->advertised.max});
  respond(response);
}

}  // namespace kontiki::broker
