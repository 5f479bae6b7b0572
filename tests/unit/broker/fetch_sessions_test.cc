// The rules of incremental fetch sessions (KIP-227).

#include "broker/fetch_sessions.h"

#include "base/limits.h"

#include <gmock/gmock.h>

#include <limits>
#include <set>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;
using testing::ElementsAre;

constexpr std::int16_t kVersion = 12;

kafka::FetchRequest request_of(std::int32_t id, std::int32_t epoch,
                               const std::vector<std::int32_t>& partitions) {
  kafka::FetchRequest request;
  request.session_id = id;
  request.session_epoch = epoch;
  if (partitions.empty()) return request;
  auto& topic = request.topics.emplace_back();
  topic.topic = "t";
  for (const std::int32_t p : partitions) topic.partitions.emplace_back().partition = p;
  return request;
}

std::vector<std::int32_t> partitions_of(const std::vector<FetchItem>& items) {
  std::vector<std::int32_t> partitions;
  for (const FetchItem& item : items) partitions.push_back(item.key.partition);
  return partitions;
}

kafka::FetchResponse::Partition answer_of(std::int64_t high_watermark, bool records = false) {
  kafka::FetchResponse::Partition answer;
  answer.high_watermark = high_watermark;
  answer.log_start_offset = 0;
  if (records) answer.records = Slice::copy_of("records");
  return answer;
}

FetchKey key(std::int32_t partition) {
  return {"t", {}, partition};
}

class FetchSessionsTest : public testing::Test {
 protected:
  FetchSessions sessions_{2, 1, 4, Prng(1)};
};

TEST_F(FetchSessionsTest, AFullRequestOpensASession) {
  const auto opened = sessions_.open(request_of(0, 0, {3, 1}), kVersion, 0);
  EXPECT_EQ(opened.error, ErrorCode::kNone);
  EXPECT_NE(opened.session_id, 0);
  EXPECT_EQ(opened.session_id % 4, 1) << "ids of different shards are apart";
  EXPECT_FALSE(opened.incremental);
  EXPECT_THAT(partitions_of(opened.items), ElementsAre(3, 1));
}

TEST_F(FetchSessionsTest, WithoutASessionEverythingIsAnsweredInFull) {
  const auto opened = sessions_.open(request_of(0, -1, {0}), kVersion, 0);
  EXPECT_EQ(opened.session_id, 0);
  EXPECT_FALSE(opened.incremental);
  EXPECT_EQ(sessions_.size(), 0u);
}

TEST_F(FetchSessionsTest, IncrementalRequestsChangeWhatIsFetched) {
  const std::int32_t id = sessions_.open(request_of(0, 0, {0, 1}), kVersion, 0).session_id;
  auto next = request_of(id, 1, {2});
  next.forgotten_topics_data.push_back({.topic = "t", .topic_id = {}, .partitions = {0}});
  const auto opened = sessions_.open(next, kVersion, 0);
  EXPECT_TRUE(opened.incremental);
  EXPECT_THAT(partitions_of(opened.items), ElementsAre(1, 2));
  auto moved = request_of(id, 2, {1});
  moved.topics[0].partitions[0].fetch_offset = 55;
  EXPECT_EQ(sessions_.open(moved, kVersion, 0).items[0].want.fetch_offset, 55);
  EXPECT_EQ(sessions_.open(request_of(id, 3, {}), kVersion, 0).items[0].want.fetch_offset, 55);
}

TEST_F(FetchSessionsTest, AWrongEpochOrIdIsRefused) {
  const std::int32_t id = sessions_.open(request_of(0, 0, {0}), kVersion, 0).session_id;
  EXPECT_EQ(sessions_.open(request_of(id, 2, {}), kVersion, 0).error, ErrorCode::kInvalidFetchSessionEpoch);
  EXPECT_EQ(sessions_.open(request_of(id + 1, 1, {}), kVersion, 0).error, ErrorCode::kFetchSessionIdNotFound);
  EXPECT_EQ(sessions_.open(request_of(id, 1, {}), 13, 0).error, ErrorCode::kFetchSessionTopicIdError);
  EXPECT_EQ(sessions_.open(request_of(id, 1, {}), kVersion, 0).error, ErrorCode::kNone);
  EXPECT_EQ(sessions_.open(request_of(id, 1, {}), kVersion, 0).error, ErrorCode::kInvalidFetchSessionEpoch);
}

TEST_F(FetchSessionsTest, AFinalRequestEndsTheSession) {
  const std::int32_t id = sessions_.open(request_of(0, 0, {0}), kVersion, 0).session_id;
  EXPECT_EQ(sessions_.open(request_of(id, -1, {0}), kVersion, 0).session_id, 0);
  EXPECT_EQ(sessions_.find(id), nullptr);
}

TEST_F(FetchSessionsTest, WhenAllPlacesAreTakenOnlyAnIdleSessionMakesRoom) {
  const std::int32_t first = sessions_.open(request_of(0, 0, {0}), kVersion, 0).session_id;
  const std::int32_t second = sessions_.open(request_of(0, 0, {0}), kVersion, 1000).session_id;
  EXPECT_EQ(sessions_.open(request_of(0, 0, {0}), kVersion, 2000).session_id, 0);
  const auto later = sessions_.open(request_of(0, 0, {0}), kVersion, FetchSessions::kIdleUs + 500);
  EXPECT_NE(later.session_id, 0);
  EXPECT_EQ(sessions_.find(first), nullptr);
  EXPECT_NE(sessions_.find(second), nullptr);
}

TEST(FetchSessions, ThePartitionsOfAllSessionsAreBounded) {
  FetchSessions sessions(1000, 0, 1, Prng(1));
  std::vector<std::int32_t> many(limits::kFetchSessionPartitionsMax / 4);
  for (std::size_t i = 0; i < many.size(); ++i) many[i] = static_cast<std::int32_t>(i);
  std::int32_t last = 0;
  for (int i = 0; i < 4; ++i) {
    last = sessions.open(request_of(0, 0, many), kVersion, 0).session_id;
    EXPECT_NE(last, 0);
  }
  EXPECT_EQ(sessions.open(request_of(0, 0, {1}), kVersion, 0).session_id, 0);
  EXPECT_EQ(sessions.open(request_of(last, 1, {-5}), kVersion, 0).error, ErrorCode::kFetchSessionIdNotFound)
      << "none grows beyond it";
  EXPECT_EQ(sessions.partitions(), 3 * many.size());
  EXPECT_NE(sessions.open(request_of(0, 0, {1}), kVersion, 0).session_id, 0) << "but ended ones make room";
  EXPECT_NE(sessions.open(request_of(0, 0, many), kVersion, 2 * FetchSessions::kIdleUs).session_id, 0)
      << "and idle ones";
  EXPECT_LE(sessions.partitions(), limits::kFetchSessionPartitionsMax);
}

TEST_F(FetchSessionsTest, OnlyNewsAreTold) {
  const std::int32_t id = sessions_.open(request_of(0, 0, {0}), kVersion, 0).session_id;
  FetchSession& session = *sessions_.find(id);
  EXPECT_TRUE(session.told(key(0), answer_of(5))) << "the first answer";
  EXPECT_FALSE(session.told(key(0), answer_of(5)));
  EXPECT_TRUE(session.told(key(0), answer_of(6))) << "the watermark moved";
  EXPECT_TRUE(session.told(key(0), answer_of(6, true))) << "records";
  kafka::FetchResponse::Partition failed = answer_of(6);
  failed.error_code = ErrorCode::kNotLeaderOrFollower;
  EXPECT_TRUE(session.told(key(0), failed)) << "an error";
  EXPECT_TRUE(session.told(key(0), failed)) << "an error, still";
  EXPECT_TRUE(session.told(key(0), answer_of(6))) << "the error is over";
  EXPECT_FALSE(session.told(key(0), answer_of(6)));
}

TEST_F(FetchSessionsTest, PartitionsTakeTurns) {
  const std::int32_t id = sessions_.open(request_of(0, 0, {0, 1, 2}), kVersion, 0).session_id;
  FetchSession& session = *sessions_.find(id);
  session.told(key(0), answer_of(9, true));
  session.told(key(1), answer_of(9));
  EXPECT_THAT(partitions_of(session.items()), ElementsAre(1, 2, 0));
}

}  // namespace
}  // namespace kontiki::broker
