#include "cli/topic_alter.h"

#include "cli/ask.h"
#include "cli/table.h"
#include "cli/topic_command.h"
#include "kafka/messages/create_partitions.h"
#include "kafka/messages/incremental_alter_configs.h"

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <memory>
#include <set>

namespace kontiki::cli {
namespace {

namespace json = boost::json;

constexpr std::int16_t kConfigsVersion = 1;
constexpr std::int16_t kPartitionsVersion = 3;
constexpr int kChangeSeconds = 15;  // a majority of the metadata's brokers has to agree
constexpr std::int8_t kTopicResource = 2;
constexpr std::int8_t kSet = 0;
constexpr std::int8_t kDelete = 1;

Outcome<void> outcome_of(const AlterOptions& options, kafka::ErrorCode error,
                         const std::optional<std::string>& message) {
  if (error == kafka::ErrorCode::kNone) return {};
  const bool unknown = error == kafka::ErrorCode::kUnknownTopicOrPartition;
  return unexpected(
      Failure{unknown ? ExitCode::kNotFound : ExitCode::kRefused,
              fmt::format("cannot alter topic {}: {} ({})", options.topic,
                          message.value_or("the cluster does not say why"), kafka::to_string(error))});
}

unexpected<Failure> no_answer() {
  return unexpected(Failure{ExitCode::kUnreachable,
                            "no broker answered to the change; ask `kontiki topic describe` whether it was "
                            "made"});
}

Outcome<void> alter_configs(Client& client, const AlterOptions& options) {
  kafka::IncrementalAlterConfigsRequest request;
  auto& topic = request.resources.emplace_back();
  topic.resource_type = kTopicResource;
  topic.resource_name = options.topic;
  for (const auto& [name, value] : options.set) topic.configs.push_back({name, kSet, value});
  for (const std::string& name : options.unset) topic.configs.push_back({name, kDelete, std::nullopt});
  const auto answer = ask(client, request, kConfigsVersion, kChangeSeconds);
  if (!answer || answer->responses.empty()) return no_answer();
  return outcome_of(options, answer->responses.front().error_code, answer->responses.front().error_message);
}

Outcome<void> add_partitions(Client& client, const AlterOptions& options, bool validate_only) {
  kafka::CreatePartitionsRequest request;
  request.topics.push_back({options.topic, *options.partitions, std::nullopt});
  request.timeout_ms = (kChangeSeconds - 5) * 1000;
  request.validate_only = validate_only;
  const auto answer = ask(client, request, kPartitionsVersion, kChangeSeconds);
  if (!answer || answer->results.empty()) return no_answer();
  return outcome_of(options, answer->results.front().error_code, answer->results.front().error_message);
}

// Partitions that will be refused are noticed before the settings are changed: all or nothing, as far as it
// can be known beforehand.
Outcome<void> alter(Client& client, const AlterOptions& options) {
  const bool configs = !options.set.empty() || !options.unset.empty();
  if (configs && options.partitions)
    if (auto checked = add_partitions(client, options, true); !checked) return checked;
  if (configs)
    if (auto altered = alter_configs(client, options); !altered) return altered;
  return options.partitions ? add_partitions(client, options, false) : Outcome<void>{};
}

void print(Io& io, const AlterOptions& options) {
  if (options.json) {
    json::object set;
    for (const auto& [name, value] : options.set) set[name] = value;
    const json::value told{
        {"topic", options.topic},
        {"set", std::move(set)},
        {"unset", json::array(options.unset.begin(), options.unset.end())},
        {"partitions", options.partitions ? json::value(*options.partitions) : json::value(nullptr)}};
    fmt::print(io.out, "{}\n", json::serialize(told));
    return;
  }
  fmt::print(io.out, "altered topic {}\n", options.topic);
  for (const auto& [name, value] : options.set) fmt::print(io.out, "  {}={}\n", name, value);
  for (const std::string& name : options.unset) fmt::print(io.out, "  {} as by default\n", name);
  if (options.partitions)
    fmt::print(io.out, "  {}\n", count_of(static_cast<std::size_t>(*options.partitions), "partition"));
}

Outcome<void> check(const AlterOptions& options) {
  std::set<std::string> seen;
  const auto twice = [&](const std::string& name) { return !seen.insert(name).second; };
  for (const auto& [name, value] : options.set)
    if (twice(name))
      return unexpected(Failure{ExitCode::kUsage, fmt::format("{} is given more than once", name)});
  for (const std::string& name : options.unset)
    if (twice(name))
      return unexpected(Failure{ExitCode::kUsage, fmt::format("{} is given more than once", name)});
  if (seen.empty() && !options.partitions)
    return unexpected(
        Failure{ExitCode::kUsage, "say what to change: --set NAME=VALUE, --unset NAME or --partitions N"});
  return {};
}

}  // namespace

int run_topic_alter(Io& io, const AlterOptions& options) {
  if (auto checked = check(options); !checked) return fail(io, checked.error());
  auto client = Client::connect(RD_KAFKA_CONSUMER, options.brokers);
  if (!client) return fail(io, client.error());
  if (auto altered = alter(**client, options); !altered) return fail(io, altered.error());
  print(io, options);
  return 0;
}

void add_alter_command(CLI::App& topic, Command& selected) {
  struct Flags {
    AlterOptions options;
    std::vector<std::string> set;
    std::int32_t partitions = 0;
  };
  CLI::App* app = topic.add_subcommand("alter", "Change settings of a topic, or add partitions to it");
  auto flags = std::make_shared<Flags>();
  app->add_option("NAME", flags->options.topic, "name of the topic")->required();
  app->add_option("-s,--set", flags->set, "setting, such as retention.ms=3600000; may be repeated")
      ->type_name("NAME=VALUE")
      ->allow_extra_args(false);
  app->add_option("-u,--unset", flags->options.unset, "setting to put back to its default; may be repeated")
      ->type_name("NAME")
      ->allow_extra_args(false);
  auto* partitions = app->add_option("-p,--partitions", flags->partitions,
                                     "number of partitions in all; there can only be more than now")
                         ->check(CLI::PositiveNumber);
  add_brokers_option(*app, flags->options.brokers);
  add_json_option(*app, flags->options.json);
  app->footer(client_exit_codes_help());
  app->callback([flags, partitions, &selected] {
    if (partitions->count() > 0) flags->options.partitions = flags->partitions;
    selected = [flags](Io& io) {
      for (const std::string& text : flags->set) {
        auto pair = parse_pair(text, "--set");
        if (!pair) return fail(io, pair.error());
        flags->options.set.push_back(std::move(*pair));
      }
      return run_topic_alter(io, flags->options);
    };
  });
}

}  // namespace kontiki::cli
