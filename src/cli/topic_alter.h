// `kontiki topic alter`: settings and the number of partitions of a topic. On the command's thread.
#pragma once

#include "cli/command.h"

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kontiki::cli {

struct AlterOptions {
  std::string brokers;
  bool json = false;
  std::string topic;
  std::vector<std::pair<std::string, std::string>> set;
  std::vector<std::string> unset;          // back to the default
  std::optional<std::int32_t> partitions;  // so many in all
};
int run_topic_alter(Io& io, const AlterOptions& options);

// For `kontiki topic`.
void add_alter_command(CLI::App& topic, Command& selected);

}  // namespace kontiki::cli
