// Consumer groups in a cluster: what clients are told, and that neither a dead coordinator nor one that does
// not know yet that it is none loses a committed offset or tells an old one.

#include "broker/coordinators.h"
#include "kafka/messages/delete_groups.h"
#include "kafka/messages/describe_groups.h"
#include "kafka/messages/find_coordinator.h"
#include "kafka/messages/heartbeat.h"
#include "kafka/messages/join_group.h"
#include "kafka/messages/leave_group.h"
#include "kafka/messages/list_groups.h"
#include "kafka/messages/list_offsets.h"
#include "kafka/messages/offset_commit.h"
#include "kafka/messages/offset_delete.h"
#include "kafka/messages/offset_fetch.h"
#include "kafka/messages/sync_group.h"
#include "metadata/names.h"
#include "world.h"

#include <gmock/gmock.h>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;

constexpr World::Options kThree{.nodes = 3, .shards = 2, .seed = 1};

std::string of(const Slice& bytes) {
  return std::string(bytes.text());
}

class GroupsTest : public testing::Test {
 protected:
  GroupsTest() { world.create_topic("t", 2, 3); }

  // Asks a broker that runs until the group has a coordinator.
  std::size_t coordinator(const std::string& group) {
    std::optional<std::size_t> found;
    for (int tries = 0; tries < 100 && !found; ++tries) {
      std::size_t asked = 0;
      while (!world.runs(asked)) ++asked;
      kafka::FindCoordinatorRequest request;
      request.coordinator_keys = {group};
      const auto response = world.client(asked).call(request, 4);
      EXPECT_EQ(response.coordinators.size(), 1u);
      const auto& answer = response.coordinators.at(0);
      for (std::size_t i = 0; i < world.size(); ++i)
        if (answer.error_code == ErrorCode::kNone && World::node_id(i).value == answer.node_id) found = i;
      if (!found) world.sim().run_for(100'000);
    }
    EXPECT_TRUE(found.has_value()) << "nobody coordinates " << group;
    return found.value_or(0);
  }

  static kafka::JoinGroupRequest join_of(const std::string& group, const std::string& member) {
    kafka::JoinGroupRequest request;
    request.group_id = group;
    request.member_id = member;
    request.session_timeout_ms = 10'000;
    request.rebalance_timeout_ms = 10'000;
    request.protocol_type = "consumer";
    request.protocols.push_back({"range", Slice::copy_of("topics")});
    return request;
  }

  struct Joined {
    std::string member;
    std::int32_t generation = -1;
  };
  // One member that is its group's only one.
  Joined join_alone(TestClient& client, const std::string& group) {
    const auto promised = client.call(join_of(group, ""), 9);
    EXPECT_EQ(promised.error_code, ErrorCode::kMemberIdRequired);
    const auto joined = client.call(join_of(group, promised.member_id), 9);
    EXPECT_EQ(joined.error_code, ErrorCode::kNone);
    EXPECT_EQ(joined.leader, joined.member_id);
    EXPECT_EQ(joined.protocol_name, "range");
    EXPECT_EQ(joined.members.size(), 1u);
    kafka::SyncGroupRequest sync;
    sync.group_id = group;
    sync.member_id = joined.member_id;
    sync.generation_id = joined.generation_id;
    sync.protocol_type = "consumer";
    sync.protocol_name = "range";
    sync.assignments.push_back({joined.member_id, Slice::copy_of("all of it")});
    const auto synced = client.call(sync, 5);
    EXPECT_EQ(synced.error_code, ErrorCode::kNone);
    EXPECT_EQ(of(synced.assignment), "all of it");
    return {joined.member_id, joined.generation_id};
  }

  static kafka::HeartbeatRequest heartbeat_of(const std::string& group, const Joined& joined) {
    kafka::HeartbeatRequest request;
    request.group_id = group;
    request.member_id = joined.member;
    request.generation_id = joined.generation;
    return request;
  }

  static kafka::OffsetCommitRequest commit_of(const std::string& group, std::int64_t offset,
                                              const Joined& joined = {"", -1}) {
    kafka::OffsetCommitRequest request;
    request.group_id = group;
    request.member_id = joined.member;
    request.generation_id_or_member_epoch = joined.generation;
    request.topics.push_back({"t", {{.partition_index = 1, .committed_offset = offset}}});
    return request;
  }
  static ErrorCode error_of(const kafka::OffsetCommitResponse& response) {
    return response.topics.at(0).partitions.at(0).error_code;
  }

  static kafka::OffsetFetchRequest fetch_all(const std::string& group) {
    kafka::OffsetFetchRequest request;
    auto& asked = request.groups.emplace_back();
    asked.group_id = group;
    asked.topics.reset();
    return request;
  }
  // The one committed offset; -1: none.
  std::int64_t committed(const std::string& group) {
    for (int tries = 0; tries < 100; ++tries) {
      auto response = world.client(coordinator(group)).call(fetch_all(group), 8);
      if (response.groups.at(0).error_code == ErrorCode::kNone)
        return response.groups[0].topics.empty()
                   ? -1
                   : response.groups[0].topics[0].partitions[0].committed_offset;
      world.sim().run_for(100'000);
    }
    ADD_FAILURE() << "the offsets of " << group << " cannot be read";
    return -2;
  }

  World world{kThree};
};

TEST_F(GroupsTest, AMemberJoinsCommitsAndLeaves) {
  TestClient client = world.client(coordinator("g"));
  const Joined joined = join_alone(client, "g");
  EXPECT_EQ(client.call(heartbeat_of("g", joined), 4).error_code, ErrorCode::kNone);
  EXPECT_EQ(error_of(client.call(commit_of("g", 42, joined), 8)), ErrorCode::kNone);
  EXPECT_EQ(error_of(client.call(commit_of("g", 43), 8)), ErrorCode::kUnknownMemberId);
  EXPECT_EQ(committed("g"), 42);

  kafka::DescribeGroupsRequest describe;
  describe.groups = {"g", "nobody"};
  const auto described = client.call(describe, 5);
  EXPECT_EQ(described.groups[0].group_state, "Stable");
  EXPECT_EQ(described.groups[0].members.at(0).client_id, "test");
  EXPECT_EQ(of(described.groups[0].members[0].member_assignment), "all of it");

  kafka::DeleteGroupsRequest remove;
  remove.groups_names = {"g"};
  EXPECT_EQ(client.call(remove, 2).results.at(0).error_code, ErrorCode::kNonEmptyGroup);
  kafka::LeaveGroupRequest leave;
  leave.group_id = "g";
  leave.members.push_back({.member_id = joined.member, .group_instance_id = {}, .reason = {}});
  EXPECT_EQ(client.call(leave, 5).members.at(0).error_code, ErrorCode::kNone);
  EXPECT_EQ(client.call(heartbeat_of("g", joined), 4).error_code, ErrorCode::kUnknownMemberId);
  EXPECT_EQ(client.call(remove, 2).results.at(0).error_code, ErrorCode::kNone);
  EXPECT_EQ(client.call(remove, 2).results.at(0).error_code, ErrorCode::kGroupIdNotFound);
  EXPECT_EQ(committed("g"), -1);
}

TEST_F(GroupsTest, EveryBrokerListsWhatItCoordinatesAndAnswersForNothingElse) {
  std::set<std::string> made;
  for (int i = 0; i < 20; ++i) {
    const std::string name = "g" + std::to_string(i);
    const std::size_t at = coordinator(name);
    EXPECT_EQ(error_of(world.client(at).call(commit_of(name, i), 8)), ErrorCode::kNone);
    EXPECT_EQ(error_of(world.client((at + 1) % 3).call(commit_of(name, i), 8)), ErrorCode::kNotCoordinator);
    EXPECT_EQ(world.client((at + 1) % 3).call(fetch_all(name), 8).groups[0].error_code,
              ErrorCode::kNotCoordinator);
    made.insert(name);
  }
  std::set<std::string> listed;
  for (std::size_t i = 0; i < 3; ++i) {
    const auto response = world.client(i).call(kafka::ListGroupsRequest{}, 5);
    EXPECT_EQ(response.error_code, ErrorCode::kNone);
    EXPECT_FALSE(response.groups.empty()) << "coordinators are spread";
    for (const auto& group : response.groups) {
      EXPECT_EQ(group.group_state, "Empty");
      EXPECT_EQ(group.group_type, "classic");
      EXPECT_TRUE(listed.insert(group.group_id).second) << group.group_id << " is listed twice";
    }
    kafka::ListGroupsRequest stable;
    stable.states_filter = {"stable"};
    EXPECT_TRUE(world.client(i).call(stable, 5).groups.empty());
  }
  EXPECT_EQ(listed, made);
}

TEST_F(GroupsTest, AStableGroupDoesNotNoticeTheDeathOfItsCoordinator) {
  for (int round = 0; round < 3; ++round) {
    const std::string name = "g" + std::to_string(round);
    const std::size_t first = coordinator(name);
    TestClient before = world.client(first);
    const Joined joined = join_alone(before, name);
    EXPECT_EQ(error_of(before.call(commit_of(name, 7, joined), 8)), ErrorCode::kNone);
    world.crash(first);
    world.sim().run_for(3 * kSecond);
    const std::size_t second = coordinator(name);
    EXPECT_NE(second, first);
    TestClient after = world.client(second);
    EXPECT_EQ(after.call(heartbeat_of(name, joined), 4).error_code, ErrorCode::kNone);
    EXPECT_EQ(committed(name), 7);
    EXPECT_EQ(error_of(after.call(commit_of(name, 8, joined), 8)), ErrorCode::kNone);
    world.start(first);
    ASSERT_TRUE(world.wait_ready());
    EXPECT_EQ(committed(name), 8);
  }
}

TEST_F(GroupsTest, OffsetsSurviveTheLossOfPowerOfAllBrokers) {
  const Joined joined = [&] {
    TestClient client = world.client(coordinator("g"));
    const Joined made = join_alone(client, "g");
    EXPECT_EQ(error_of(client.call(commit_of("g", 123, made), 8)), ErrorCode::kNone);
    return made;
  }();
  for (std::size_t i = 0; i < 3; ++i) world.crash(i);
  for (std::size_t i = 0; i < 3; ++i) world.start(i);
  ASSERT_TRUE(world.wait_ready());
  EXPECT_EQ(committed("g"), 123);
  TestClient client = world.client(coordinator("g"));
  EXPECT_EQ(client.call(heartbeat_of("g", joined), 4).error_code, ErrorCode::kNone);
}

// Who leads without knowing that it was replaced must not tell what is committed: it may be old.
TEST_F(GroupsTest, ACoordinatorThatIsCutOffTellsNoOffsets) {
  const std::size_t old = coordinator("g");
  TestClient client = world.client(old);
  EXPECT_EQ(error_of(client.call(commit_of("g", 1), 8)), ErrorCode::kNone);
  for (std::size_t i = 0; i < 3; ++i) {
    if (i == old) continue;
    world.sim().network().cut(World::name(old), World::name(i));
    world.sim().network().cut(World::name(i), World::name(old));
  }
  const auto id = client.send(fetch_all("g"), 8);
  const auto response = client.receive<kafka::OffsetFetchRequest>(id, 8);
  EXPECT_EQ(response.groups[0].error_code, ErrorCode::kNotCoordinator);
}

// Others may know the coordinator, and a client would go on asking the one that it asked last.
TEST_F(GroupsTest, ABrokerThatIsCutOffSendsAwayWhoLooksForACoordinator) {
  const std::size_t lonely = coordinator("g");
  kafka::FindCoordinatorRequest request;
  request.coordinator_keys = {"g"};
  TestClient client = world.client(lonely);
  EXPECT_EQ(client.call(request, 4).coordinators.at(0).node_id, World::node_id(lonely).value);
  world.sim().network().isolate(World::name(lonely));
  world.sim().network().heal(World::name(lonely), "client");
  world.sim().run_for(5 * kSecond);
  client.send(request, 4);
  EXPECT_TRUE(client.wait_closed());
  EXPECT_EQ(client.answers(), 0u);
}

TEST_F(GroupsTest, TheOffsetsOfADeletedTopicGoWithIt) {
  const std::size_t at = coordinator("g");
  EXPECT_EQ(error_of(world.client(at).call(commit_of("g", 5), 8)), ErrorCode::kNone);
  const TopicId id = world.broker(at).shard(0).cluster().topic("t")->id;
  ASSERT_TRUE(world.submit(0, metadata::DeleteTopic{id}).has_value());
  EXPECT_TRUE(world.wait([&] { return committed("g") == -1; }));
  kafka::OffsetCommitRequest late = commit_of("g", 6);
  EXPECT_EQ(error_of(world.client(at).call(late, 8)), ErrorCode::kUnknownTopicOrPartition);
}

TEST_F(GroupsTest, OlderVersionsAreAnsweredInTheirOwnWay) {
  const std::size_t at = coordinator("g");
  TestClient client = world.client(at);
  EXPECT_EQ(error_of(client.call(commit_of("g", 9), 2)), ErrorCode::kNone);
  kafka::OffsetFetchRequest fetch;
  fetch.group_id = "g";
  fetch.topics = {{.name = "t", .partition_indexes = {0, 1}}};
  const auto fetched = client.call(fetch, 1);
  EXPECT_EQ(fetched.topics.at(0).partitions.at(0).committed_offset, -1);
  EXPECT_EQ(fetched.topics[0].partitions.at(1).committed_offset, 9);
  TestClient other = world.client((at + 1) % 3);
  EXPECT_EQ(other.call(fetch, 1).topics[0].partitions[1].error_code, ErrorCode::kNotCoordinator);
  EXPECT_EQ(other.call(fetch, 5).error_code, ErrorCode::kNotCoordinator);
  kafka::FindCoordinatorRequest find;
  find.key = "g";
  EXPECT_EQ(client.call(find, 1).node_id, World::node_id(at).value);
  find.key_type = 1;
  EXPECT_EQ(client.call(find, 1).error_code, ErrorCode::kInvalidRequest);
  // Without a member id first, and with one answer for the one member that leaves.
  const auto joined = client.call(join_of("old", ""), 3);
  if (joined.error_code == ErrorCode::kNone) {
    kafka::LeaveGroupRequest leave;
    leave.group_id = "old";
    leave.member_id = joined.member_id;
    EXPECT_EQ(client.call(leave, 1).error_code, ErrorCode::kNone);
    EXPECT_EQ(client.call(leave, 1).error_code, ErrorCode::kUnknownMemberId);
  } else {
    EXPECT_EQ(joined.error_code, ErrorCode::kNotCoordinator);
  }
}

TEST_F(GroupsTest, WhatIsNamedManyTimesIsAnsweredOnce) {
  const std::size_t at = coordinator("g");
  TestClient client = world.client(at);
  EXPECT_EQ(error_of(client.call(commit_of("g", 9), 8)), ErrorCode::kNone);
  kafka::OffsetFetchRequest fetch;
  fetch.groups.resize(1000);
  for (auto& group : fetch.groups) {
    group.group_id = "g";
    group.topics.emplace();
    for (int i = 0; i < 3; ++i) group.topics->push_back({.name = "t", .partition_indexes = {1, 1, 1}});
  }
  const auto fetched = client.call(fetch, 8);
  ASSERT_EQ(fetched.groups.size(), 1u);
  std::size_t partitions = 0;
  for (const auto& topic : fetched.groups[0].topics) partitions += topic.partitions.size();
  EXPECT_EQ(partitions, 1u);
  kafka::DescribeGroupsRequest describe;
  describe.groups.assign(1000, "g");
  EXPECT_EQ(client.call(describe, 5).groups.size(), 1u);
}

TEST_F(GroupsTest, TheCoordinatorsTopicHoldsNoMessages) {
  const std::string topic(metadata::kGroupsTopic);
  coordinator("g");
  ASSERT_TRUE(world.wait_leader("t", 0));
  const auto group = world.group(topic, 0);
  std::size_t leader = 0;
  ASSERT_TRUE(world.wait([&] {
    for (leader = 0; leader < 3; ++leader) {
      ShardBroker& at = world.broker(leader).shard(world.broker(leader).node().shard_of(group));
      if (at.coordinator(group) != nullptr && at.coordinator(group)->leads()) return true;
    }
    return false;
  }));
  TestClient client = world.client(leader);
  EXPECT_EQ(only(client.call(produce_of(topic, 0, batch_of({"x"})), 9)).error_code,
            ErrorCode::kInvalidTopicException);
  const auto fetched = only(client.call(fetch_of(topic, 0, 0, 500), 12));
  EXPECT_EQ(fetched.error_code, ErrorCode::kNone);
  EXPECT_EQ(fetched.high_watermark, 0);
  kafka::ListOffsetsRequest offsets;
  offsets.topics.push_back({.name = topic, .partitions = {{.partition_index = 0, .timestamp = -1}}});
  EXPECT_EQ(client.call(offsets, 7).topics[0].partitions[0].offset, 0);
}

}  // namespace
}  // namespace kontiki::broker
