#include "cli/reassignments.h"

#include "cli/ask.h"
#include "cli/table.h"
#include "kafka/messages/alter_partition_reassignments.h"
#include "kafka/messages/list_partition_reassignments.h"

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <memory>

namespace kontiki::cli {
namespace {

namespace json = boost::json;

constexpr int kWishSeconds = 15;  // a majority of the metadata's brokers has to agree

Failure refusal(const ReassignOptions& options, kafka::ErrorCode error,
                const std::optional<std::string>& message) {
  const bool unknown = error == kafka::ErrorCode::kUnknownTopicOrPartition;
  return {unknown ? ExitCode::kNotFound : ExitCode::kRefused,
          fmt::format("cannot reassign partition {} of topic {}: {} ({})", options.partition, options.topic,
                      message.value_or("the cluster does not say why"), kafka::to_string(error))};
}

}  // namespace

std::optional<std::vector<Reassigned>> list_reassignments(Client& client) {
  const auto answer = ask(client, kafka::ListPartitionReassignmentsRequest{}, 0, 2);
  if (!answer || answer->error_code != kafka::ErrorCode::kNone) return std::nullopt;
  std::vector<Reassigned> all;
  for (const auto& topic : answer->topics)
    for (const auto& p : topic.partitions)
      all.push_back({topic.name, p.partition_index, p.replicas, p.adding_replicas, p.removing_replicas});
  return all;
}

int run_topic_reassign(Io& io, const ReassignOptions& options) {
  auto client = Client::connect(RD_KAFKA_CONSUMER, options.brokers);
  if (!client) return fail(io, client.error());
  kafka::AlterPartitionReassignmentsRequest request;
  request.timeout_ms = (kWishSeconds - 2) * 1000;
  auto& topic = request.topics.emplace_back();
  topic.name = options.topic;
  auto& partition = topic.partitions.emplace_back();
  partition.partition_index = options.partition;
  if (!options.replicas.empty()) partition.replicas = options.replicas;
  const auto answer = ask(**client, request, 0, kWishSeconds);
  if (!answer || answer->responses.empty() || answer->responses.front().partitions.empty())
    return fail(io, {ExitCode::kUnreachable,
                     "no broker answered to the reassignment; ask `kontiki cluster` "
                     "whether it was taken"});
  const auto& result = answer->responses.front().partitions.front();
  if (result.error_code != kafka::ErrorCode::kNone)
    return fail(io, refusal(options, result.error_code, result.error_message));
  if (options.json) {
    const json::value told{{"topic", options.topic},
                           {"partition", options.partition},
                           {"replicas", json::array(options.replicas.begin(), options.replicas.end())},
                           {"withdrawn", options.replicas.empty()}};
    fmt::print(io.out, "{}\n", json::serialize(told));
  } else if (options.replicas.empty()) {
    fmt::print(io.out, "partition {} of topic {} goes back to its replicas\n", options.partition,
               options.topic);
  } else {
    fmt::print(io.out, "partition {} of topic {} moves to {}; `kontiki cluster` shows it until it is there\n",
               options.partition, options.topic, join(options.replicas));
  }
  return 0;
}

void add_reassign_command(CLI::App& topic, Command& selected) {
  struct Flags {
    ReassignOptions options;
    bool cancel = false;
  };
  CLI::App* app = topic.add_subcommand("reassign", "Move a partition to other brokers, while it is used");
  auto flags = std::make_shared<Flags>();
  app->add_option("NAME", flags->options.topic, "name of the topic")->required();
  app->add_option("-p,--partition", flags->options.partition, "number of the partition")
      ->required()
      ->check(CLI::NonNegativeNumber);
  auto* replicas = app->add_option("-r,--replicas", flags->options.replicas,
                                   "ids of the brokers, the preferred leader first")
                       ->delimiter(',')
                       ->type_name("ID,ID,...");
  auto* cancel = app->add_flag("--cancel", flags->cancel, "withdraw what is under way");
  replicas->excludes(cancel);
  add_brokers_option(*app, flags->options.brokers);
  add_json_option(*app, flags->options.json);
  app->footer(client_exit_codes_help());
  app->callback([flags, &selected] {
    selected = [flags](Io& io) {
      if (flags->cancel == !flags->options.replicas.empty())
        return fail(io, {ExitCode::kUsage, "say where to (--replicas 1,2,3), or --cancel"});
      return run_topic_reassign(io, flags->options);
    };
  });
}

}  // namespace kontiki::cli
