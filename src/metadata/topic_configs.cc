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
           "The replicas that have a record on disk before it is acknowledged, at least. It is always a "
           "majority of them, so a value above the majority is refused.",
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
      {.name = "unclean.leader.election.enable",
       .type = ConfigType::kBoolean,
       .default_value = "false",
       .documentation = "A replica that lacks acknowledged records never becomes the leader.",
       .allowed = {"false"},
       .why = "acknowledged records would be lost"},
  };
  return kTable;
}

// Settings that Kafka has, for the message that refuses them.
std::string_view why_missing(std::string_view name) {
  struct Missing {
    std::string_view prefix;
    std::string_view why;
  };
  constexpr std::string_view kNoCompaction = "log compaction is not supported";
  constexpr std::string_view kFlushed = "every record is on the disk of a majority before it is acknowledged";
  constexpr std::string_view kAsProduced = "records are stored as the producer compressed them";
  constexpr std::string_view kNotTiered = "all records are kept on the brokers themselves";
  constexpr std::string_view kBySize = "segments are closed by their size alone; set segment.bytes";
  constexpr Missing kMissing[] = {
      {"compression.", kAsProduced},
      {"delete.retention.ms", kNoCompaction},
      {"flush.", kFlushed},
      {"follower.replication.throttled.", "replication is not throttled"},
      {"leader.replication.throttled.", "replication is not throttled"},
      {"local.retention.", kNotTiered},
      {"max.compaction.lag.ms", kNoCompaction},
      {"message.downconversion.enable", "records are never converted to older formats"},
      {"message.format.version", "records are kept in format 2"},
      {"message.timestamp.difference.max.ms",
       "set message.timestamp.before.max.ms and message.timestamp.after.max.ms"},
      {"min.cleanable.dirty.ratio", kNoCompaction},
      {"min.compaction.lag.ms", kNoCompaction},
      {"remote.", kNotTiered},
      {"segment.jitter.ms", kBySize},
      {"segment.ms", kBySize},
  };
  for (const Missing& missing : kMissing)
    if (name.starts_with(missing.prefix)) return missing.why;
  return {};
}

std::string no_such_setting(std::string_view name) {
  const std::string_view why = why_missing(name);
  if (why.empty()) return fmt::format("there is no topic setting \"{}\"", name);
  return fmt::format("the topic setting \"{}\" of Kafka does not exist here: {}", name, why);
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
  if (config.allowed.empty() ||
      std::find(config.allowed.begin(), config.allowed.end(), value) != config.allowed.end())
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
  if (config == nullptr) return no_such_setting(name);
  switch (config->type) {
    case ConfigType::kInt:
    case ConfigType::kLong:
      return check_number(*config, value);
    case ConfigType::kBoolean:
      if (value == "true" || value == "false") return check_choice(*config, value);
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

std::optional<std::string> check_replica_configs(const Configs& configs, std::size_t replicas) {
  const auto in_sync = configs.find("min.insync.replicas");
  if (in_sync == configs.end()) return std::nullopt;
  const std::size_t majority = replicas / 2 + 1;
  const auto wanted = number(in_sync->second);
  if (!wanted || *wanted <= static_cast<std::int64_t>(majority)) return std::nullopt;
  return fmt::format(
      "min.insync.replicas={} cannot be kept: a record is acknowledged when a majority of the replicas has "
      "it, "
      "which is {} of {}",
      in_sync->second, majority, replicas);
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
