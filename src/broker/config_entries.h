// ConfigEntries: the settings of a topic or of this broker as DescribeConfigs and CreateTopics show them,
// from the table of metadata/topic_configs.h and the broker's options. Pure functions.
#pragma once

#include "broker/options.h"
#include "kafka/messages/describe_configs.h"
#include "metadata/types.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kontiki::broker {

// In one page of DescribeTopicPartitions; Kafka's max.request.partition.size.limit.
inline constexpr std::int32_t kDescribedPartitionsMax = 2000;

// Where a value comes from, by the numbers of the protocol.
enum class ConfigSource : std::int8_t { kTopic = 1, kStaticBroker = 4, kDefault = 5 };

struct ConfigQuery {
  std::optional<std::vector<std::string>> names = std::nullopt;  // none, or an empty list: all
  bool synonyms = false;
  bool documentation = false;
};

using ConfigEntries = std::vector<kafka::DescribeConfigsResponse::Config>;

// Names that do not exist are left out, as in Kafka.
ConfigEntries topic_config_entries(const metadata::Configs& configs, const ConfigQuery& query);
// `kafka`: the address as bound. Everything is fixed at the start of the process.
ConfigEntries broker_config_entries(const BrokerOptions& options, const env::Address& kafka,
                                    const ConfigQuery& query);

}  // namespace kontiki::broker
