// The one table from API keys to handlers: what is in it is served and advertised, nothing else. Constant.
#pragma once

#include "base/result.h"
#include "broker/request.h"
#include "kafka/api.h"

#include <string>
#include <vector>

namespace kontiki::broker {

// Decodes the body and calls the handler; an error sentence if the body does not parse.
using Serve = Result<void, std::string> (*)(const RequestContext& context, const Slice& body, Reply reply);

// Null if there is no handler for the API.
Serve find_handler(kafka::ApiKey key);
// The APIs that have a handler, by key.
std::vector<const kafka::ApiInfo*> served_apis();

}  // namespace kontiki::broker
