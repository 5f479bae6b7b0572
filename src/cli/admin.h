// The administrative calls on topics, each one question to the cluster and one answer. Used by the client
// commands on the command's thread.
#pragma once

#include "cli/client.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kontiki::cli {

struct TopicToCreate {
  std::string name;
  std::int32_t partitions = -1;          // -1: as many as the brokers' default says
  std::int32_t replication_factor = -1;  // same
  std::vector<std::pair<std::string, std::string>> configs;
};
Outcome<void> create_topic(Client& client, const TopicToCreate& topic);

// One outcome for each name, in the order of `names`.
std::vector<Outcome<void>> delete_topics(Client& client, const std::vector<std::string>& names);

struct ConfigEntry {
  std::string name;
  std::string value;
};
// The settings of each topic that are not the default, in the order of `names`; none where the cluster did
// not say.
std::vector<std::optional<std::vector<ConfigEntry>>> describe_configs(Client& client,
                                                                      const std::vector<std::string>& names);

}  // namespace kontiki::cli
