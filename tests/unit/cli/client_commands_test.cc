// The client commands against librdkafka's own mock brokers: what they write, and how they fail.
#include "cli/cluster_command.h"
#include "cli/consume_command.h"
#include "cli/produce_command.h"
#include "cli/topic_command.h"
#include "unit/cli/mock_cluster.h"

#include <boost/json/parse.hpp>
#include <boost/json/value.hpp>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace kontiki::cli {
namespace {

using ::testing::HasSubstr;

constexpr const char* kNowhere = "127.0.0.1:1";  // nothing listens there

class Commands : public ::testing::Test {
 protected:
  int produce(CapturedIo& captured, std::int32_t partition = 0) {
    ProduceOptions options = to_topic();
    options.partition = partition;
    return run_produce(captured.io, options);
  }
  ProduceOptions to_topic() const {
    ProduceOptions options;
    options.brokers = cluster_.brokers();
    options.topic = "orders";
    return options;
  }
  std::string consume(StartAt from, std::string format = "%p:%o:%k:%s\\n") {
    ConsumeOptions options = of_topic();
    options.from = from;
    options.format = std::move(format);
    CapturedIo captured;
    EXPECT_EQ(run_consume(captured.io, options), 0) << captured.err();
    return captured.out();
  }
  ConsumeOptions of_topic() const {
    ConsumeOptions options;
    options.brokers = cluster_.brokers();
    options.topic = "orders";
    options.exit_at_end = true;
    return options;
  }

  MockCluster cluster_;
};

TEST_F(Commands, WhatIsProducedIsConsumedInOrder) {
  cluster_.create_topic("orders", 1, 3);
  CapturedIo in("first\n\nthird without an end");
  EXPECT_EQ(produce(in), 0) << in.err();
  EXPECT_EQ(consume({}), "0:0::first\n0:1::\n0:2::third without an end\n");
}

TEST_F(Commands, EveryCompressionRoundTrips) {
  cluster_.create_topic("orders", 1, 1);
  std::string expected;
  for (const char* compression : {"none", "gzip", "snappy", "lz4", "zstd"}) {
    CapturedIo in(std::string(compression) + "\n");
    ProduceOptions options = to_topic();
    options.compression = compression;
    EXPECT_EQ(run_produce(in.io, options), 0) << in.err();
    expected += std::string(compression) + "\n";
  }
  EXPECT_EQ(consume({}, "%s\\n"), expected);
}

TEST_F(Commands, KeysAndHeadersTravelAlong) {
  cluster_.create_topic("orders", 1, 1);
  CapturedIo in("k1:v1:more\nno key\n:empty key\n");
  ProduceOptions options = to_topic();
  options.key_delimiter = ":";
  options.headers = {{"a", "1"}, {"b", ""}};
  EXPECT_EQ(run_produce(in.io, options), 0) << in.err();
  EXPECT_EQ(consume({}, "%k|%K|%s|%S|%h\\n"),
            "k1|2|v1:more|7|a=1,b=\n|-1|no key|6|a=1,b=\n|0|empty key|9|a=1,b=\n");
}

TEST_F(Commands, ConsumeStartsWhereItIsTold) {
  cluster_.create_topic("orders", 1, 1);
  CapturedIo in("a\nb\nc\nd\n");
  ASSERT_EQ(produce(in), 0);
  EXPECT_EQ(consume({StartAt::Kind::kOffset, 2}, "%s"), "cd");
  EXPECT_EQ(consume({StartAt::Kind::kTail, 1}, "%s"), "d");
  EXPECT_EQ(consume({StartAt::Kind::kTail, 100}, "%s"), "abcd");
  EXPECT_EQ(consume({StartAt::Kind::kEnd, 0}, "%s"), "");
}

TEST_F(Commands, ConsumeStopsAtTheCount) {
  cluster_.create_topic("orders", 1, 1);
  CapturedIo in("a\nb\nc\n");
  ASSERT_EQ(produce(in), 0);
  ConsumeOptions options = of_topic();
  options.exit_at_end = false;
  options.count = 2;
  CapturedIo captured;
  EXPECT_EQ(run_consume(captured.io, options), 0);
  EXPECT_EQ(captured.out(), "a\nb\n");
}

TEST_F(Commands, ConsumeReadsOnlyTheWantedPartitions) {
  cluster_.create_topic("orders", 3, 1);
  for (const int partition : {0, 1, 2}) {
    CapturedIo in("x\n");
    ASSERT_EQ(produce(in, partition), 0);
  }
  ConsumeOptions options = of_topic();
  options.partitions = {2, 1, 1};
  options.format = "%p";
  CapturedIo captured;
  EXPECT_EQ(run_consume(captured.io, options), 0);
  EXPECT_THAT(captured.out(), ::testing::AnyOf("12", "21"));
  options.partitions = {3};
  CapturedIo missing;
  EXPECT_EQ(run_consume(missing.io, options), static_cast<int>(ExitCode::kNotFound));
  EXPECT_THAT(missing.err(), HasSubstr("no partition 3; it has 3, from 0 to 2"));
}

TEST_F(Commands, MessagesThatAreNotAcknowledgedAreCountedWithTheirReason) {
  cluster_.create_topic("orders", 1, 1);
  CapturedIo in("a\nb\nc\n");
  constexpr std::int16_t kProduce = 0;
  std::vector<rd_kafka_resp_err_t> errors(20, RD_KAFKA_RESP_ERR_MSG_SIZE_TOO_LARGE);
  rd_kafka_mock_push_request_errors_array(cluster_.get(), kProduce, errors.size(), errors.data());
  ProduceOptions options = to_topic();
  options.idempotent = false;
  options.json = true;
  EXPECT_EQ(run_produce(in.io, options), static_cast<int>(ExitCode::kNotDelivered));
  EXPECT_THAT(in.err(), HasSubstr("3 of 3 messages were not acknowledged by topic 'orders': "));
  EXPECT_THAT(in.err(), HasSubstr("for 3 messages"));
  const auto answer = boost::json::parse(in.out());
  EXPECT_EQ(answer.at("delivered").to_number<int>(), 0);
  EXPECT_EQ(answer.at("failed").to_number<int>(), 3);
  EXPECT_EQ(answer.at("reasons").at("MSG_SIZE_TOO_LARGE").to_number<int>(), 3);
}

TEST_F(Commands, AMissingInputFileIsTold) {
  ProduceOptions options = to_topic();
  options.file = "/nonexistent";
  CapturedIo captured;
  EXPECT_EQ(run_produce(captured.io, options), static_cast<int>(ExitCode::kNotFound));
  EXPECT_THAT(captured.err(), HasSubstr("cannot open /nonexistent: No such file"));
}

TEST_F(Commands, ConsumeAsJsonKeepsBytesThatAreNotText) {
  cluster_.create_topic("orders", 1, 1);
  CapturedIo in("caf\xc3\xa9\n\xff\xfe\n");
  ASSERT_EQ(produce(in), 0);
  ConsumeOptions options = of_topic();
  options.json = true;
  CapturedIo captured;
  ASSERT_EQ(run_consume(captured.io, options), 0);
  const std::string out = captured.out();
  const auto first = boost::json::parse(out.substr(0, out.find('\n')));
  const auto second = boost::json::parse(out.substr(out.find('\n') + 1, out.size() - out.find('\n') - 2));
  EXPECT_EQ(first.at("value").as_string(), "caf\xc3\xa9");
  EXPECT_TRUE(first.at("key").is_null());
  EXPECT_EQ(second.at("value_base64").as_string(), "//4=");
  EXPECT_EQ(second.at("offset").to_number<int>(), 1);
}

TEST_F(Commands, DescribeShowsLeadersReplicasAndOffsets) {
  cluster_.create_topic("orders", 2, 3);
  rd_kafka_mock_partition_set_leader(cluster_.get(), "orders", 0, 2);
  CapturedIo in("a\nb\n");
  ASSERT_EQ(produce(in), 0);
  TopicOptions options{cluster_.brokers(), true, {"orders"}};
  CapturedIo captured;
  ASSERT_EQ(run_topic_describe(captured.io, options), 0) << captured.err();
  const auto topic = boost::json::parse(captured.out()).at(0);
  EXPECT_EQ(topic.at("replication_factor").to_number<int>(), 3);
  const auto& partition = topic.at("partitions").at(0);
  EXPECT_EQ(partition.at("leader").to_number<int>(), 2);
  EXPECT_EQ(partition.at("earliest").to_number<int>(), 0);
  EXPECT_EQ(partition.at("latest").to_number<int>(), 2);
  options.json = false;
  CapturedIo text;
  ASSERT_EQ(run_topic_describe(text.io, options), 0);
  EXPECT_THAT(text.out(), HasSubstr("orders: 2 partitions, replication factor 3\n"));
}

TEST_F(Commands, ListNamesEveryTopic) {
  CapturedIo none;
  ASSERT_EQ(run_topic_list(none.io, {cluster_.brokers(), false, {}}), 0);
  EXPECT_EQ(none.out(), "no topics\n");
  cluster_.create_topic("b", 2, 3);
  cluster_.create_topic("a", 1, 3);
  CapturedIo captured;
  ASSERT_EQ(run_topic_list(captured.io, {cluster_.brokers(), false, {}}), 0);
  EXPECT_EQ(captured.out(),
            "topic  partitions  replication factor\na      1           3\nb      2           3\n");
}

TEST_F(Commands, AnUnknownTopicIsToldWithWhatToDo) {
  CapturedIo captured;
  ConsumeOptions options = of_topic();
  options.topic = "nosuch";
  // The mock brokers create what a consumer asks for, unlike real ones, unless they are told to refuse.
  rd_kafka_mock_topic_set_error(cluster_.get(), "nosuch", RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART);
  EXPECT_EQ(run_consume(captured.io, options), static_cast<int>(ExitCode::kNotFound));
  EXPECT_THAT(captured.err(), HasSubstr("topic 'nosuch' does not exist"));
  EXPECT_THAT(captured.err(), HasSubstr("kontiki topic create nosuch"));
}

TEST_F(Commands, AnOffsetOutOfRangeIsToldWithTheRange) {
  cluster_.create_topic("orders", 1, 1);
  CapturedIo in("a\n");
  ASSERT_EQ(produce(in), 0);
  ConsumeOptions options = of_topic();
  options.from = {StartAt::Kind::kOffset, 500};
  CapturedIo captured;
  EXPECT_EQ(run_consume(captured.io, options), static_cast<int>(ExitCode::kNotFound));
  EXPECT_THAT(captured.err(), HasSubstr("it has 0 to 1"));
}

TEST_F(Commands, ClusterCountsLeadersAndReplicas) {
  cluster_.create_topic("orders", 6, 3);
  CapturedIo captured;
  ASSERT_EQ(run_cluster(captured.io, cluster_.brokers(), true), 0) << captured.err();
  const auto answer = boost::json::parse(captured.out());
  EXPECT_EQ(answer.at("partitions").to_number<int>(), 6);
  EXPECT_EQ(answer.at("replicas_in_step").to_number<int>(), 18);
  int leaders = 0;
  for (const auto& broker : answer.at("brokers").as_array()) leaders += broker.at("leaders").to_number<int>();
  EXPECT_EQ(leaders, 6);
  EXPECT_TRUE(answer.at("under_replicated").as_array().empty());
}

TEST(UnreachableCluster, IsToldInsteadOfWaitedForByEveryCommand) {
  CapturedIo list;
  EXPECT_EQ(run_topic_list(list.io, {kNowhere, false, {}}), static_cast<int>(ExitCode::kUnreachable));
  EXPECT_THAT(list.err(), HasSubstr("no answer from 127.0.0.1:1 within 5 s"));
  EXPECT_THAT(list.err(), HasSubstr("Connection refused"));
  EXPECT_THAT(list.err(), HasSubstr("--brokers"));
}

TEST(Cluster, ABrokerThatIsDownShowsInTheSummary) {
  ClusterInfo cluster;
  cluster.brokers = {{7, "a:1"}, {11, "b:1"}};
  cluster.topics = {{"t", {{0, 7, {7, 11, 42}, {7, 11}}, {1, -1, {42, 11}, {}}}}};
  const ClusterSummary summary = summarize(cluster);
  ASSERT_EQ(summary.brokers.size(), 3u);
  EXPECT_EQ(summary.brokers[2].info.id, 42);
  EXPECT_EQ(summary.brokers[2].info.address, "");
  EXPECT_EQ(summary.brokers[2].behind, 2u);
  EXPECT_EQ(summary.brokers[0].leaders, 1u);
  EXPECT_EQ(summary.leaderless, 1u);
  EXPECT_EQ(summary.in_step, 2u);
  EXPECT_EQ(summary.behind, 3u);
  EXPECT_EQ(summary.under_replicated.size(), 2u);
}

TEST(StartAtText, SaysBeginningEndOffsetTailOrTime) {
  using Kind = StartAt::Kind;
  EXPECT_EQ(*parse_start("beginning"), (StartAt{Kind::kBeginning, 0}));
  EXPECT_EQ(*parse_start("end"), (StartAt{Kind::kEnd, 0}));
  EXPECT_EQ(*parse_start("17"), (StartAt{Kind::kOffset, 17}));
  EXPECT_EQ(*parse_start("-5"), (StartAt{Kind::kTail, 5}));
  EXPECT_EQ(*parse_start("@1700000000000"), (StartAt{Kind::kTimestamp, 1700000000000}));
  for (const char* bad : {"", "-", "@", "--5", "-0", "x", "1x", "@-1", "99999999999999999999"}) {
    EXPECT_FALSE(parse_start(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace kontiki::cli
