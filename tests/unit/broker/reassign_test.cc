// Partitions move between brokers while they are written to, as clients see it: by the Kafka API, with
// everything acknowledged once and in order, whoever dies meanwhile.
#include "broker/partition_host.h"
#include "kafka/messages/alter_partition_reassignments.h"
#include "kafka/messages/list_partition_reassignments.h"
#include "kafka/messages/metadata.h"
#include "world.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;
using Nodes = std::vector<std::size_t>;

std::vector<std::int32_t> ids(const Nodes& nodes) {
  std::vector<std::int32_t> out;
  for (const std::size_t i : nodes) out.push_back(World::node_id(i).value);
  return out;
}

class Reassign : public testing::Test {
 protected:
  void open(std::size_t nodes, std::size_t replication, std::uint64_t seed = 1) {
    world_ = std::make_unique<World>(World::Options{.nodes = nodes, .shards = 2, .seed = seed});
    world_->create_topic("t", 1, replication);
    sequence_ = 0;
    acknowledged_.clear();
  }
  std::size_t some_broker() {
    for (std::size_t i = 0; i < world_->size(); ++i)
      if (world_->runs(i) && world_->node(i).running() && world_->broker(i).ready()) return i;
    return 0;
  }
  // An empty list withdraws.
  ErrorCode wish(const Nodes& nodes, const std::string& topic = "t", std::int32_t partition = 0) {
    kafka::AlterPartitionReassignmentsRequest request;
    auto& wanted = request.topics.emplace_back();
    wanted.name = topic;
    wanted.partitions.push_back({partition, ids(nodes)});
    if (nodes.empty()) wanted.partitions.front().replicas.reset();
    TestClient client = world_->client(some_broker());
    const auto id = client.send(request, 0);
    const auto answer = client.try_receive<kafka::AlterPartitionReassignmentsRequest>(id, 0, 10 * kSecond);
    if (!answer) return ErrorCode::kRequestTimedOut;
    EXPECT_EQ(answer->error_code, ErrorCode::kNone);
    EXPECT_FALSE(answer->error_message);
    return answer->responses.at(0).partitions.at(0).error_code;
  }
  std::vector<kafka::ListPartitionReassignmentsResponse::Topic> list() {
    TestClient client = world_->client(some_broker());
    return client.call(kafka::ListPartitionReassignmentsRequest{}, 0).topics;
  }
  kafka::MetadataResponse::Partition metadata(std::size_t via) {
    TestClient client = world_->client(via);
    kafka::MetadataRequest request;
    request.topics->push_back({Uuid{}, "t"});
    return client.call(request, 12).topics.at(0).partitions.at(0);
  }
  const metadata::PartitionInfo* info(std::size_t i) {
    return world_->runs(i) ? world_->broker(i).shard(0).cluster().partition("t", 0) : nullptr;
  }
  bool is_done() {
    for (std::size_t i = 0; i < world_->size(); ++i)
      if (const auto* one = info(i); one != nullptr && one->reassignment) return false;
    return true;
  }
  // One record, retried until it is acknowledged.
  void write() {
    const std::string value = std::to_string(sequence_);
    const Slice batch = batch_of({value}, {ProducerId(3), 0, sequence_++});
    for (int attempt = 0; attempt < 500; ++attempt) {
      if (const auto leader = world_->leader("t", 0)) {
        if (client_ == nullptr || client_of_ != *leader || client_->closed()) {
          client_ = std::make_unique<TestClient>(world_->sim(), World::name(*leader), 9092);
          client_of_ = *leader;
        }
        auto request = produce_of("t", 0, batch);
        request.timeout_ms = 500;
        const auto answer =
            client_->try_receive<kafka::ProduceRequest>(client_->send(request, 9), 9, kSecond);
        if (answer && only(*answer).error_code == ErrorCode::kNone) {
          acknowledged_.emplace_back(only(*answer).base_offset, value);
          return;
        }
        if (answer) {
          EXPECT_EQ(only(*answer).error_code, ErrorCode::kNotLeaderOrFollower);
        } else {
          client_.reset();
        }
      }
      world_->sim().run_for(20'000);
    }
    FAIL() << "nobody takes " << value;
  }
  void write_until_done(int writes_max = 3000) {
    for (int i = 0; i < writes_max && !is_done() && !HasFatalFailure(); ++i) write();
    EXPECT_TRUE(is_done());
  }
  void expect_moved(const Nodes& nodes) {
    client_.reset();
    ASSERT_TRUE(world_->wait_ready() && world_->wait_leader("t", 0));
    const GroupId group = world_->group("t", 0);
    const auto host_of = [&](std::size_t i) {
      return world_->broker(i).shard(world_->broker(i).node().shard_of(group)).host(group);
    };
    const auto wanted = [&](std::size_t i) {
      return std::find(nodes.begin(), nodes.end(), i) != nodes.end();
    };
    EXPECT_TRUE(world_->wait([&] {
      const auto high = host_of(*world_->leader("t", 0))->partition().high_watermark();
      for (std::size_t i = 0; i < world_->size(); ++i) {
        if (wanted(i) != (host_of(i) != nullptr)) return false;
        if (wanted(i) && host_of(i)->partition().high_watermark() != high) return false;
      }
      return true;
    })) << "data is where it should not be, or not where it should";
    for (const std::size_t i : nodes) EXPECT_EQ(metadata(i).replica_nodes, ids(nodes));
    TestClient client = world_->client(*world_->leader("t", 0));
    std::vector<std::pair<std::int64_t, std::string>> found;
    while (true) {
      const auto answer = client.call(fetch_of("t", 0, static_cast<std::int64_t>(found.size())), 12);
      const auto more = records_of(only(answer));
      if (more.empty()) break;
      found.insert(found.end(), more.begin(), more.end());
    }
    EXPECT_EQ(found, acknowledged_);
  }

  std::unique_ptr<World> world_;
  std::unique_ptr<TestClient> client_;
  std::size_t client_of_ = 0;
  std::int32_t sequence_ = 0;
  std::vector<std::pair<std::int64_t, std::string>> acknowledged_;
};

TEST_F(Reassign, OneTwoAndAllReplicasMoveUnderLoad) {
  for (const Nodes& target : std::vector<Nodes>{{3, 0, 1}, {0, 3, 4}, {3, 4, 5}, {2}, {5, 4, 3, 2, 1}}) {
    open(6, 3);
    for (int i = 0; i < 20; ++i) write();
    ASSERT_EQ(wish(target), ErrorCode::kNone);
    write_until_done();
    for (int i = 0; i < 20; ++i) write();
    EXPECT_TRUE(list().empty());
    expect_moved(target);
  }
}

TEST_F(Reassign, ThereAndBackAgain) {
  open(6, 3);
  for (int round = 0; round < 4; ++round) {
    const Nodes target = round % 2 == 0 ? Nodes{3, 4, 5} : Nodes{0, 1, 2};
    ASSERT_EQ(wish(target), ErrorCode::kNone);
    write_until_done();
    expect_moved(target);
  }
}

TEST_F(Reassign, WhatIsUnderWayIsShownAndCanBeWithdrawn) {
  open(4, 3);
  for (int i = 0; i < 5; ++i) write();
  client_.reset();
  world_->crash(3);
  ASSERT_EQ(wish({1, 2, 3}), ErrorCode::kNone);
  for (int i = 0; i < 5; ++i) write();
  world_->sim().run_for(3 * kSecond);
  const auto shown = list();
  ASSERT_EQ(shown.size(), 1u);
  EXPECT_EQ(shown[0].name, "t");
  ASSERT_EQ(shown[0].partitions.size(), 1u);
  EXPECT_EQ(shown[0].partitions[0].replicas, ids({1, 2, 3, 0}));
  EXPECT_EQ(shown[0].partitions[0].adding_replicas, ids({3}));
  EXPECT_EQ(shown[0].partitions[0].removing_replicas, ids({0}));
  EXPECT_EQ(metadata(0).replica_nodes, ids({1, 2, 3, 0}));
  auto isr = metadata(0).isr_nodes;
  std::sort(isr.begin(), isr.end());
  auto old = ids({0, 1, 2});
  std::sort(old.begin(), old.end());
  EXPECT_EQ(isr, old);

  ASSERT_EQ(wish({}), ErrorCode::kNone);
  write_until_done();
  EXPECT_EQ(wish({}), ErrorCode::kNoReassignmentInProgress);
  world_->start(3);
  expect_moved({0, 1, 2});
}

TEST_F(Reassign, WishesThatCannotComeTrueAreRefused) {
  open(4, 3);
  EXPECT_EQ(wish({}), ErrorCode::kNoReassignmentInProgress);
  EXPECT_EQ(wish({1}, "nope"), ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(wish({1}, "t", 1), ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(wish({1}, "t", -1), ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(wish({1, 1}), ErrorCode::kInvalidReplicaAssignment);

  kafka::AlterPartitionReassignmentsRequest request;
  request.topics.push_back({"t", {{0, std::vector<std::int32_t>()}, {0, std::nullopt}}});
  request.topics.push_back({"nope", {{0, std::nullopt}}});
  TestClient client = world_->client(1);
  const auto answer = client.call(request, 0);
  EXPECT_EQ(answer.responses.at(0).partitions.at(0).error_code, ErrorCode::kInvalidReplicaAssignment);
  EXPECT_EQ(answer.responses.at(0).partitions.at(1).error_code, ErrorCode::kInvalidRequest);
  EXPECT_EQ(answer.responses.at(1).partitions.at(0).error_code, ErrorCode::kUnknownTopicOrPartition);
  request.topics = {{"t", {{0, std::vector<std::int32_t>{42, 99}}}}};  // nobody is 99
  EXPECT_EQ(client.call(request, 0).responses.at(0).partitions.at(0).error_code,
            ErrorCode::kInvalidReplicaAssignment);
}

// It missed that it was removed: what it has is deleted when it has heard of it, and nobody was disturbed.
TEST_F(Reassign, ABrokerThatWasDownWhenItWasRemovedDeletesItsDataWhenItComesBack) {
  open(5, 3);
  for (int i = 0; i < 20; ++i) write();
  world_->crash(0);
  ASSERT_EQ(wish({1, 2, 3}), ErrorCode::kNone);
  write_until_done();
  const std::size_t leader = *world_->leader("t", 0);
  const GroupId group = world_->group("t", 0);
  const auto term = [&] {
    return world_->broker(leader).shard(world_->broker(leader).node().shard_of(group)).leader_of(group).term;
  };
  const Term before = term();
  world_->start(0);
  for (int i = 0; i < 20; ++i) write();
  EXPECT_EQ(world_->leader("t", 0), leader);
  EXPECT_EQ(term(), before);
  expect_moved({1, 2, 3});
}

TEST_F(Reassign, WishesComeTrueWhoeverDiesAndWhenever) {
  const char* more = std::getenv("KONTIKI_TEST_SEEDS");
  const std::uint64_t seeds = more == nullptr ? 6 : std::strtoull(more, nullptr, 10);
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    open(5, 3, seed);
    Prng prng(seed);
    Nodes nodes{0, 1, 2, 3, 4};
    for (int round = 0; round < 4; ++round) {
      for (std::size_t i = nodes.size() - 1; i > 0; --i) std::swap(nodes[i], nodes[prng.below(i + 1)]);
      const Nodes target(nodes.begin(), nodes.begin() + 3);
      // Not answered, it may have been taken all the same; the same wish twice is one.
      while (wish(target) != ErrorCode::kNone && !HasFailure()) world_->sim().run_for(100'000);
      for (std::uint64_t i = prng.below(25); i > 0; --i) write();
      const std::size_t victim =
          prng.chance(1, 2) ? world_->leader("t", 0).value_or(0) : static_cast<std::size_t>(prng.below(5));
      world_->crash(victim);
      for (std::uint64_t i = prng.below(25); i > 0; --i) write();
      world_->start(victim);
      if (round < 3 && prng.chance(1, 3)) continue;
      write_until_done();
      expect_moved(target);
      if (HasFailure()) return;
    }
  }
}

}  // namespace
}  // namespace kontiki::broker
