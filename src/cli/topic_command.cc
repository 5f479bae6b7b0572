#include "cli/topic_command.h"

#include "cli/reassignments.h"
#include "cli/server_config.h"
#include "cli/table.h"
#include "cli/topic_alter.h"
#include "cli/topic_ids.h"

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <memory>
#include <thread>

namespace kontiki::cli {
namespace {

namespace json = boost::json;

struct Described {
  TopicInfo info;
  std::optional<Uuid> id;
  std::vector<std::int64_t> earliest;  // by partition, -1 if unknown
  std::vector<std::int64_t> latest;
  std::optional<std::vector<ConfigEntry>> configs;
};

std::string offset_text(std::int64_t offset) {
  return offset < 0 ? "?" : std::to_string(offset);
}

Described describe_topic(Client& client, TopicInfo info) {
  Described described{std::move(info), {}, {}, {}, {}};
  std::vector<std::int32_t> led;  // the others would only be waited for
  for (const PartitionInfo& partition : described.info.partitions) {
    if (partition.leader >= 0) led.push_back(partition.id);
  }
  const auto earliest = query_offsets(client, described.info.name, led, OffsetKind::kEarliest);
  const auto latest = query_offsets(client, described.info.name, led, OffsetKind::kLatest);
  std::size_t next = 0;
  for (const PartitionInfo& partition : described.info.partitions) {
    const bool known = partition.leader >= 0;
    described.earliest.push_back(known ? earliest[next] : -1);
    described.latest.push_back(known ? latest[next] : -1);
    if (known) ++next;
  }
  return described;
}

void print_text(Io& io, const Described& topic) {
  fmt::print(io.out, "{}: {}, replication factor {}{}\n", topic.info.name,
             count_of(topic.info.partitions.size(), "partition"), topic.info.replication_factor(),
             topic.id ? ", id " + topic.id->text() : "");
  Table table({"partition", "leader", "replicas", "in step", "earliest", "latest"});
  for (std::size_t i = 0; i < topic.info.partitions.size(); ++i) {
    const PartitionInfo& p = topic.info.partitions[i];
    table.add({std::to_string(p.id), p.leader < 0 ? "none" : std::to_string(p.leader), join(p.replicas),
               join(p.in_sync), offset_text(topic.earliest[i]), offset_text(topic.latest[i])});
  }
  table.print(io.out, "  ");
  if (!topic.configs) {
    fmt::print(io.out, "  settings: not told by the cluster\n");
  } else if (topic.configs->empty()) {
    fmt::print(io.out, "  settings: all as by default\n");
  } else {
    for (const ConfigEntry& entry : *topic.configs) fmt::print(io.out, "  {}={}\n", entry.name, entry.value);
  }
}

json::value offset_json(std::int64_t offset) {
  return offset < 0 ? json::value(nullptr) : json::value(offset);
}

json::value to_json(const Described& topic) {
  json::array partitions;
  for (std::size_t i = 0; i < topic.info.partitions.size(); ++i) {
    const PartitionInfo& p = topic.info.partitions[i];
    partitions.push_back({{"partition", p.id},
                          {"leader", p.leader},
                          {"replicas", json::array(p.replicas.begin(), p.replicas.end())},
                          {"in_step", json::array(p.in_sync.begin(), p.in_sync.end())},
                          {"earliest", offset_json(topic.earliest[i])},
                          {"latest", offset_json(topic.latest[i])}});
  }
  json::value configs(nullptr);
  if (topic.configs) {
    json::object& entries = configs.emplace_object();
    for (const ConfigEntry& entry : *topic.configs) entries[entry.name] = entry.value;
  }
  return {{"topic", topic.info.name},
          {"id", topic.id ? json::value(topic.id->text()) : json::value(nullptr)},
          {"replication_factor", topic.info.replication_factor()},
          {"partitions", std::move(partitions)},
          {"settings", std::move(configs)}};
}

// From the first broker that answers.
std::vector<std::optional<Uuid>> topic_ids(Client& client, const std::vector<std::string>& names) {
  constexpr std::size_t kBrokersAsked = 3;
  std::vector<std::optional<Uuid>> ids(names.size());
  const auto brokers = client.brokers();
  if (!brokers) return ids;
  for (std::size_t i = 0; i < std::min(kBrokersAsked, brokers->size()) && !ids.front(); ++i) {
    if (const auto address = parse_address((*brokers)[i].address)) ids = query_topic_ids(*address, names);
  }
  return ids;
}

// Consumers' handles ask for topics without creating them.
Outcome<std::unique_ptr<Client>> connect(const TopicOptions& options) {
  return Client::connect(RD_KAFKA_CONSUMER, options.brokers);
}

// Until every partition of a new topic has a leader, or the time to wait for that is over.
Outcome<TopicInfo> wait_for_leaders(Client& client, const std::string& name) {
  constexpr std::chrono::milliseconds kPause{50};
  const auto deadline = std::chrono::steady_clock::now() + kReachTimeout;
  while (true) {
    auto topic = client.topic(name);
    bool is_led = topic.has_value();
    if (topic) {
      for (const PartitionInfo& partition : topic->partitions) is_led = is_led && partition.leader >= 0;
    }
    if (is_led || std::chrono::steady_clock::now() >= deadline) return topic;
    std::this_thread::sleep_for(kPause);
  }
}

}  // namespace

int run_topic_create(Io& io, const TopicOptions& options, const TopicToCreate& topic) {
  auto client = connect(options);
  if (!client) return fail(io, client.error());
  if (auto created = create_topic(**client, topic); !created) return fail(io, created.error());
  const auto info = wait_for_leaders(**client, topic.name);
  if (!info) return fail(io, info.error());
  if (options.json) {
    const json::value answer{{"topic", topic.name},
                             {"partitions", info->partitions.size()},
                             {"replication_factor", info->replication_factor()}};
    fmt::print(io.out, "{}\n", json::serialize(answer));
  } else {
    fmt::print(io.out, "created topic {} with {}, replication factor {}\n", topic.name,
               count_of(info->partitions.size(), "partition"), info->replication_factor());
  }
  return 0;
}

int run_topic_list(Io& io, const TopicOptions& options) {
  auto client = connect(options);
  if (!client) return fail(io, client.error());
  const auto cluster = (*client)->cluster();
  if (!cluster) return fail(io, cluster.error());
  if (options.json) {
    json::array topics;
    for (const TopicInfo& topic : cluster->topics) {
      topics.push_back({{"topic", topic.name},
                        {"partitions", topic.partitions.size()},
                        {"replication_factor", topic.replication_factor()}});
    }
    fmt::print(io.out, "{}\n", json::serialize(topics));
    return 0;
  }
  if (cluster->topics.empty()) {
    fmt::print(io.out, "no topics\n");
    return 0;
  }
  Table table({"topic", "partitions", "replication factor"});
  for (const TopicInfo& topic : cluster->topics) {
    table.add(
        {topic.name, std::to_string(topic.partitions.size()), std::to_string(topic.replication_factor())});
  }
  table.print(io.out);
  return 0;
}

int run_topic_describe(Io& io, const TopicOptions& options) {
  auto client = connect(options);
  if (!client) return fail(io, client.error());
  const auto configs = describe_configs(**client, options.names);
  const auto ids = topic_ids(**client, options.names);
  json::array all;
  for (std::size_t i = 0; i < options.names.size(); ++i) {
    auto info = (*client)->topic(options.names[i]);
    if (!info) return fail(io, info.error());
    Described described = describe_topic(**client, std::move(*info));
    described.configs = configs[i];
    described.id = ids[i];
    if (options.json) {
      all.push_back(to_json(described));
    } else {
      print_text(io, described);
    }
  }
  if (options.json) fmt::print(io.out, "{}\n", json::serialize(all));
  return 0;
}

int run_topic_delete(Io& io, const TopicOptions& options) {
  auto client = connect(options);
  if (!client) return fail(io, client.error());
  const auto outcomes = delete_topics(**client, options.names);
  int code = 0;
  for (std::size_t i = 0; i < outcomes.size(); ++i) {
    if (outcomes[i]) {
      fmt::print(io.out, "deleted topic {}\n", options.names[i]);
    } else {
      code = fail(io, outcomes[i].error());
    }
  }
  return code;
}

Outcome<std::pair<std::string, std::string>> parse_pair(const std::string& text, std::string_view flag) {
  const std::size_t at = text.find('=');
  if (at == std::string::npos || at == 0) {
    return unexpected(Failure{ExitCode::kUsage, fmt::format("{} must be NAME=VALUE, not '{}'", flag, text)});
  }
  return std::pair(text.substr(0, at), text.substr(at + 1));
}

namespace {

void add_create(CLI::App& topic, Command& selected) {
  struct Flags {
    TopicOptions common;
    TopicToCreate topic;
    std::vector<std::string> configs;
  };
  CLI::App* app = topic.add_subcommand("create", "Create a topic and wait until it can be used");
  auto flags = std::make_shared<Flags>();
  app->add_option("NAME", flags->topic.name, "name of the topic")->required();
  app->add_option("-p,--partitions", flags->topic.partitions,
                  "number of partitions (default: the brokers' default)")
      ->check(CLI::PositiveNumber);
  app->add_option("-r,--replication-factor", flags->topic.replication_factor,
                  "replicas of each partition (default: the brokers' default)")
      ->check(CLI::PositiveNumber);
  app->add_option("-c,--config", flags->configs, "setting, such as retention.ms=3600000; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  add_brokers_option(*app, flags->common.brokers);
  add_json_option(*app, flags->common.json);
  app->footer(client_exit_codes_help());
  app->callback([flags, &selected] {
    selected = [flags](Io& io) {
      for (const std::string& text : flags->configs) {
        auto pair = parse_pair(text, "--config");
        if (!pair) return fail(io, pair.error());
        flags->topic.configs.push_back(std::move(*pair));
      }
      return run_topic_create(io, flags->common, flags->topic);
    };
  });
}

using Run = int (*)(Io&, const TopicOptions&);

void add_simple(CLI::App& topic, Command& selected, const std::string& name, const std::string& help,
                bool takes_names, bool has_json, Run run) {
  CLI::App* app = topic.add_subcommand(name, help);
  auto options = std::make_shared<TopicOptions>();
  if (takes_names) app->add_option("NAME", options->names, "names of topics")->required();
  add_brokers_option(*app, options->brokers);
  if (has_json) add_json_option(*app, options->json);
  app->footer(client_exit_codes_help());
  app->callback(
      [options, run, &selected] { selected = [options, run](Io& io) { return run(io, *options); }; });
}

}  // namespace

void add_topic_commands(CLI::App& app, Command& selected) {
  CLI::App* topic = app.add_subcommand("topic", "Create, list, describe, alter, move and delete topics");
  topic->require_subcommand(1);
  add_create(*topic, selected);
  add_simple(*topic, selected, "list", "List all topics", false, true, run_topic_list);
  add_simple(*topic, selected, "describe", "Leaders, replicas, offsets and settings of topics", true, true,
             run_topic_describe);
  add_simple(*topic, selected, "delete", "Delete topics and all their messages", true, false,
             run_topic_delete);
  add_alter_command(*topic, selected);
  add_reassign_command(*topic, selected);
}

}  // namespace kontiki::cli
