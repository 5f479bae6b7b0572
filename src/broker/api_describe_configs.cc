// DescribeConfigs (API key 32): the settings of topics and of this broker.

#include "broker/admin_error.h"
#include "broker/broker.h"
#include "broker/config_change.h"
#include "broker/config_entries.h"
#include "broker/handlers.h"
#include "broker/shard_broker.h"
#include "kafka/messages/describe_configs.h"
#include "metadata/names.h"

#include <fmt/format.h>

#include <charconv>
#include <set>
#include <utility>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;

AdminResult<ConfigEntries> describe_topic(const metadata::Cluster& cluster, const std::string& name,
                                          const ConfigQuery& query) {
  if (!metadata::is_valid_topic_name(name)) return unexpected(explain(metadata::Error::kInvalidName));
  const auto* topic = cluster.topic(name);
  if (topic == nullptr) return unexpected(explain(metadata::Error::kUnknownTopic));
  return topic_config_entries(topic->configs, query);
}

// Only this broker's own: a client asks each broker for its settings. The empty name means the settings that
// were changed for all brokers while they ran; there are none.
AdminResult<ConfigEntries> describe_broker(ShardBroker& shard, const std::string& name,
                                           const ConfigQuery& query) {
  if (name.empty()) return ConfigEntries{};
  std::int32_t id = -1;
  const auto [end, error] = std::from_chars(name.data(), name.data() + name.size(), id);
  if (error != std::errc{} || end != name.data() + name.size())
    return refused(ErrorCode::kInvalidRequest, fmt::format("\"{}\" is not the number of a broker.", name));
  if (NodeId(id) != shard.self())
    return refused(
        ErrorCode::kInvalidRequest,
        fmt::format("This is broker {}; ask broker {} for its own settings.", shard.self().value, id));
  return broker_config_entries(shard.options(), shard.broker().kafka_address(), query);
}

AdminResult<ConfigEntries> describe(ShardBroker& shard,
                                    const kafka::DescribeConfigsRequest::Resource& resource,
                                    const ConfigQuery& query) {
  if (resource.resource_type == kTopicResource)
    return describe_topic(shard.cluster(), resource.resource_name, query);
  if (resource.resource_type == kBrokerResource) return describe_broker(shard, resource.resource_name, query);
  return refused(ErrorCode::kInvalidRequest,
                 fmt::format("Resources of type {} have no settings here; topics (2) and brokers (4) have.",
                             resource.resource_type));
}

}  // namespace

void handle_describe_configs(const RequestContext& context, kafka::DescribeConfigsRequest request,
                             Respond<kafka::DescribeConfigsResponse> respond) {
  kafka::DescribeConfigsResponse response;
  // Each resource once, however often it is named: its settings are much larger than its name.
  std::set<std::pair<std::int8_t, std::string>> seen;
  for (auto& resource : request.resources) {
    if (!seen.emplace(resource.resource_type, resource.resource_name).second) continue;
    auto& result = response.results.emplace_back();
    result.resource_type = resource.resource_type;
    result.resource_name = resource.resource_name;
    const ConfigQuery query{.names = std::move(resource.configuration_keys),
                            .synonyms = request.include_synonyms,
                            .documentation = request.include_documentation};
    auto entries = describe(context.shard, resource, query);
    if (entries) {
      result.configs = std::move(*entries);
    } else {
      result.error_code = entries.error().code;
      result.error_message = entries.error().message;
    }
    context.shard.count_error(result.error_code);
  }
  respond(response);
}

}  // namespace kontiki::broker
