#include "broker/topic_plan.h"
#include "unit/broker/admin_fixture.h"

#include <gmock/gmock.h>

#include <map>
#include <set>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;
using Wanted = kafka::CreateTopicsRequest::Topic;
using Growth = kafka::CreatePartitionsRequest::Topic;

class AdminTopicPlan : public AdminTest {
 protected:
  AdminTopicPlan() {
    options_.default_partitions = 4;
    options_.default_replication_factor = 2;
  }

  AdminResult<metadata::CreateTopic> create(const Wanted& wanted) {
    const auto now = view();
    return TopicPlanner(now, options_, prng_).create(wanted);
  }
  AdminResult<metadata::CreatePartitions> grow(const Growth& wanted) {
    const auto now = view();
    return TopicPlanner(now, options_, prng_).grow(wanted);
  }
  ErrorCode refusal(const Wanted& wanted) {
    const auto plan = create(wanted);
    if (plan) return ErrorCode::kNone;
    EXPECT_FALSE(plan.error().message.empty());
    return plan.error().code;
  }
  ErrorCode refusal(const Growth& wanted) {
    const auto plan = grow(wanted);
    if (plan) return ErrorCode::kNone;
    EXPECT_FALSE(plan.error().message.empty());
    return plan.error().code;
  }

  static Wanted topic(const std::string& name, std::int32_t partitions = -1, std::int16_t replicas = -1) {
    Wanted wanted;
    wanted.name = name;
    wanted.num_partitions = partitions;
    wanted.replication_factor = replicas;
    return wanted;
  }
  static Wanted assigned(std::vector<kafka::CreateTopicsRequest::Assignment> assignments) {
    auto wanted = topic("t");
    wanted.assignments = std::move(assignments);
    return wanted;
  }
  static Growth growth(std::int32_t count) {
    Growth wanted;
    wanted.name = "t";
    wanted.count = count;
    wanted.assignments = std::nullopt;
    return wanted;
  }

  BrokerOptions options_;
};

TEST_F(AdminTopicPlan, FillsInTheDefaults) {
  add_nodes(3);
  const auto plan = create(topic("t"));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->partitions.size(), 4u);
  for (const auto& replicas : plan->partitions) EXPECT_EQ(replicas.size(), 2u);
  EXPECT_FALSE(plan->id.is_zero());
}

TEST_F(AdminTopicPlan, RefusesImpossibleNames) {
  add_nodes(3);
  for (const auto& name : {std::string(), std::string("."), std::string(".."), std::string("a b"),
                           std::string("a/b"), std::string(250, 'a')})
    EXPECT_EQ(refusal(topic(name)), ErrorCode::kInvalidTopicException) << name;
  EXPECT_EQ(refusal(topic(std::string(249, 'a'))), ErrorCode::kNone);
  add_topic("a.b", {{NodeId(10)}});
  EXPECT_EQ(refusal(topic("a_b")), ErrorCode::kInvalidTopicException);
  EXPECT_EQ(refusal(topic("a.b")), ErrorCode::kTopicAlreadyExists);
}

TEST_F(AdminTopicPlan, RefusesImpossibleNumbers) {
  add_nodes(3);
  for (const std::int32_t partitions : {0, -2, 100'001, std::numeric_limits<std::int32_t>::min()})
    EXPECT_EQ(refusal(topic("t", partitions, 1)), ErrorCode::kInvalidPartitions) << partitions;
  for (const std::int16_t replicas : {0, -2, 4, 16, 32767})
    EXPECT_EQ(refusal(topic("t", 1, replicas)), ErrorCode::kInvalidReplicationFactor) << replicas;
}

TEST_F(AdminTopicPlan, ChecksSettings) {
  add_nodes(1);
  options_.default_replication_factor = 1;
  auto wanted = topic("t");
  wanted.configs = {{"retention.ms", "1000"}};
  const auto plan = create(wanted);
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->configs, (metadata::Configs{{"retention.ms", "1000"}}));
  wanted.configs = {{"retention.ms", "soon"}};
  EXPECT_EQ(refusal(wanted), ErrorCode::kInvalidConfig);
  wanted.configs = {{"no.such.setting", "1"}};
  EXPECT_EQ(refusal(wanted), ErrorCode::kInvalidConfig);
  wanted.configs = {{"retention.ms", std::nullopt}};
  EXPECT_EQ(refusal(wanted), ErrorCode::kInvalidConfig);
}

TEST_F(AdminTopicPlan, TakesAssignmentsAsTheyAre) {
  add_nodes(3);
  const auto plan = create(assigned({{1, {30, 10}}, {0, {20, 30}}}));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->partitions,
            (std::vector<metadata::Replicas>{{NodeId(20), NodeId(30)}, {NodeId(30), NodeId(10)}}));
}

TEST_F(AdminTopicPlan, RefusesAssignmentsThatMakeNoSense) {
  add_nodes(3);
  for (const auto& wanted : {
           assigned({{0, {10}}, {2, {10}}}),      // a gap
           assigned({{0, {10}}, {0, {20}}}),      // twice
           assigned({{-1, {10}}}),                // below zero
           assigned({{0, {10, 10}}}),             // a replica twice
           assigned({{0, {10, 99}}}),             // no such broker
           assigned({{0, {}}}),                   // nobody
           assigned({{0, {10}}, {1, {10, 20}}}),  // uneven
       })
    EXPECT_EQ(refusal(wanted), ErrorCode::kInvalidReplicaAssignment);
  auto both = assigned({{0, {10}}});
  both.num_partitions = 1;
  EXPECT_EQ(refusal(both), ErrorCode::kInvalidRequest);
}

TEST_F(AdminTopicPlan, WithANodeDownTopicsCanStillBeMadeIfAMajorityRuns) {
  add_nodes(3);
  alive_ = {NodeId(20), NodeId(30)};
  const auto plan = create(topic("t", 6, 3));
  ASSERT_TRUE(plan);
  for (const auto& replicas : plan->partitions) {
    EXPECT_EQ(std::set(replicas.begin(), replicas.end()).size(), 3u);
    EXPECT_NE(replicas.front(), NodeId(10)) << "the first one is to lead, so it should run";
  }
  alive_ = {NodeId(20)};
  EXPECT_EQ(refusal(topic("t", 1, 3)), ErrorCode::kInvalidReplicationFactor);
  EXPECT_EQ(refusal(topic("t", 1, 2)), ErrorCode::kInvalidReplicationFactor);
  EXPECT_EQ(refusal(topic("t", 1, 1)), ErrorCode::kNone);
}

TEST_F(AdminTopicPlan, TopicsOfOneRequestSpreadTogether) {
  add_nodes(3);
  const auto now = view();
  TopicPlanner planner(now, options_, prng_);
  std::map<NodeId, int> leads;
  for (int i = 0; i < 30; ++i) {
    const auto plan = planner.create(topic("t" + std::to_string(i), 1, 1));
    ASSERT_TRUE(plan);
    ++leads[plan->partitions[0][0]];
  }
  EXPECT_THAT(leads, ::testing::UnorderedElementsAre(std::pair(NodeId(10), 10), std::pair(NodeId(20), 10),
                                                     std::pair(NodeId(30), 10)));
}

TEST_F(AdminTopicPlan, OneRequestMakesABoundedNumberOfPartitions) {
  add_nodes(1);
  const auto now = view();
  TopicPlanner planner(now, options_, prng_);
  EXPECT_TRUE(planner.create(topic("a", 60'000, 1)));
  const auto second = planner.create(topic("b", 60'000, 1));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().code, ErrorCode::kPolicyViolation);
}

TEST_F(AdminTopicPlan, GrowsATopic) {
  add_nodes(3);
  const auto& known = add_topic("t", {{NodeId(10), NodeId(20)}});
  const auto plan = grow(growth(3));
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->id, known.id);
  EXPECT_EQ(plan->existing, 1);
  ASSERT_EQ(plan->added.size(), 2u);
  for (const auto& replicas : plan->added) EXPECT_EQ(replicas.size(), 2u);
  auto wanted = growth(2);
  wanted.assignments.emplace().push_back({{30, 10}});
  EXPECT_EQ(grow(wanted)->added, (std::vector<metadata::Replicas>{{NodeId(30), NodeId(10)}}));
}

TEST_F(AdminTopicPlan, RefusesImpossibleGrowth) {
  add_nodes(3);
  EXPECT_EQ(refusal(growth(3)), ErrorCode::kUnknownTopicOrPartition);
  add_topic("t", {{NodeId(10), NodeId(20)}, {NodeId(20), NodeId(30)}});
  for (const std::int32_t count : {2, 1, 0, -1, 100'001})
    EXPECT_EQ(refusal(growth(count)), ErrorCode::kInvalidPartitions) << count;
  auto wanted = growth(3);
  wanted.assignments.emplace();
  EXPECT_EQ(refusal(wanted), ErrorCode::kInvalidReplicaAssignment);
  for (const std::vector<std::int32_t>& ids : {std::vector{10}, {10, 10}, {10, 99}}) {
    wanted.assignments.emplace().push_back({ids});
    EXPECT_EQ(refusal(wanted), ErrorCode::kInvalidReplicaAssignment);
  }
}

}  // namespace
}  // namespace kontiki::broker
