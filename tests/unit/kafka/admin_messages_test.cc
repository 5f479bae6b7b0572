// What tools for administration send and read, where the protocol has a form that other messages lack.
#include "kafka/codec.h"
#include "kafka/messages/alter_client_quotas.h"
#include "kafka/messages/describe_acls.h"
#include "kafka/messages/describe_client_quotas.h"
#include "kafka/messages/describe_quorum.h"
#include "kafka/messages/describe_topic_partitions.h"
#include "kafka/messages/elect_leaders.h"
#include "unit/kafka/hex.h"

#include <gtest/gtest.h>

namespace kontiki::kafka {
namespace {

TEST(DescribeQuorum, APortHasNoSign) {
  DescribeQuorumResponse response;
  response.nodes.push_back({1, {{"PEER", "h", 50'000}}});
  const Slice body = encode_body(response, 2);
  EXPECT_NE(to_hex(body).find("c350"), std::string::npos);
  EXPECT_EQ(decode<DescribeQuorumResponse>(body, 2), response);
  EXPECT_NE(to_text(response, 2).find("port: 50000"), std::string::npos);
}

TEST(DescribeTopicPartitions, ACursorIsPresentOrNull) {
  const auto first =
      decode<DescribeTopicPartitionsRequest>(from_hex("02 02 74 00 | 00 00 07 d0 | ff | 00"), 0);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(first->cursor, std::nullopt);
  EXPECT_EQ(first->response_partition_limit, 2000);
  const auto next = decode<DescribeTopicPartitionsRequest>(
      from_hex("02 02 74 00 | 00 00 00 64 | 01 02 74 00 00 00 05 00 | 00"), 0);
  ASSERT_TRUE(next.has_value());
  EXPECT_EQ(next->cursor, (DescribeTopicPartitionsCursor{"t", 5}));
  // The last page, as a response says it.
  DescribeTopicPartitionsResponse last;
  EXPECT_EQ(to_hex(encode_body(last, 0)), to_hex(from_hex("00 00 00 00 | 01 | ff | 00")));
}

TEST(ElectLeaders, AllPartitionsAndNoneAreToldApart) {
  EXPECT_EQ(decode<ElectLeadersRequest>(from_hex("ff ff ff ff 00 00 ea 60"), 0)->topic_partitions,
            std::nullopt);
  EXPECT_EQ(decode<ElectLeadersRequest>(from_hex("01 00 00 00 00 00 00 ea 60"), 1)->topic_partitions->size(),
            0u);
  const auto unclean = decode<ElectLeadersRequest>(from_hex("01 00 00 00 ea 60 00"), 2);
  ASSERT_TRUE(unclean.has_value());
  EXPECT_EQ(unclean->election_type, 1);
  EXPECT_EQ(unclean->topic_partitions, std::nullopt);
}

TEST(ClientQuotas, AValueIsAFloatingPointNumberOf64Bits) {
  // User "u" gets 1.5 of "k"; the default client id loses its own.
  const auto request = decode<AlterClientQuotasRequest>(
      from_hex(
          "03 | 02 05 75 73 65 72 02 75 00 | 02 02 6b 3f f8 00 00 00 00 00 00 00 00 | 00 |"
          "02 0a 63 6c 69 65 6e 74 2d 69 64 00 00 | 02 02 6b 00 00 00 00 00 00 00 00 01 00 | 00 | 00 | 00"),
      1);
  ASSERT_TRUE(request.has_value());
  EXPECT_EQ(
      to_text(*request, 1),
      "{entries: [{entity: [{entity_type: \"user\", entity_name: \"u\"}], ops: [{key: \"k\", value: 1.5, "
      "remove: false}]}, {entity: [{entity_type: \"client-id\", entity_name: null}], ops: [{key: \"k\", "
      "value: 0, remove: true}]}], validate_only: false}");
}

TEST(ClientQuotas, NoEntriesOfAnErrorAreNull) {
  DescribeClientQuotasResponse refused;
  refused.error_code = ErrorCode::kUnsupportedVersion;
  refused.entries.reset();
  EXPECT_EQ(to_hex(encode_body(refused, 1)), to_hex(from_hex("00 00 00 00 | 00 23 | 01 | 00 | 00")));
}

TEST(DescribeAcls, TheFilterThatFindsEverything) {
  // Any type, any name, any pattern, any principal, any host, any operation, any permission.
  const auto filter = decode<DescribeAclsRequest>(from_hex("01 00 01 00 00 01 01 00"), 2);
  ASSERT_TRUE(filter.has_value());
  EXPECT_EQ(filter->resource_name_filter, std::nullopt);
  EXPECT_EQ(filter->pattern_type_filter, 1);
  EXPECT_EQ(filter->principal_filter, std::nullopt);
  EXPECT_EQ(filter->host_filter, std::nullopt);
}

}  // namespace
}  // namespace kontiki::kafka
