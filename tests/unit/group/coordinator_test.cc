// What a script cannot say: bounds, the lead, and calls that are not answered at once.
#include "world.h"

#include <gtest/gtest.h>

namespace kontiki::group {
namespace {

JoinRequest newcomer(const std::string& group) {
  return {.group = group,
          .member_id = {},
          .client_id = "c",
          .client_host = "h",
          .session_timeout_ms = 10'000,
          .rebalance_timeout_ms = 60'000,
          .protocol_type = "consumer",
          .protocols = {{"range", subscription({"t"})}}};
}
CommitRequest commit_of(const std::string& group, std::int32_t partition) {
  return {.caller = {group, kNoGeneration, {}}, .partitions = {{{"t", partition}, Offset(1)}}};
}

TEST(CoordinatorTest, NothingIsServedBeforeTheTermIsOpenAndNothingAfterIt) {
  Groups groups;
  Coordinator coordinator(groups, {}, Prng(1));
  const auto error = [&] {
    coordinator.heartbeat(RequestToken(1), {"g", 1, "m"}, 0);
    return std::get<ErrorAnswer>(coordinator.take_answers().at(0).body).error;
  };
  EXPECT_EQ(error(), Error::kNotCoordinator);
  coordinator.become_leader(Term(2), 0);
  EXPECT_EQ(error(), Error::kCoordinatorLoadInProgress);
  Entry entry;
  const auto open = [&](Term term) {
    entry.header.index = entry.header.index + 1;
    entry.header.term = term;
    groups.apply(entry);
    coordinator.applied(entry, 0);
  };
  open(Term(1));
  EXPECT_EQ(error(), Error::kCoordinatorLoadInProgress);
  open(Term(2));
  EXPECT_EQ(error(), Error::kUnknownMemberId);
  coordinator.become_leader(Term(2), 0);
  EXPECT_TRUE(coordinator.is_serving()) << "it is the same lead";
  open(Term(3));
  EXPECT_EQ(error(), Error::kNotCoordinator) << "somebody else leads";
  coordinator.become_leader(Term(2), 0);
  EXPECT_EQ(error(), Error::kNotCoordinator);
}

TEST(CoordinatorTest, AGroupTakesNoMoreMembersThanItsLimitAndThrowsNobodyOut) {
  Config config;
  config.group_size_max = 2;
  config.initial_rebalance_delay_ms = 0;
  World world(config);
  std::vector<RequestToken> tokens;
  for (int i = 0; i < 3; ++i) {
    tokens.push_back(world.token());
    world.coordinator->join(tokens.back(), newcomer("g"), world.now_ms);
    world.pump();
  }
  const auto first = world.answer_to(tokens[0]);
  ASSERT_TRUE(first);
  const std::string leader = std::get<JoinAnswer>(first->body).member_id;
  EXPECT_FALSE(world.answer_to(tokens[1])) << "waits for the first one";
  EXPECT_FALSE(world.answer_to(tokens[2])) << "in a join phase a place is free as long as its owner is away";
  JoinRequest again = newcomer("g");
  again.member_id = leader;
  EXPECT_EQ(world
                .answered<JoinAnswer>([&] {
                  const RequestToken token = world.token();
                  world.coordinator->join(token, again, world.now_ms);
                  return token;
                }())
                .error,
            Error::kGroupMaxSizeReached);
  const RequestToken fourth = world.token();
  world.coordinator->join(fourth, newcomer("g"), world.now_ms);
  EXPECT_EQ(world.answered<JoinAnswer>(fourth).error, Error::kGroupMaxSizeReached);
}

TEST(CoordinatorTest, TheBytesOfAGroupAreBounded) {
  World world;
  JoinRequest large = newcomer("g");
  large.protocols[0].metadata = Slice(Buffer(limits::kGroupBytesMax + 1));
  const RequestToken token = world.token();
  world.coordinator->join(token, large, world.now_ms);
  EXPECT_EQ(world.answered<JoinAnswer>(token).error, Error::kGroupMaxSizeReached);
  EXPECT_TRUE(world.coordinator->list({})->empty()) << "a refused newcomer leaves nothing behind";
}

TEST(CoordinatorTest, PromisedIdsAreBoundedAndEnd) {
  World world;
  JoinRequest request = newcomer("g");
  request.requires_known_member_id = true;
  for (std::size_t i = 0; i <= limits::kGroupMembersMax; ++i) {
    const RequestToken token = world.token();
    world.coordinator->join(token, request, world.now_ms);
    EXPECT_EQ(world.answered<JoinAnswer>(token).error,
              i < limits::kGroupMembersMax ? Error::kMemberIdRequired : Error::kGroupMaxSizeReached);
  }
  world.wait(request.session_timeout_ms);
  EXPECT_TRUE(world.coordinator->list({})->empty());
}

TEST(CoordinatorTest, OffsetsOfAGroupAreBoundedThoseOnTheirWayIncluded) {
  World world;
  CommitRequest all{.caller = {"g", kNoGeneration, {}}, .partitions = {}};
  for (std::size_t i = 0; i + 1 < limits::kGroupOffsetsMax; ++i)
    all.partitions.push_back({{"t", static_cast<std::int32_t>(i)}, Offset(1)});
  const auto commit = [&](const CommitRequest& request) {
    const RequestToken token = world.token();
    world.coordinator->commit_offsets(token, request, world.now_ms);
    return token;
  };
  world.holding = true;
  const RequestToken most = commit(all);
  const RequestToken last = commit(commit_of("g", -1));
  const RequestToken over = commit(commit_of("g", -2));
  world.holding = false;
  EXPECT_EQ(world.answered<ListAnswer>(most).parts[0], Error::kNone);
  EXPECT_EQ(world.answered<ListAnswer>(last).parts[0], Error::kNone);
  EXPECT_EQ(world.answered<ListAnswer>(over).parts[0], Error::kInvalidCommitOffsetSize);
  EXPECT_EQ(world.answered<ListAnswer>(commit(commit_of("g", -1))).parts[0], Error::kNone) << "known already";
  EXPECT_EQ((*world.coordinator->offsets("g"))->size(), limits::kGroupOffsetsMax);
}

TEST(CoordinatorTest, CommandsOnTheirWayAreBounded) {
  World world;
  world.holding = true;
  RequestToken token;
  for (std::size_t i = 0; i <= limits::kGroupCommandsMax; ++i) {
    token = world.token();
    world.coordinator->commit_offsets(token, commit_of("g" + std::to_string(i), 0), world.now_ms);
  }
  EXPECT_EQ(world.answered<ListAnswer>(token).error, Error::kCoordinatorNotAvailable);
}

TEST(CoordinatorTest, TheEmptyGroupIdHasOffsetsButNoMembers) {
  World world;
  const auto ask = [&](auto call) {
    const RequestToken token = world.token();
    call(token);
    return token;
  };
  const RequestToken join = ask([&](auto t) { world.coordinator->join(t, newcomer(""), world.now_ms); });
  EXPECT_EQ(world.answered<JoinAnswer>(join).error, Error::kInvalidGroupId);
  const RequestToken commit =
      ask([&](auto t) { world.coordinator->commit_offsets(t, commit_of("", 0), world.now_ms); });
  EXPECT_EQ(world.answered<ListAnswer>(commit).parts[0], Error::kNone);
  const auto remove = [&](auto t) { world.coordinator->delete_group(t, "", world.now_ms); };
  EXPECT_EQ(world.answered<ErrorAnswer>(ask(remove)).error, Error::kNone);
  EXPECT_EQ(world.answered<ErrorAnswer>(ask(remove)).error, Error::kGroupIdNotFound);
}

TEST(CoordinatorTest, OffsetsOfADeletedTopicGoButNotThoseOfItsSuccessor) {
  World world;
  Uuid old_id, new_id;
  old_id.bytes[0] = 1;
  new_id.bytes[0] = 2;
  CommitRequest request{.caller = {"g", kNoGeneration, {}},
                        .partitions = {{{"t", 0}, Offset(1), -1, {}, old_id},
                                       {{"t", 1}, Offset(1), -1, {}, new_id},
                                       {{"t", 2}, Offset(1)},
                                       {{"t2", 0}, Offset(1)}}};
  world.coordinator->commit_offsets(world.token(), request, world.now_ms);
  world.coordinator->delete_topic_offsets("t", old_id);
  world.pump();
  const Offsets& left = **world.coordinator->offsets("g");
  EXPECT_EQ(left.size(), 2u);
  EXPECT_TRUE(left.contains({"t", 1}) && left.contains({"t2", 0}));
  EXPECT_EQ(world.groups.topics(),
            (std::set<std::pair<std::string, TopicId>>{{"t", new_id}, {"t2", TopicId()}}));
}

}  // namespace
}  // namespace kontiki::group
