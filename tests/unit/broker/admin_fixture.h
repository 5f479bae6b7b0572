// A cluster's metadata made of commands, for the tests of what clients are told of it.
#pragma once

#include "broker/cluster_view.h"
#include "metadata/cluster.h"
#include "metadata/command.h"
#include "multiraft/leader_table.h"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

namespace kontiki::broker {

class AdminTest : public ::testing::Test {
 protected:
  metadata::Outcome apply(metadata::CommandBody body) {
    metadata::Command command{Uuid::random(prng_), std::move(body)};
    Entry entry;
    entry.header.kind = EntryKind::kCommand;
    entry.header.index = cluster_.applied() + 1;
    entry.header.term = Term(1);
    entry.payload = metadata::encode(command);
    return cluster_.apply(entry).outcome;
  }

  // Ids that are no positions: 10, 20, ...; answering.
  void add_nodes(std::int32_t count) {
    for (std::int32_t i = 1; i <= count; ++i) {
      metadata::Node node;
      node.id = NodeId(10 * i);
      node.incarnation = Uuid::random(prng_);
      node.host = "kafka-" + std::to_string(i);
      node.port = static_cast<std::uint16_t>(9090 + i);
      node.peer_address = "peer-" + std::to_string(i) + ":7000";
      ASSERT_EQ(apply(metadata::RegisterNode{node}).error, metadata::Error::kNone);
      alive_.push_back(node.id);
    }
  }

  const metadata::Topic& add_topic(const std::string& name, std::vector<metadata::Replicas> partitions) {
    const auto outcome = apply(metadata::CreateTopic{name, Uuid::random(prng_), {}, std::move(partitions)});
    EXPECT_EQ(outcome.error, metadata::Error::kNone) << name;
    return *cluster_.topic(name);
  }

  ClusterView view() const { return {cluster_, leaders_, alive_, NodeId(10), metadata_leader_, seeds_}; }

  Prng prng_{11};
  metadata::Cluster cluster_;
  multiraft::LeaderTable leaders_;
  std::vector<NodeId> alive_;
  NodeId metadata_leader_ = kNoNode;
  std::size_t seeds_ = 1;
};

}  // namespace kontiki::broker
