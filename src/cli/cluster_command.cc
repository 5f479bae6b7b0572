#include "cli/cluster_command.h"

#include "cli/reassignments.h"
#include "cli/table.h"

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>

namespace kontiki::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kLinesMax = 50;  // of the list of partitions for people; JSON has them all

bool has(const std::vector<std::int32_t>& set, std::int32_t id) {
  return std::find(set.begin(), set.end(), id) != set.end();
}

void print_text(Io& io, const ClusterInfo& cluster, const ClusterSummary& summary) {
  fmt::print(io.out, "cluster {}: {}, {}, {}\n", cluster.cluster_id.empty() ? "(no id)" : cluster.cluster_id,
             count_of(cluster.brokers.size(), "broker"), count_of(cluster.topics.size(), "topic"),
             count_of(summary.partitions, "partition"));
  Table table({"broker", "address", "leads", "replicas", "behind", ""});
  for (const auto& broker : summary.brokers) {
    const bool is_up = !broker.info.address.empty();
    table.add({std::to_string(broker.info.id), is_up ? broker.info.address : "down",
               std::to_string(broker.leaders), std::to_string(broker.replicas), std::to_string(broker.behind),
               broker.info.id == cluster.controller ? "controller" : ""});
  }
  table.print(io.out, "  ");
  fmt::print(io.out,
             "replicas in step: {}, behind: {}; partitions without a leader: {}, missing a replica: {}\n",
             summary.in_step, summary.behind, summary.leaderless, summary.under_replicated.size());
  for (std::size_t i = 0; i < std::min(kLinesMax, summary.under_replicated.size()); ++i) {
    const auto& [topic, partition] = summary.under_replicated[i];
    fmt::print(io.out, "  {} [{}]: leader {}, replicas {}, in step {}\n", topic, partition.id,
               partition.leader < 0 ? "none" : std::to_string(partition.leader), join(partition.replicas),
               join(partition.in_sync));
  }
  if (summary.under_replicated.size() > kLinesMax) {
    fmt::print(io.out, "  and {} more (--json lists them all)\n",
               summary.under_replicated.size() - kLinesMax);
  }
}

// A new replica is filled until it is in step with the leader; then it votes, and the old ones go.
std::string progress_of(const ClusterInfo& cluster, const Reassigned& move) {
  for (const TopicInfo& topic : cluster.topics) {
    if (topic.name != move.topic) continue;
    for (const PartitionInfo& partition : topic.partitions) {
      if (partition.id != move.partition) continue;
      const auto filled = std::count_if(move.adding.begin(), move.adding.end(),
                                        [&](std::int32_t id) { return has(partition.in_sync, id); });
      return fmt::format("{} of {} in step", filled, move.adding.size());
    }
  }
  return "?";
}

void print_moves(Io& io, const ClusterInfo& cluster, const std::optional<std::vector<Reassigned>>& moves) {
  if (!moves || moves->empty()) return;
  fmt::print(io.out, "being reassigned: {}\n", count_of(moves->size(), "partition"));
  Table table({"topic", "partition", "adding", "removing", "progress"});
  for (std::size_t i = 0; i < std::min(kLinesMax, moves->size()); ++i) {
    const Reassigned& move = (*moves)[i];
    table.add({move.topic, std::to_string(move.partition), join(move.adding), join(move.removing),
               progress_of(cluster, move)});
  }
  table.print(io.out, "  ");
  if (moves->size() > kLinesMax)
    fmt::print(io.out, "  and {} more (--json lists them all)\n", moves->size() - kLinesMax);
}

json::value moves_json(const ClusterInfo& cluster, const std::optional<std::vector<Reassigned>>& moves) {
  if (!moves) return nullptr;
  json::array all;
  for (const Reassigned& move : *moves)
    all.push_back({{"topic", move.topic},
                   {"partition", move.partition},
                   {"replicas", json::array(move.replicas.begin(), move.replicas.end())},
                   {"adding", json::array(move.adding.begin(), move.adding.end())},
                   {"removing", json::array(move.removing.begin(), move.removing.end())},
                   {"progress", progress_of(cluster, move)}});
  return all;
}

json::value to_json(const ClusterInfo& cluster, const ClusterSummary& summary,
                    const std::optional<std::vector<Reassigned>>& moves) {
  json::array brokers;
  for (const auto& broker : summary.brokers) {
    brokers.push_back({{"id", broker.info.id},
                       {"address", broker.info.address},
                       {"is_up", !broker.info.address.empty()},
                       {"leaders", broker.leaders},
                       {"replicas", broker.replicas},
                       {"behind", broker.behind}});
  }
  json::array lagging;
  for (const auto& [topic, partition] : summary.under_replicated) {
    lagging.push_back({{"topic", topic},
                       {"partition", partition.id},
                       {"leader", partition.leader},
                       {"replicas", json::array(partition.replicas.begin(), partition.replicas.end())},
                       {"in_step", json::array(partition.in_sync.begin(), partition.in_sync.end())}});
  }
  return {{"cluster_id", cluster.cluster_id},       {"controller", cluster.controller},
          {"brokers", std::move(brokers)},          {"topics", cluster.topics.size()},
          {"partitions", summary.partitions},       {"replicas_in_step", summary.in_step},
          {"replicas_behind", summary.behind},      {"partitions_without_leader", summary.leaderless},
          {"under_replicated", std::move(lagging)}, {"reassignments", moves_json(cluster, moves)}};
}

}  // namespace

ClusterSummary summarize(const ClusterInfo& cluster) {
  ClusterSummary summary;
  std::map<std::int32_t, ClusterSummary::Broker> by_id;
  const auto broker = [&](std::int32_t id) -> ClusterSummary::Broker& {
    return by_id.try_emplace(id, ClusterSummary::Broker{{id, ""}}).first->second;
  };
  for (const BrokerInfo& info : cluster.brokers) by_id[info.id].info = info;
  for (const TopicInfo& topic : cluster.topics) {
    for (const PartitionInfo& partition : topic.partitions) {
      ++summary.partitions;
      if (partition.leader < 0) {
        ++summary.leaderless;
      } else {
        ++broker(partition.leader).leaders;
      }
      std::size_t behind = 0;
      for (const std::int32_t replica : partition.replicas) {
        ++broker(replica).replicas;
        if (has(partition.in_sync, replica)) continue;
        ++broker(replica).behind;
        ++behind;
      }
      summary.behind += behind;
      summary.in_step += partition.replicas.size() - behind;
      if (behind > 0) summary.under_replicated.push_back({topic.name, partition});
    }
  }
  for (auto& [id, one] : by_id) summary.brokers.push_back(std::move(one));
  return summary;
}

int run_cluster(Io& io, const std::string& brokers, bool as_json) {
  auto client = Client::connect(RD_KAFKA_CONSUMER, brokers);
  if (!client) return fail(io, client.error());
  const auto cluster = (*client)->cluster();
  if (!cluster) return fail(io, cluster.error());
  const ClusterSummary summary = summarize(*cluster);
  const auto moves = list_reassignments(**client);
  if (as_json) {
    fmt::print(io.out, "{}\n", json::serialize(to_json(*cluster, summary, moves)));
  } else {
    print_text(io, *cluster, summary);
    print_moves(io, *cluster, moves);
  }
  return 0;
}

void add_cluster_command(CLI::App& app, Command& selected) {
  struct Flags {
    std::string brokers;
    bool json = false;
  };
  CLI::App* cluster = app.add_subcommand("cluster", "Brokers, leaders, and replicas that are behind");
  auto flags = std::make_shared<Flags>();
  add_brokers_option(*cluster, flags->brokers);
  add_json_option(*cluster, flags->json);
  cluster->footer(client_exit_codes_help());
  cluster->callback([flags, &selected] {
    selected = [flags](Io& io) { return run_cluster(io, flags->brokers, flags->json); };
  });
}

}  // namespace kontiki::cli
