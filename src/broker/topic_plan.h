// Plans: an administrative request about a topic, checked as Kafka checks it, with the defaults and the
// placement filled in, as the command that will carry it out. Pure functions of the view and the options; the
// metadata checks the command again when it is applied.
#pragma once

#include "base/limits.h"
#include "base/prng.h"
#include "broker/admin_error.h"
#include "broker/cluster_view.h"
#include "broker/options.h"
#include "kafka/messages/create_partitions.h"
#include "kafka/messages/create_topics.h"
#include "metadata/command.h"
#include "metadata/placement.h"

#include <cstdint>
#include <string>
#include <vector>

namespace kontiki::broker {

// Plans what one request asks for; so what its topics get together is spread and bounded as well. Lives
// during one call of a handler.
class TopicPlanner {
 public:
  // Partitions that one request may make; more are refused, as by Kafka, with POLICY_VIOLATION.
  static constexpr std::int32_t kPartitionsMax = limits::kPartitionsPerTopicMax;

  // All outlive the planner.
  TopicPlanner(const ClusterView& view, const BrokerOptions& options, Prng& prng);

  AdminResult<metadata::CreateTopic> create(const kafka::CreateTopicsRequest::Topic& wanted);
  // With every default: what a client gets for a name that it only asked about.
  AdminResult<metadata::CreateTopic> create_default(const std::string& name);
  // The internal topic of the coordinators of consumer groups.
  AdminResult<metadata::CreateTopic> create_coordinators();
  AdminResult<metadata::CreatePartitions> grow(const kafka::CreatePartitionsRequest::Topic& wanted);

 private:
  using Placement = std::vector<metadata::Replicas>;

  AdminResult<metadata::CreateTopic> plan(const kafka::CreateTopicsRequest::Topic& wanted);
  AdminResult<Placement> place_counts(std::int32_t partitions, std::int32_t replication_factor);
  AdminResult<Placement> place(std::int32_t partitions, std::size_t replication_factor);
  AdminResult<std::vector<metadata::NodeLoad>> usable_nodes(std::size_t replication_factor);
  AdminResult<void> reserve(std::size_t partitions);
  void count(const Placement& placement);

  const ClusterView& view_;
  const BrokerOptions& options_;
  Prng& prng_;
  std::size_t partitions_left_ = kPartitionsMax;
  bool counted_ = false;                     // the loads below are filled in
  std::vector<metadata::NodeLoad> running_;  // nodes that answer, with what was planned so far
  std::vector<metadata::NodeLoad> down_;     // the others
};

}  // namespace kontiki::broker
