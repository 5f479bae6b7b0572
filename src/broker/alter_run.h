// alter: what AlterConfigs and IncrementalAlterConfigs have in common: their requests and answers differ only
// in how a change is said. Any broker takes them; answered when this broker knows the change. Lives for one
// request, on its shard.
#pragma once

#include "broker/config_change.h"
#include "broker/handlers.h"
#include "broker/shard_broker.h"
#include "metadata/names.h"

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace kontiki::broker {

inline constexpr std::int64_t kAlterTimeoutUs = 30'000'000;  // the requests name none

template <class Response>
struct AlterRun {
  ShardBroker& shard;
  Respond<Response> respond;
  Response response;
  std::size_t open = 1;  // changes under way, and one while they are being started

  void done() {
    if (--open > 0) return;
    for (const auto& one : response.responses) shard.count_error(one.error_code);
    respond(response);
  }
  void fail(std::size_t place, const AdminError& error) {
    if (error.code == kafka::ErrorCode::kNone) return;
    response.responses[place].error_code = error.code;
    response.responses[place].error_message = error.message;
  }
};

using PlanTopic = AdminResult<metadata::SetTopicConfigs> (*)(const metadata::Topic&,
                                                             std::span<const ConfigChange>);

// The command for one resource; none: there is nothing to do.
AdminResult<std::optional<metadata::SetTopicConfigs>> plan_resource(const metadata::Cluster& cluster,
                                                                    std::int8_t type, const std::string& name,
                                                                    std::span<const ConfigChange> changes,
                                                                    PlanTopic plan);

// `changes_of` makes a ConfigChange of each of a resource's entries.
template <class Request, class Response, class ChangesOf>
void alter(const RequestContext& context, const Request& request, Respond<Response> respond, PlanTopic plan,
           ChangesOf changes_of) {
  const auto run =
      std::make_shared<AlterRun<Response>>(AlterRun<Response>{context.shard, std::move(respond), {}, 1});
  std::map<std::pair<std::int8_t, std::string>, int> named;
  for (const auto& resource : request.resources) ++named[{resource.resource_type, resource.resource_name}];
  std::map<std::size_t, metadata::SetTopicConfigs> commands;  // by place in the answer
  for (const auto& resource : request.resources) {
    int& times = named[{resource.resource_type, resource.resource_name}];
    if (times < 0) continue;  // answered
    auto& one = run->response.responses.emplace_back();
    one.resource_type = resource.resource_type;
    one.resource_name = resource.resource_name;
    const std::size_t place = run->response.responses.size() - 1;
    if (std::exchange(times, -1) > 1) {
      run->fail(place, {kafka::ErrorCode::kInvalidRequest, "The resource stands in the request twice."});
      continue;
    }
    std::vector<ConfigChange> changes;
    for (const auto& config : resource.configs) changes.push_back(changes_of(config));
    auto command =
        plan_resource(context.shard.cluster(), resource.resource_type, resource.resource_name, changes, plan);
    if (!command)
      run->fail(place, command.error());
    else if (*command && !request.validate_only)
      commands.emplace(place, std::move(**command));
  }
  run->open += commands.size();
  for (auto& [place, command] : commands)
    context.shard.submit(std::move(command), kAlterTimeoutUs, [run, at = place](const SubmitResult& result) {
      run->fail(at, explain(result));
      run->done();
    });
  run->done();
}

}  // namespace kontiki::broker
