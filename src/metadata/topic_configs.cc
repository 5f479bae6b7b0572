#include "metadata/topic_configs.h"

#include "base/check.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <charconv>
#include <limits>

namespace kontiki::metadata {
namespace {

constexpr std::int64_t kLongMax = std::numeric_limits<std::int64_t>::max();
constexpr std::int64_t kIntMax = std::numeric_limits<std::int32_t>::max();

const std::vector<TopicConfig>& table() {
  static const std::vector<TopicConfig> kTable = {
      {.name = "cleanup.policy",
       .type = ConfigType::kList,
       .default_value = "delete",
       .documentation = "What happens to old records: \"delete\" removes whole segments by age and size.",
       .allowed = {"delete"},
       .refused = "compact",
       .why = "log compaction is not supported; use \"delete\""},
      {.name = "compression.type",
       .type = ConfigType::kString,
       .default_value = "producer",
       .documentation = "Records are stored as the producer compressed them.",
       .allowed = {"producer"},
       .why = "the broker never compresses anew; set compression.type of the producer instead"},
      {.name = "max.message.bytes",
       .type = ConfigType::kInt,
       .default_value = "1048588",
       .documentation = "The largest record batch that is accepted, after compression, in bytes.",
       .min = 0,
       .max = static_cast<std::int64_t>(limits::kRequestBytesMax)},
      {.name = "message.timestamp.after.max.ms",
       .type = ConfigType::kLong,
       .default_value = "3600000",
       .documentation = "How far the timestamp of a record may lie ahead of the broker's clock.",
       .min = 0,
       .max = kLongMax},
      {.name = "message.timestamp.before.max.ms",
       .type = ConfigType::kLong,
       .default_value = "9223372036854775807",
       .documentation = "How far the timestamp of a record may lie behind the broker's clock.",
       .min = 0,
       .max = kLongMax},
      {.name = "message.timestamp.type",
       .type = ConfigType::kString,
       .default_value = "CreateTime",
       .documentation = "Whether records keep the time of the producer or get that of the append.",
       .allowed = {"CreateTime", "LogAppendTime"}},
      {.name = "min.insync.replicas",
       .type = ConfigType::kInt,
       .default_value = "1",
       .documentation =
           "Accepted for compatibility. A record is acknowledged when a majority of the replicas has made "
           "it durable, whatever this says.",
       .min = 1,
       .max = kIntMax},
      {.name = "retention.bytes",
       .type = ConfigType::kLong,
       .default_value = "-1",
       .documentation = "The size per partition above which the oldest segments are deleted. -1: unlimited.",
       .min = -1,
       .max = kLongMax},
      {.name = "retention.ms",
       .type = ConfigType::kLong,
       .default_value = "604800000",
       .documentation = "The age of their newest record above which segments are deleted. -1: unlimited.",
       .min = -1,
       .max = kLongMax},
      {.name = "segment.bytes",
       .type = ConfigType::kInt,
       .default_value = "1073741824",
       .documentation = "The size at which a segment is closed and a new one begun.",
       .min = 1 << 20,
       .max = kIntMax},
  };
  return kTable;
}

std::optional<std::int64_t> number(std::string_view text) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<std::string> check_number(const TopicConfig& config, std::string_view value) {
  const auto n = number(value);
  if (n && config.min <= *n && *n <= config.max) return std::nullopt;
  return fmt::format("{} must be a whole number from {} to {}, not \"{}\"", config.name, config.min,
                     config.max, value);
}

bool has_item(std::string_view list, std::string_view wanted) {
  while (true) {
    const std::size_t comma = list.find(',');
    if (list.substr(0, comma) == wanted) return true;
    if (comma == std::string_view::npos) return false;
    list.remove_prefix(comma + 1);
  }
}

std::optional<std::string> check_choice(const TopicConfig& config, std::string_view value) {
  if (std::find(config.allowed.begin(), config.allowed.end(), value) != config.allowed.end())
    return std::nullopt;
  std::string message =
      fmt::format("{} must be {}, not \"{}\"", config.name, fmt::join(config.allowed, " or "), value);
  if (!config.why.empty() && (config.refused.empty() || has_item(value, config.refused)))
    message += fmt::format(": {}", config.why);
  return message;
}

}  // namespace

std::span<const TopicConfig> topic_configs() {
  return table();
}

const TopicConfig* find_topic_config(std::string_view name) {
  const auto it =
      std::find_if(table().begin(), table().end(), [&](const TopicConfig& c) { return c.name == name; });
  return it == table().end() ? nullptr : &*it;
}

std::optional<std::string> check_topic_config(std::string_view name, std::string_view value) {
  const TopicConfig* config = find_topic_config(name);
  if (config == nullptr) return fmt::format("there is no topic setting \"{}\"", name);
  switch (config->type) {
    case ConfigType::kInt:
    case ConfigType::kLong:
      return check_number(*config, value);
    case ConfigType::kBoolean:
      if (value == "true" || value == "false") return std::nullopt;
      return fmt::format("{} must be true or false, not \"{}\"", name, value);
    case ConfigType::kString:
    case ConfigType::kList:
      return check_choice(*config, value);
  }
  return std::nullopt;
}

std::optional<std::string> check_topic_configs(const Configs& configs) {
  for (const auto& [name, value] : configs)
    if (auto message = check_topic_config(name, value)) return message;
  return std::nullopt;
}

std::string_view topic_config_value(const Configs& configs, std::string_view name) {
  const TopicConfig* config = find_topic_config(name);
  CHECK(config != nullptr, "an unknown topic setting");
  const auto it = configs.find(std::string(name));
  return it == configs.end() ? config->default_value : std::string_view(it->second);
}

TopicSettings topic_settings(const Configs& configs) {
  const auto readable = [&](std::string_view name) {
    const std::string_view value = topic_config_value(configs, name);
    return check_topic_config(name, value) ? find_topic_config(name)->default_value : value;
  };
  const auto integer = [&](std::string_view name) { return number(readable(name)).value_or(0); };
  return {.retention_ms = integer("retention.ms"),
          .retention_bytes = integer("retention.bytes"),
          .segment_bytes = integer("segment.bytes"),
          .max_message_bytes = integer("max.message.bytes"),
          .log_append_time = readable("message.timestamp.type") == "LogAppendTime",
          .message_timestamp_after_max_ms = integer("message.timestamp.after.max.ms"),
          .message_timestamp_before_max_ms = integer("message.timestamp.before.max.ms")};
}

}  // namespace kontiki::metadata
