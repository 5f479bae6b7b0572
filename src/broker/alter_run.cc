#include "broker/alter_run.h"

namespace kontiki::broker {

using kafka::ErrorCode;

AdminResult<std::optional<metadata::SetTopicConfigs>> plan_resource(const metadata::Cluster& cluster,
                                                                    std::int8_t type, const std::string& name,
                                                                    std::span<const ConfigChange> changes,
                                                                    PlanTopic plan) {
  if (type == kBrokerResource) {
    if (const auto checked = check_broker_change(name, changes); !checked) return unexpected(checked.error());
    return std::nullopt;
  }
  if (type != kTopicResource)
    return refused(
        ErrorCode::kInvalidRequest,
        fmt::format("Resources of type {} have no settings here; topics (2) and brokers (4) have.", type));
  if (!metadata::is_valid_topic_name(name)) return unexpected(explain(metadata::Error::kInvalidName));
  const metadata::Topic* topic = cluster.topic(name);
  if (topic == nullptr) return unexpected(explain(metadata::Error::kUnknownTopic));
  if (metadata::is_internal_topic(name)) return unexpected(internal_topic(name));
  auto command = plan(*topic, changes);
  if (!command) return unexpected(command.error());
  if (const auto error = cluster.check(*command); error != metadata::Error::kNone)
    return unexpected(explain(error));
  if (command->set.empty() && command->remove.empty()) return std::nullopt;
  return std::move(*command);
}

}  // namespace kontiki::broker
