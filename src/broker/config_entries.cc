#include "broker/config_entries.h"

#include "base/limits.h"
#include "metadata/topic_configs.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

namespace kontiki::broker {
namespace {

using metadata::ConfigType;

bool is_asked(const ConfigQuery& query, std::string_view name) {
  if (!query.names || query.names->empty()) return true;
  return std::find(query.names->begin(), query.names->end(), name) != query.names->end();
}

// The broker's setting that is the default of a topic's setting, by Kafka's names; tools look for them.
std::string_view broker_name_of(std::string_view topic_setting) {
  constexpr std::array<std::pair<std::string_view, std::string_view>, 8> kNames{{
      {"cleanup.policy", "log.cleanup.policy"},
      {"max.message.bytes", "message.max.bytes"},
      {"message.timestamp.after.max.ms", "log.message.timestamp.after.max.ms"},
      {"message.timestamp.before.max.ms", "log.message.timestamp.before.max.ms"},
      {"message.timestamp.type", "log.message.timestamp.type"},
      {"retention.bytes", "log.retention.bytes"},
      {"retention.ms", "log.retention.ms"},
      {"segment.bytes", "log.segment.bytes"},
  }};
  const auto found = std::find_if(kNames.begin(), kNames.end(),
                                  [&](const auto& pair) { return pair.first == topic_setting; });
  return found == kNames.end() ? topic_setting : found->second;
}

kafka::DescribeConfigsResponse::Synonym synonym(std::string_view name, std::string_view value,
                                                ConfigSource source) {
  return {std::string(name), std::string(value), static_cast<std::int8_t>(source)};
}

// A setting of the broker: what it is called, its value, and whether the operator chose it.
struct BrokerSetting {
  std::string_view name;
  ConfigType type;
  std::string value;
  ConfigSource source;
  std::string_view documentation;
};

// Numbers that have a default, and whether it was left.
std::vector<BrokerSetting> number_settings(const BrokerOptions& options) {
  using enum ConfigType;
  BrokerOptions built_in;
  built_in.seeds = options.seeds;
  const auto row = [&](std::string_view name, ConfigType type, auto value, std::string_view documentation) {
    const auto now = value(options);
    const auto source = now == value(built_in) ? ConfigSource::kDefault : ConfigSource::kStaticBroker;
    return BrokerSetting{name, type, std::to_string(now), source, documentation};
  };
  using O = const BrokerOptions&;
  return {
      row(
          "connections.max.idle.ms", kLong, [](O o) { return o.limits.connection_idle_us / 1000; },
          "Connections that are idle for longer are closed."),
      row(
          "fetch.max.bytes", kInt, [](O o) { return o.limits.fetch_response_bytes_max; },
          "The size of the largest answer to a fetch, whatever the client asks for."),
      row(
          "group.initial.rebalance.delay.ms", kInt, [](O o) { return o.groups.initial_rebalance_delay_ms; },
          "How long an empty group waits for more members after the first."),
      row(
          "group.max.session.timeout.ms", kInt, [](O o) { return o.groups.session_timeout_max_ms; },
          "The longest session timeout that a member may ask for."),
      row(
          "group.max.size", kInt, [](O o) { return o.groups.group_size_max; }, "The members of a group."),
      row(
          "group.min.session.timeout.ms", kInt, [](O o) { return o.groups.session_timeout_min_ms; },
          "The shortest session timeout that a member may ask for."),
      row(
          "max.connections", kInt, [](O o) { return o.limits.connections_max; },
          "Client connections of this broker; further ones are closed at once."),
      row(
          "max.connections.per.ip", kInt, [](O o) { return o.limits.connections_per_host_max; },
          "Client connections from one address; further ones are closed at once."),
      row(
          "offset.metadata.max.bytes", kInt, [](O o) { return o.groups.offset_metadata_bytes_max; },
          "The text that may stand beside a committed offset."),
      row(
          "offsets.retention.check.interval.ms", kLong,
          [](O o) { return o.groups.retention_check_interval_ms; },
          "How often committed offsets are looked through for those that are too old."),
      row(
          "offsets.retention.minutes", kInt, [](O o) { return o.groups.offsets_retention_ms / 60'000; },
          "How long committed offsets outlive their group's last member."),
      row(
          "offsets.topic.num.partitions", kInt, [](O o) { return o.coordinators; },
          "The coordinators that consumer groups are spread over."),
      row(
          "offsets.topic.replication.factor", kInt, [](O o) { return o.coordinator_replication_factor(); },
          "The replicas of each coordinator."),
      row(
          "producer.id.expiration.ms", kInt, [](O o) { return o.limits.producer_id_expiration_ms; },
          "Idempotent producers that are silent for longer are forgotten."),
      row(
          "queued.max.request.bytes", kLong, [](O o) { return o.limits.request_bytes_max; },
          "Memory for requests being served; above, no further ones are read."),
      row(
          "socket.request.max.bytes", kInt, [](O o) { return o.limits.request_size_max; },
          "The size of the largest request."),
  };
}

std::vector<BrokerSetting> own_settings(const BrokerOptions& options, const env::Address& kafka) {
  using enum ConfigType;
  constexpr auto kSet = ConfigSource::kStaticBroker;
  constexpr auto kBuiltIn = ConfigSource::kDefault;
  const auto listener = [](const env::Address& address) { return "PLAINTEXT://" + address.text(); };
  const std::string id = std::to_string(options.node_id.value);
  std::string seeds;
  for (const env::Address& seed : options.seeds) seeds += (seeds.empty() ? "" : ",") + seed.text();
  std::vector<BrokerSetting> settings = {
      {"advertised.listeners", kString, listener(options.advertised.value_or(kafka)), kSet,
       "The address that clients are told to connect to."},
      {"auto.create.topics.enable", kBoolean, options.auto_create_topics ? "true" : "false", kSet,
       "Whether a topic is created when a client asks about it."},
      {"broker.id", kInt, id, kSet, "The id of this broker."},
      {"controller.quorum.bootstrap.servers", kList, seeds, kSet,
       "The peer addresses of the brokers that vote on the metadata."},
      {"default.replication.factor", kInt, std::to_string(options.replication_factor()), kSet,
       "The replicas of a partition where the client does not say."},
      {"listeners", kList, listener(kafka), kSet, "The address on which this broker serves clients."},
      {"log.dirs", kString, options.data_dir, kSet, "The folder of this broker's data."},
      {"max.incremental.fetch.session.cache.slots", kInt, std::to_string(limits::kFetchSessionsMax), kBuiltIn,
       "Incremental fetch sessions that are remembered."},
      {"max.request.partition.size.limit", kInt, std::to_string(kDescribedPartitionsMax), kBuiltIn,
       "The partitions in one page of DescribeTopicPartitions."},
      {"node.id", kInt, id, kSet, "The id of this broker."},
      {"num.partitions", kInt, std::to_string(options.default_partitions), kSet,
       "The partitions of a topic where the client does not say."},
  };
  for (BrokerSetting& setting : number_settings(options)) settings.push_back(std::move(setting));
  if (!options.rack.empty())
    settings.push_back({"broker.rack", kString, options.rack, kSet, "The rack of this broker."});
  return settings;
}

}  // namespace

ConfigEntries topic_config_entries(const metadata::Configs& configs, const ConfigQuery& query) {
  ConfigEntries entries;
  for (const auto& config : metadata::topic_configs()) {
    if (!is_asked(query, config.name)) continue;
    const auto set = configs.find(std::string(config.name));
    const auto source = set == configs.end() ? ConfigSource::kDefault : ConfigSource::kTopic;
    kafka::DescribeConfigsResponse::Config entry;
    entry.name = config.name;
    entry.value = set == configs.end() ? std::string(config.default_value) : set->second;
    entry.config_source = static_cast<std::int8_t>(source);
    entry.config_type = static_cast<std::int8_t>(config.type);
    if (query.documentation) entry.documentation = config.documentation;
    if (query.synonyms) {
      if (set != configs.end()) entry.synonyms.push_back(synonym(config.name, set->second, source));
      entry.synonyms.push_back(
          synonym(broker_name_of(config.name), config.default_value, ConfigSource::kDefault));
    }
    entries.push_back(std::move(entry));
  }
  return entries;
}

ConfigEntries broker_config_entries(const BrokerOptions& options, const env::Address& kafka,
                                    const ConfigQuery& query) {
  auto settings = own_settings(options, kafka);
  for (const auto& config : metadata::topic_configs())
    settings.push_back({broker_name_of(config.name), config.type, std::string(config.default_value),
                        ConfigSource::kDefault, config.documentation});
  std::sort(settings.begin(), settings.end(),
            [](const BrokerSetting& a, const BrokerSetting& b) { return a.name < b.name; });
  ConfigEntries entries;
  for (const auto& setting : settings) {
    if (!is_asked(query, setting.name)) continue;
    kafka::DescribeConfigsResponse::Config entry;
    entry.name = setting.name;
    entry.value = setting.value;
    entry.read_only = true;
    entry.config_source = static_cast<std::int8_t>(setting.source);
    entry.config_type = static_cast<std::int8_t>(setting.type);
    if (query.documentation) entry.documentation = setting.documentation;
    if (query.synonyms) entry.synonyms.push_back(synonym(setting.name, setting.value, setting.source));
    entries.push_back(std::move(entry));
  }
  return entries;
}

}  // namespace kontiki::broker
