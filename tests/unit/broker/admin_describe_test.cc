// The administrative APIs that tell of partitions, replicas, producers and the metadata's voters, and those
// that a broker without security has little to say to.

#include "broker/peer_calls.h"
#include "kafka/messages/alter_client_quotas.h"
#include "kafka/messages/create_acls.h"
#include "kafka/messages/delete_acls.h"
#include "kafka/messages/describe_acls.h"
#include "kafka/messages/describe_client_quotas.h"
#include "kafka/messages/describe_log_dirs.h"
#include "kafka/messages/describe_producers.h"
#include "kafka/messages/describe_quorum.h"
#include "kafka/messages/describe_topic_partitions.h"
#include "kafka/messages/describe_user_scram_credentials.h"
#include "kafka/messages/elect_leaders.h"
#include "unit/broker/world.h"

#include <gmock/gmock.h>

#include <string>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;
using ::testing::IsEmpty;
using ::testing::SizeIs;

std::int64_t bytes_of(const kafka::DescribeLogDirsResponse::Result& folder) {
  std::int64_t sum = 0;
  for (const auto& topic : folder.topics)
    for (const auto& partition : topic.partitions) sum += partition.partition_size;
  return sum;
}

TEST(DescribeTopicPartitions, PagesHoldEveryPartitionOnce) {
  World world({.nodes = 1, .shards = 2});
  world.create_topic("b", 3, 1);
  world.create_topic("a", 2, 1);
  world.create_topic("c", 1, 1);
  TestClient client = world.client(0);
  for (const bool named : {false, true}) {
    for (std::int32_t limit = 1; limit <= 7; ++limit) {
      kafka::DescribeTopicPartitionsRequest request;
      if (named) request.topics = {{"c"}, {"b"}, {"a"}, {"b"}};
      request.response_partition_limit = limit;
      std::vector<std::string> seen;
      for (int page = 0; page < 10; ++page) {
        const auto answer = client.call(request, 0);
        std::size_t count = 0;
        for (const auto& topic : answer.topics) {
          EXPECT_EQ(topic.error_code, ErrorCode::kNone);
          EXPECT_FALSE(topic.topic_id.is_zero());
          count += topic.partitions.size();
          for (const auto& partition : topic.partitions) {
            EXPECT_EQ(partition.leader_id, World::node_id(0).value);
            seen.push_back(*topic.name + std::to_string(partition.partition_index));
          }
        }
        EXPECT_LE(count, static_cast<std::size_t>(limit));
        if (!answer.next_cursor) break;
        request.cursor = answer.next_cursor;
      }
      EXPECT_EQ(seen, (std::vector<std::string>{"a0", "a1", "b0", "b1", "b2", "c0"})) << limit;
    }
  }
}

TEST(DescribeTopicPartitions, TellsOfTopicsThatAreNotThere) {
  World world({});
  world.create_topic("b", 1, 1);
  TestClient client = world.client(0);
  kafka::DescribeTopicPartitionsRequest request;
  request.topics = {{"b"}, {"a"}, {"a b"}};
  const auto answer = client.call(request, 0);
  ASSERT_THAT(answer.topics, SizeIs(3));
  EXPECT_EQ(answer.topics[0].error_code, ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(answer.topics[1].error_code, ErrorCode::kInvalidTopicException);
  EXPECT_EQ(answer.topics[2].error_code, ErrorCode::kNone);
  // A cursor to a topic that was deleted meanwhile goes on with the next.
  request.topics.clear();
  request.cursor = {"aa", 5};
  EXPECT_THAT(client.call(request, 0).topics, SizeIs(1));
  request.topics = {{"b"}};
  request.cursor = {"b", -1};
  EXPECT_EQ(client.call(request, 0).topics.at(0).error_code, ErrorCode::kInvalidRequest);
}

TEST(DescribeLogDirs, ShowsTheReplicasOfThisBrokerAndTheRoomOnItsVolume) {
  World world({.nodes = 3, .shards = 2});
  world.create_topic("t", 3, 2);  // on brokers 0 1, 1 2, 2 0
  world.node(0).disk().set_capacity(1u << 30);
  TestClient client = world.client(0);
  kafka::DescribeLogDirsRequest all;
  all.topics.reset();
  const auto before = client.call(all, 4);
  EXPECT_EQ(before.error_code, ErrorCode::kNone);
  ASSERT_THAT(before.results, SizeIs(1));
  EXPECT_EQ(before.results[0].total_bytes, 1 << 30);
  EXPECT_GT(before.results[0].usable_bytes, 0);
  EXPECT_LT(before.results[0].usable_bytes, 1 << 30);
  ASSERT_THAT(before.results[0].topics, SizeIs(1));
  ASSERT_THAT(before.results[0].topics[0].partitions, SizeIs(2));
  EXPECT_EQ(before.results[0].topics[0].partitions[1].partition_index, 2);

  const std::size_t leader = *world.leader("t", 0);
  TestClient producer = world.client(leader);
  EXPECT_EQ(only(producer.call(produce_of("t", 0, batch_of({std::string(5000, 'x')})), 9)).error_code,
            ErrorCode::kNone);
  EXPECT_TRUE(world.wait(
      [&] { return bytes_of(client.call(all, 4).results.at(0)) >= bytes_of(before.results[0]) + 5000; }));

  for (std::int16_t v = 1; v <= 4; ++v) {
    kafka::DescribeLogDirsRequest some;
    some.topics->push_back({"t", {0, 1, 9}});
    some.topics->push_back({"u", {0}});
    const auto answer = client.call(some, v);
    ASSERT_THAT(answer.results.at(0).topics, SizeIs(1)) << v;
    ASSERT_THAT(answer.results[0].topics[0].partitions, SizeIs(1)) << "1 is on other brokers, 9 nowhere";
    EXPECT_EQ(answer.results[0].topics[0].partitions[0].partition_index, 0);
  }
}

TEST(DescribeProducers, ShowsWhatTheLeaderRemembers) {
  World world({.nodes = 2, .shards = 2});
  world.create_topic("t", 1, 2);
  const std::size_t leader = *world.leader("t", 0);
  TestClient client = world.client(leader);
  const Slice batch = batch_of({"a", "b"}, {ProducerId(9), 4, 0}, sim::SimClock::kWallStartMs + 5);
  EXPECT_EQ(only(client.call(produce_of("t", 0, batch), 9)).error_code, ErrorCode::kNone);
  EXPECT_EQ(only(client.call(produce_of("t", 0, batch_of({"c"})), 9)).error_code, ErrorCode::kNone);
  kafka::DescribeProducersRequest request;
  request.topics.push_back({"t", {0, 3, 0, 0, 0}});  // each is told once
  const auto answer = client.call(request, 0);
  ASSERT_THAT(answer.topics.at(0).partitions, SizeIs(2));
  const auto& known = answer.topics[0].partitions[0];
  EXPECT_EQ(known.error_code, ErrorCode::kNone);
  ASSERT_THAT(known.active_producers, SizeIs(1));
  EXPECT_EQ(known.active_producers[0].producer_id, 9);
  EXPECT_EQ(known.active_producers[0].producer_epoch, 4);
  EXPECT_EQ(known.active_producers[0].last_sequence, 1);
  EXPECT_EQ(known.active_producers[0].last_timestamp, sim::SimClock::kWallStartMs + 5);
  EXPECT_EQ(known.active_producers[0].current_txn_start_offset, -1);
  EXPECT_EQ(answer.topics[0].partitions[1].error_code, ErrorCode::kUnknownTopicOrPartition);
  TestClient follower = world.client(1 - leader);
  EXPECT_EQ(follower.call(request, 0).topics.at(0).partitions.at(0).error_code,
            ErrorCode::kNotLeaderOrFollower);
}

kafka::DescribeQuorumRequest quorum_of(const std::string& topic, std::int32_t partition) {
  kafka::DescribeQuorumRequest request;
  request.topics.push_back({topic, {{partition}}});
  return request;
}

TEST(DescribeQuorum, EveryBrokerTellsHowFarTheVotersAre) {
  World world({.nodes = 3, .shards = 2});
  world.create_topic("t", 1, 3);
  ASSERT_TRUE(world.wait_ready());
  for (std::size_t i = 0; i < 3; ++i) {
    TestClient client = world.client(i);
    for (std::int16_t v = 0; v <= 2; ++v) {
      const auto answer = client.call(quorum_of("__cluster_metadata", 0), v);
      EXPECT_EQ(answer.error_code, ErrorCode::kNone);
      const auto& partition = answer.topics.at(0).partitions.at(0);
      EXPECT_EQ(partition.error_code, ErrorCode::kNone);
      EXPECT_EQ(partition.leader_id, world.broker(i).shard(0).controller().value);
      EXPECT_GE(partition.leader_epoch, 1);
      EXPECT_GT(partition.high_watermark, 4) << "three registrations, the cluster's id and a topic";
      ASSERT_THAT(partition.current_voters, SizeIs(3));
      for (const auto& voter : partition.current_voters)
        EXPECT_LE(voter.log_end_offset, partition.high_watermark + 1);
      EXPECT_THAT(answer.nodes, SizeIs(v >= 2 ? 3 : 0));
    }
    EXPECT_EQ(client.call(quorum_of("t", 0), 2).topics.at(0).partitions.at(0).error_code,
              ErrorCode::kUnknownTopicOrPartition);
  }
}

TEST(DescribeQuorum, AVoterThatIsGoneFallsBehind) {
  World world({.nodes = 3, .shards = 1});
  ASSERT_TRUE(world.wait_ready());
  std::size_t gone = 0;
  while (world.broker(0).shard(0).controller() == World::node_id(gone)) ++gone;
  const std::size_t left = gone == 0 ? 1 : 0;
  world.crash(gone);
  TestClient client = world.client(left);
  world.create_topic("t", 1, 1);
  ASSERT_TRUE(world.wait([&] {
    const auto answer = client.call(quorum_of("__cluster_metadata", 0), 2);
    const auto& partition = answer.topics.at(0).partitions.at(0);
    std::size_t behind = 0;
    std::size_t up = 0;
    for (const auto& voter : partition.current_voters) {
      if (voter.replica_id == World::node_id(gone).value)
        behind += voter.last_fetch_timestamp < 0 && voter.log_end_offset < partition.high_watermark ? 1 : 0;
      else
        up += voter.log_end_offset >= partition.high_watermark ? 1 : 0;
    }
    return behind == 1 && up == 2;
  }));
}

TEST(DescribeQuorum, AnAnswerThatIsCutOrTooLongIsNone) {
  QuorumState state{.leader = NodeId(3),
                    .term = Term(4),
                    .committed = Index(9),
                    .last = Index(10),
                    .wall_ms = 77,
                    .voters = {{NodeId(3), Index(10), true}, {kNoNode, Index(0), false}}};
  const Slice encoded = encode(state);
  EXPECT_EQ(decode_quorum(encoded.bytes()), state);
  for (std::size_t size = 0; size < encoded.size(); ++size)
    EXPECT_EQ(decode_quorum(encoded.bytes().first(size)), std::nullopt) << size;
  const std::string longer = std::string(as_text(encoded.bytes())) + "x";
  EXPECT_EQ(decode_quorum(Slice::copy_of(longer).bytes()), std::nullopt);
}

kafka::ElectLeadersRequest elect_of(std::vector<std::int32_t> partitions, std::int8_t type = 0) {
  kafka::ElectLeadersRequest request;
  request.election_type = type;
  request.topic_partitions->push_back({"t", std::move(partitions)});
  request.timeout_ms = 20'000;
  return request;
}

TEST(ElectLeaders, ThePreferredReplicaLeadsAgain) {
  World world({.nodes = 3, .shards = 2});
  world.create_topic("t", 2, 3);  // preferred: 0 and 1
  ASSERT_TRUE(world.wait([&] { return world.leader("t", 0) == 0u && world.leader("t", 1) == 1u; }));
  world.crash(0);
  ASSERT_TRUE(world.wait([&] {
    const auto leader = world.leader("t", 0);
    return leader && *leader != 0;
  }));
  TestClient client = world.client(2);
  const auto result = [&](const kafka::ElectLeadersResponse& answer) {
    return answer.replica_election_results.at(0).partition_result.at(0);
  };
  EXPECT_EQ(result(client.call(elect_of({0}), 2)).error_code, ErrorCode::kPreferredLeaderNotAvailable);
  EXPECT_EQ(result(client.call(elect_of({1}), 2)).error_code, ErrorCode::kElectionNotNeeded);
  EXPECT_EQ(result(client.call(elect_of({9}), 2)).error_code, ErrorCode::kUnknownTopicOrPartition);
  EXPECT_EQ(result(client.call(elect_of({0}, 1), 2)).error_code, ErrorCode::kElectionNotNeeded) << "unclean";
  EXPECT_EQ(client.call(elect_of({0}, 7), 2).error_code, ErrorCode::kInvalidRequest);

  world.start(0);
  ASSERT_TRUE(world.wait_ready());
  ASSERT_TRUE(world.wait([&] {
    const auto error = result(client.call(elect_of({0}), 2)).error_code;
    return error == ErrorCode::kNone || error == ErrorCode::kElectionNotNeeded;
  }));
  EXPECT_TRUE(world.wait([&] { return world.leader("t", 0) == 0u; }));
  kafka::ElectLeadersRequest all;
  all.topic_partitions.reset();
  EXPECT_THAT(client.call(all, 2).replica_election_results, IsEmpty()) << "all as preferred";
}

TEST(ElectLeaders, NobodyWhoMayLackRecordsIsElected) {
  World world({.nodes = 3, .shards = 1});
  world.create_topic("t", 1, 2);
  world.crash(1);
  world.crash(0);
  TestClient client = world.client(2);
  ASSERT_TRUE(world.wait([&] {
    const auto answer = client.call(elect_of({0}, 1), 2);
    return answer.replica_election_results.at(0).partition_result.at(0).error_code ==
           ErrorCode::kEligibleLeadersNotAvailable;
  }));
}

TEST(Security, IsAnsweredAsByABrokerWithoutIt) {
  World world({});
  ASSERT_TRUE(world.wait_ready());
  TestClient client = world.client(0);
  for (std::int16_t v = 1; v <= 3; ++v) {
    EXPECT_EQ(client.call(kafka::DescribeAclsRequest{}, v).error_code, ErrorCode::kSecurityDisabled);
    kafka::CreateAclsRequest create;
    create.creations.resize(2);
    const auto created = client.call(create, v);
    ASSERT_THAT(created.results, SizeIs(2));
    EXPECT_EQ(created.results[1].error_code, ErrorCode::kSecurityDisabled);
    kafka::DeleteAclsRequest remove;
    remove.filters.resize(2);
    const auto removed = client.call(remove, v);
    ASSERT_THAT(removed.filter_results, SizeIs(2));
    EXPECT_EQ(removed.filter_results[1].error_code, ErrorCode::kSecurityDisabled);
  }
  kafka::DescribeUserScramCredentialsRequest users;
  EXPECT_THAT(client.call(users, 0).results, IsEmpty());
  users.users = {{"a"}, {"b"}, {"a"}};
  const auto answer = client.call(users, 0);
  ASSERT_THAT(answer.results, SizeIs(2));
  EXPECT_EQ(answer.results[0].error_code, ErrorCode::kDuplicateResource);
  EXPECT_EQ(answer.results[1].error_code, ErrorCode::kResourceNotFound);
}

TEST(ClientQuotas, CannotBeSetAndAreNotThere) {
  World world({});
  ASSERT_TRUE(world.wait_ready());
  TestClient client = world.client(0);
  for (std::int16_t v = 0; v <= 1; ++v) {
    kafka::DescribeClientQuotasRequest describe;
    EXPECT_THAT(*client.call(describe, v).entries, IsEmpty());
    describe.components = {{"user", 0, "a"}, {"client-id", 1, std::nullopt}};
    EXPECT_THAT(*client.call(describe, v).entries, IsEmpty());
    describe.components = {{"user", 0, "a"}, {"user", 2, std::nullopt}};
    EXPECT_EQ(client.call(describe, v).error_code, ErrorCode::kInvalidRequest);
    kafka::AlterClientQuotasRequest alter;
    alter.entries.push_back({{{"user", "a"}}, {{"producer_byte_rate", 10, false}}});
    alter.entries.push_back({{{"user", "a"}}, {{"producer_byte_rate", 0, true}}});
    const auto answer = client.call(alter, v);
    ASSERT_THAT(answer.entries, SizeIs(2));
    EXPECT_EQ(answer.entries[0].error_code, ErrorCode::kInvalidRequest);
    EXPECT_EQ(answer.entries[0].entity.at(0).entity_name, "a");
    EXPECT_EQ(answer.entries[1].error_code, ErrorCode::kNone) << "there is nothing to remove";
  }
}

}  // namespace
}  // namespace kontiki::broker
