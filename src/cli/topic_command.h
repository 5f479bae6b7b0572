// `kontiki topic`: create, list, describe and delete; the rest in topic_alter.h and reassignments.h.
#pragma once

#include "cli/admin.h"
#include "cli/command.h"

#include <string>
#include <vector>

namespace kontiki::cli {

struct TopicOptions {
  std::string brokers;
  bool json = false;
  std::vector<std::string> names;
};

int run_topic_create(Io& io, const TopicOptions& options, const TopicToCreate& topic);
int run_topic_list(Io& io, const TopicOptions& options);
int run_topic_describe(Io& io, const TopicOptions& options);
int run_topic_delete(Io& io, const TopicOptions& options);

// "name=value"; kUsage if there is no '='.
Outcome<std::pair<std::string, std::string>> parse_pair(const std::string& text, std::string_view flag);

}  // namespace kontiki::cli
