// The settings of a topic: one table with name, type, default, meaning and allowed values, from which
// CreateTopics and IncrementalAlterConfigs check, and DescribeConfigs answers. Checked by the proposer, never
// in Cluster::apply: programs of different versions, with different tables, must apply a log alike.
#pragma once

#include "base/limits.h"
#include "metadata/types.h"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace kontiki::metadata {

// Values are those of DescribeConfigs' config type.
enum class ConfigType : std::int8_t { kBoolean = 1, kString = 2, kInt = 3, kLong = 5, kList = 7 };

struct TopicConfig {
  std::string_view name;
  ConfigType type;
  std::string_view default_value;
  std::string_view documentation;
  std::int64_t min = 0;                        // kInt and kLong
  std::int64_t max = 0;                        // likewise
  std::vector<std::string_view> allowed = {};  // kBoolean, kString and kList; empty: any
  std::string_view refused = {};               // a value that Kafka allows and Kontiki does not, if any
  std::string_view why = {};                   // the reason for that, for the message
};

std::span<const TopicConfig> topic_configs();  // by name
const TopicConfig* find_topic_config(std::string_view name);
// Nothing if the value may be set; else a sentence for the user (Error::kInvalidConfig).
std::optional<std::string> check_topic_config(std::string_view name, std::string_view value);
std::optional<std::string> check_topic_configs(const Configs& configs);
// Likewise for what depends on the number of replicas of the topic's partitions.
std::optional<std::string> check_replica_configs(const Configs& configs, std::size_t replicas);
// The value of a setting of a topic: its own, or the default. The setting must be in the table.
std::string_view topic_config_value(const Configs& configs, std::string_view name);

// The settings that the broker acts on, as numbers. -1 means unlimited where Kafka says so.
struct TopicSettings {
  std::int64_t retention_ms = 604'800'000;
  std::int64_t retention_bytes = -1;
  std::int64_t segment_bytes = static_cast<std::int64_t>(limits::kSegmentBytes);
  std::int64_t max_message_bytes = static_cast<std::int64_t>(limits::kMessageBytesMax);
  bool log_append_time = false;
  std::int64_t message_timestamp_after_max_ms = 3'600'000;
  std::int64_t message_timestamp_before_max_ms = std::numeric_limits<std::int64_t>::max();
  friend bool operator==(const TopicSettings&, const TopicSettings&) = default;
};
// A value that this program cannot read (set by a newer one) counts as the default.
TopicSettings topic_settings(const Configs& configs);

}  // namespace kontiki::metadata
