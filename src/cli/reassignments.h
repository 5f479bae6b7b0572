// Reassignments as the client commands ask for them and about them. On the command's thread.
#pragma once

#include "cli/client.h"
#include "cli/command.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace kontiki::cli {

struct Reassigned {
  std::string topic;
  std::int32_t partition = 0;
  std::vector<std::int32_t> replicas;  // all that may hold data
  std::vector<std::int32_t> adding;
  std::vector<std::int32_t> removing;
};

// What is under way, by topic and partition; none if the cluster does not say.
std::optional<std::vector<Reassigned>> list_reassignments(Client& client);

struct ReassignOptions {
  std::string brokers;
  bool json = false;
  std::string topic;
  std::int32_t partition = 0;
  std::vector<std::int32_t> replicas;  // empty: what is under way is withdrawn
};
int run_topic_reassign(Io& io, const ReassignOptions& options);

// For `kontiki topic`.
void add_reassign_command(CLI::App& topic, Command& selected);

}  // namespace kontiki::cli
