// `kontiki cluster`: brokers, controller, who leads what, and which partitions miss a replica.
#pragma once

#include "cli/client.h"
#include "cli/command.h"

#include <string>
#include <vector>

namespace kontiki::cli {

int run_cluster(Io& io, const std::string& brokers, bool as_json);

// What the metadata of a cluster adds up to. Pure.
struct ClusterSummary {
  struct Broker {
    BrokerInfo info;
    std::size_t leaders = 0;
    std::size_t replicas = 0;
    std::size_t behind = 0;  // of its replicas, those that are not in step
  };
  struct Lagging {
    std::string topic;
    PartitionInfo partition;
  };
  std::vector<Broker> brokers;  // also those that only replica lists name: they are down
  std::size_t partitions = 0;
  std::size_t leaderless = 0;
  std::size_t in_step = 0;
  std::size_t behind = 0;
  std::vector<Lagging> under_replicated;
};
ClusterSummary summarize(const ClusterInfo& cluster);

}  // namespace kontiki::cli
