// What members of a group send and read, by the bytes that clients have on the wire.
#include "kafka/codec.h"
#include "kafka/messages/consumer_protocol.h"
#include "kafka/messages/join_group.h"
#include "kafka/messages/leave_group.h"
#include "kafka/messages/offset_commit.h"
#include "kafka/messages/offset_fetch.h"
#include "unit/kafka/allocation_watch.h"
#include "unit/kafka/hex.h"

#include <gtest/gtest.h>

namespace kontiki::kafka {
namespace {

using Subscription = ConsumerProtocolSubscription;
using Assignment = ConsumerProtocolAssignment;

TEST(JoinGroup, Version2IsReadFromExactBytes) {
  // As kafka-python sends it: group "g", 10 s, 5 min, no member id yet, "consumer", one protocol "range".
  const auto request = decode<JoinGroupRequest>(
      from_hex("00 01 67 | 00 00 27 10 | 00 04 93 e0 | 00 00 | 00 08 63 6f 6e 73 75 6d 65 72 | 00 00 00 01 |"
               "00 05 72 61 6e 67 65 | 00 00 00 02 ab cd"),
      2);
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(to_text(*request, 2),
            "{group_id: \"g\", session_timeout_ms: 10000, rebalance_timeout_ms: 300000, member_id: \"\", "
            "protocol_type: \"consumer\", protocols: [{name: \"range\", metadata: <2 bytes>}]}");
  EXPECT_EQ(request->group_instance_id, std::nullopt);
}

TEST(JoinGroup, Version0HasNoRebalanceTimeout) {
  const auto request =
      decode<JoinGroupRequest>(from_hex("00 01 67 | 00 00 27 10 | 00 00 | 00 00 | 00 00 00 00"), 0);
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(request->rebalance_timeout_ms, -1);
}

TEST(JoinGroup, NoProtocolNameIsNullFromVersion7AndEmptyBefore) {
  JoinGroupResponse refused;
  refused.protocol_name = std::nullopt;
  EXPECT_EQ(decode<JoinGroupResponse>(encode_body(refused, 6), 6)->protocol_name, "");
  EXPECT_EQ(decode<JoinGroupResponse>(encode_body(refused, 7), 7)->protocol_name, std::nullopt);
}

TEST(LeaveGroup, OneMemberUntilVersion2AndManyFromVersion3) {
  const auto one = decode<LeaveGroupRequest>(from_hex("00 01 67 | 00 01 6d"), 1);
  ASSERT_TRUE(one.has_value());
  EXPECT_EQ(one->member_id, "m");
  const auto many =
      decode<LeaveGroupRequest>(from_hex("02 67 | 03 | 02 6d 00 02 72 00 | 01 02 69 00 00 | 00"), 5);
  ASSERT_TRUE(many.has_value());
  ASSERT_EQ(many->members.size(), 2u);
  EXPECT_EQ(many->members[0].reason, "r");
  EXPECT_EQ(many->members[1].group_instance_id, "i");
}

TEST(OffsetCommit, TheRetentionTimeOfOldVersionsIsReadAndLaterNotThere) {
  const std::string group = "00 01 67 | 00 00 00 07 | 00 01 6d |";
  const std::string topic = "00 00 00 01 00 01 74 | 00 00 00 01 | 00 00 00 03 | 00 00 00 00 00 00 00 2a |";
  const auto old =
      decode<OffsetCommitRequest>(from_hex(group + "00 00 00 00 00 00 00 05" + topic + "00 00"), 2);
  ASSERT_TRUE(old.has_value());
  EXPECT_EQ(old->retention_time_ms, 5);
  EXPECT_EQ(old->topics[0].partitions[0].committed_offset, 42);
  EXPECT_EQ(old->topics[0].partitions[0].committed_leader_epoch, -1);
  const auto later = decode<OffsetCommitRequest>(from_hex(group + topic + "ff ff"), 5);
  ASSERT_TRUE(later.has_value());
  EXPECT_EQ(later->retention_time_ms, -1);
  EXPECT_EQ(later->topics[0].partitions[0].committed_metadata, std::nullopt);
}

TEST(OffsetFetch, AllTopicsAndNoTopicsAreToldApart) {
  EXPECT_FALSE(decode<OffsetFetchRequest>(from_hex("00 01 67 ff ff ff ff"), 1).has_value());
  EXPECT_EQ(decode<OffsetFetchRequest>(from_hex("00 01 67 ff ff ff ff"), 2)->topics, std::nullopt);
  EXPECT_EQ(decode<OffsetFetchRequest>(from_hex("00 01 67 00 00 00 00"), 2)->topics->size(), 0u);
  const auto groups = decode<OffsetFetchRequest>(from_hex("03 | 02 67 00 00 | 02 68 01 00 | 01 00"), 8);
  ASSERT_TRUE(groups.has_value());
  EXPECT_EQ(groups->groups[0].topics, std::nullopt);
  EXPECT_EQ(groups->groups[1].topics->size(), 0u);
  EXPECT_TRUE(groups->require_stable);
}

// ---- what members tell each other -----------------------------------------------------------------------

TEST(ConsumerProtocol, StandsWithItsVersionInFront) {
  Subscription subscription;
  subscription.topics = {"t"};
  EXPECT_EQ(to_hex(encode_embedded(subscription, 0)),
            to_hex(from_hex("00 00 | 00 00 00 01 00 01 74 | ff ff ff ff")));
  Assignment assignment;
  assignment.assigned_partitions = {{"t", {0, 2}}};
  assignment.user_data = Slice();
  EXPECT_EQ(
      to_hex(encode_embedded(assignment, 3)),
      to_hex(from_hex("00 03 | 00 00 00 01 00 01 74 00 00 00 02 00 00 00 00 00 00 00 02 | 00 00 00 00")));
}

TEST(ConsumerProtocol, EveryVersionIsRead) {
  Subscription subscription;
  subscription.topics = {"a", "b"};
  subscription.user_data = from_hex("01 02 03");
  for (std::int16_t version = 0; version <= 3; ++version) {
    if (version >= 1) subscription.owned_partitions = {{"a", {4, 5}}};
    if (version >= 2) subscription.generation_id = 9;
    if (version >= 3) subscription.rack_id = "r";
    EXPECT_EQ(decode_embedded<Subscription>(encode_embedded(subscription, version)), subscription) << version;
  }
}

TEST(ConsumerProtocol, ALaterVersionIsReadAsFarAsItIsKnown) {
  Subscription subscription;
  subscription.topics = {"t"};
  subscription.rack_id = "r";
  const Slice known = encode_embedded(subscription, 3);
  EXPECT_EQ(decode_embedded<Subscription>(join({from_hex("00 04"), known.sub(2), from_hex("aa bb")})),
            subscription);
  EXPECT_EQ(decode_embedded<Subscription>(join({from_hex("7f ff"), known.sub(2)})), subscription);
  EXPECT_EQ(decode_embedded<Subscription>(join({from_hex("ff ff"), known.sub(2)})).error(),
            DecodeError::kUnsupportedVersion);
}

TEST(ConsumerProtocol, ASubscriptionThatEndsWhereVersion0DoesIsOneOfVersion0) {
  const std::string rest = "00 00 00 01 00 01 74 | 00 00 00 01 ab";
  for (const char* version : {"00 01", "00 02", "00 03"}) {
    const auto read = decode_embedded<Subscription>(from_hex(version + rest));
    ASSERT_TRUE(read.has_value()) << version;
    EXPECT_EQ(read->topics, std::vector<std::string>{"t"});
    // Half a field is no version of anything.
    EXPECT_FALSE(decode_embedded<Subscription>(from_hex(version + rest + "00 00")).has_value()) << version;
    EXPECT_FALSE(decode_embedded<Subscription>(from_hex(version + rest + "00 00 00 01")).has_value())
        << version;
  }
}

TEST(ConsumerProtocol, BytesThatLieAreRefused) {
  for (const char* bytes :
       {"", "00", "00 00", "00 00 7f ff ff ff", "00 00 ff ff ff ff", "00 00 00 00 00 00 7f ff ff ff"}) {
    watch_allocations();
    EXPECT_FALSE(decode_embedded<Subscription>(from_hex(bytes)).has_value()) << bytes;
    EXPECT_FALSE(decode_embedded<Assignment>(from_hex(bytes)).has_value()) << bytes;
    EXPECT_LE(largest_allocation(), 4096u) << bytes;
  }
  const Slice owned = from_hex("00 03 | 00 00 00 00 | 00 00 00 00 | 7f ff ff ff");
  watch_allocations();
  EXPECT_FALSE(decode_embedded<Subscription>(owned).has_value());
  EXPECT_LE(largest_allocation(), 4096u);
}

}  // namespace
}  // namespace kontiki::kafka
