#include "broker/config_change.h"

#include "metadata/topic_configs.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;
using metadata::ConfigType;

std::vector<std::string> items_of(std::string_view list) {
  std::vector<std::string> items;
  while (!list.empty()) {
    const std::size_t comma = std::min(list.find(','), list.size());
    if (comma > 0) items.emplace_back(list.substr(0, comma));
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return items;
}

// The list with the items of `change` added, or without them.
std::string edited(std::string_view list, std::string_view change, bool add) {
  std::vector<std::string> items = items_of(list);
  for (const std::string& item : items_of(change)) {
    const auto at = std::find(items.begin(), items.end(), item);
    if (add && at == items.end()) items.push_back(item);
    if (!add && at != items.end()) items.erase(at);
  }
  std::string text;
  for (const std::string& item : items) text += (text.empty() ? "" : ",") + item;
  return text;
}

// What does not depend on the topic.
AdminResult<void> check_form(std::span<const ConfigChange> changes) {
  std::set<std::string_view> seen;
  for (const ConfigChange& change : changes) {
    if (!seen.insert(change.name).second)
      return refused(ErrorCode::kInvalidRequest,
                     fmt::format("The setting \"{}\" stands in the request more than once.", change.name));
    if (change.operation < 0 || change.operation > static_cast<std::int8_t>(ConfigOperation::kSubtract))
      return refused(ErrorCode::kInvalidRequest,
                     fmt::format("There is no operation {} on settings.", change.operation));
    if (!change.value && change.operation != static_cast<std::int8_t>(ConfigOperation::kDelete))
      return refused(ErrorCode::kInvalidRequest,
                     fmt::format("The setting \"{}\" has no value.", change.name));
  }
  return {};
}

// The value that the change leads to; none: the default.
AdminResult<std::optional<std::string>> value_after(const metadata::Topic& topic,
                                                    const ConfigChange& change) {
  const metadata::TopicConfig* config = metadata::find_topic_config(change.name);
  const auto operation = static_cast<ConfigOperation>(change.operation);
  if (operation == ConfigOperation::kDelete) {
    // What an older or newer program has set can be taken away again.
    if (config == nullptr && !topic.configs.contains(change.name))
      return refused(ErrorCode::kInvalidConfig, *metadata::check_topic_config(change.name, ""));
    return std::nullopt;
  }
  if (operation == ConfigOperation::kSet || config == nullptr) return change.value;
  if (config->type != ConfigType::kList)
    return refused(ErrorCode::kInvalidConfig,
                   fmt::format("{} is no list: it can be set and deleted only.", change.name));
  return edited(metadata::topic_config_value(topic.configs, change.name), *change.value,
                operation == ConfigOperation::kAppend);
}

AdminResult<void> check_values(const metadata::Topic& topic, const metadata::Configs& set) {
  if (auto message = metadata::check_topic_configs(set))
    return refused(ErrorCode::kInvalidConfig, std::move(*message));
  if (auto message = metadata::check_replica_configs(set, topic.partitions.front().target().size()))
    return refused(ErrorCode::kInvalidConfig, std::move(*message));
  return {};
}

}  // namespace

AdminResult<metadata::SetTopicConfigs> plan_change(const metadata::Topic& topic,
                                                   std::span<const ConfigChange> changes) {
  if (const auto form = check_form(changes); !form) return unexpected(form.error());
  metadata::SetTopicConfigs command{.id = topic.id, .set = {}, .remove = {}};
  for (const ConfigChange& change : changes) {
    auto value = value_after(topic, change);
    if (!value) return unexpected(value.error());
    if (*value)
      command.set[change.name] = std::move(**value);
    else
      command.remove.push_back(change.name);
  }
  if (const auto values = check_values(topic, command.set); !values) return unexpected(values.error());
  return command;
}

AdminResult<metadata::SetTopicConfigs> plan_replacement(const metadata::Topic& topic,
                                                        std::span<const ConfigChange> configs) {
  auto command = plan_change(topic, configs);
  if (!command) return command;
  for (const auto& [name, value] : topic.configs)
    if (!command->set.contains(name)) command->remove.push_back(name);
  return command;
}

AdminResult<void> check_broker_change(std::string_view broker, std::span<const ConfigChange> changes) {
  if (changes.empty()) return {};
  return refused(
      ErrorCode::kInvalidRequest,
      fmt::format("{} cannot be changed while {} runs: settings of brokers are read at their start, from "
                  "the command line or the configuration file.",
                  changes.front().name, broker.empty() ? "a broker" : fmt::format("broker {}", broker)));
}

}  // namespace kontiki::broker
