// Requests of every API that are almost right: bytes changed, cut off, repeated. They cost their sender its
// connection or an error, and nobody else anything: a producer, a consumer and a member of a group go on
// beside them without a single error.

#include "kafka/api.h"
#include "kafka/messages/find_coordinator.h"
#include "kafka/messages/heartbeat.h"
#include "kafka/messages/join_group.h"
#include "kafka/messages/offset_commit.h"
#include "kafka/messages/offset_fetch.h"
#include "kafka/messages/sync_group.h"
#include "world.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;

struct Specimen {
  std::string name;
  kafka::ApiKey key{};
  std::int16_t version = 0;
  std::string body;
};

// The whole requests from which the fuzzer of the codec starts: the API's key doubled, the version, the body.
std::vector<Specimen> specimens() {
  std::vector<Specimen> all;
  const auto folder = std::filesystem::path(KONTIKI_SOURCE_DIR) / "tests/fuzz/corpus/kafka";
  for (const auto& file : std::filesystem::directory_iterator(folder)) {
    const std::string name = file.path().filename().string();
    if (name.find("Request-") == std::string::npos) continue;
    std::ifstream in(file.path(), std::ios::binary);
    const std::string bytes((std::istreambuf_iterator<char>(in)), {});
    all.push_back({name, static_cast<kafka::ApiKey>(static_cast<unsigned char>(bytes[0]) / 2),
                   static_cast<std::int16_t>(bytes[1]), bytes.substr(2)});
  }
  std::sort(all.begin(), all.end(), [](const auto& a, const auto& b) { return a.name < b.name; });
  return all;
}

Slice frame_of(const Specimen& specimen, const std::string& body) {
  std::string frame;
  const auto put = [&](std::uint64_t value, int bytes) {
    for (int i = bytes - 1; i >= 0; --i) frame += static_cast<char>(value >> (8 * i));
  };
  const kafka::ApiInfo* api = kafka::find_api(specimen.key);
  const bool flexible = api != nullptr && api->is_flexible(specimen.version);
  put(10 + (flexible ? 1 : 0) + body.size(), 4);
  put(static_cast<std::uint16_t>(specimen.key), 2);
  put(static_cast<std::uint16_t>(specimen.version), 2);
  put(77, 4);
  put(0xffff, 2);
  if (flexible) put(0, 1);
  return Slice::copy_of(frame + body);
}

std::string mutated(std::string body, Prng& prng) {
  const std::uint64_t changes = prng.below(5);
  for (std::uint64_t i = 0; i < changes && !body.empty(); ++i) {
    const std::size_t at = prng.below(body.size());
    switch (prng.below(5)) {
      case 0:
        body[at] = static_cast<char>(prng.below(256));
        break;
      case 1:
        body[at] = static_cast<char>(body[at] ^ (1 << prng.below(8)));
        break;
      case 2:
        body.resize(at);
        break;
      case 3:
        body.insert(at, body.substr(at, 1 + prng.below(16)));
        break;
      default:
        for (std::size_t k = at; k < std::min(body.size(), at + 4); ++k) body[k] = static_cast<char>(0xff);
    }
  }
  return body;
}

// Produces, consumes, and is a group's only member. Each of its calls must succeed.
class Bystander {
 public:
  explicit Bystander(World& world) : world_(world), client_(world.client(0)) {
    world.create_topic("good", 1, 1);
    kafka::FindCoordinatorRequest find;
    find.coordinator_keys = {"good group"};
    EXPECT_TRUE(
        world.wait([&] { return client_.call(find, 4).coordinators.at(0).error_code == ErrorCode::kNone; }));
    kafka::JoinGroupRequest join;
    join.group_id = kGroup;
    join.session_timeout_ms = 10'000;
    join.rebalance_timeout_ms = 10'000;
    join.protocol_type = "consumer";
    join.protocols.push_back({"range", Slice::copy_of("topics")});
    join.member_id = client_.call(join, 9).member_id;
    const auto joined = client_.call(join, 9);
    EXPECT_EQ(joined.error_code, ErrorCode::kNone);
    member_ = joined.member_id;
    generation_ = joined.generation_id;
    kafka::SyncGroupRequest sync;
    sync.group_id = kGroup;
    sync.member_id = member_;
    sync.generation_id = generation_;
    sync.assignments.push_back({member_, Slice::copy_of("all")});
    EXPECT_EQ(client_.call(sync, 4).error_code, ErrorCode::kNone);
  }

  void go_on() {
    const auto produced = client_.call(produce_of("good", 0, batch_of({std::to_string(next_)})), 9);
    ASSERT_EQ(only(produced).error_code, ErrorCode::kNone);
    ASSERT_EQ(only(produced).base_offset, next_);
    ASSERT_EQ(values_of(only(client_.call(fetch_of("good", 0, next_), 12))),
              std::vector{std::to_string(next_)});
    ++next_;
    kafka::HeartbeatRequest heartbeat;
    heartbeat.group_id = kGroup;
    heartbeat.member_id = member_;
    heartbeat.generation_id = generation_;
    ASSERT_EQ(client_.call(heartbeat, 4).error_code, ErrorCode::kNone);
    kafka::OffsetCommitRequest commit;
    commit.group_id = kGroup;
    commit.member_id = member_;
    commit.generation_id_or_member_epoch = generation_;
    commit.topics.push_back({"good", {{.partition_index = 0, .committed_offset = next_}}});
    ASSERT_EQ(client_.call(commit, 8).topics.at(0).partitions.at(0).error_code, ErrorCode::kNone);
    kafka::OffsetFetchRequest fetch;
    fetch.groups.push_back({.group_id = kGroup, .member_id = {}, .topics = std::nullopt});
    ASSERT_EQ(client_.call(fetch, 8).groups.at(0).topics.at(0).partitions.at(0).committed_offset, next_);
  }
  bool closed() const { return client_.closed(); }

 private:
  static constexpr const char* kGroup = "good group";
  World& world_;
  TestClient client_;
  std::string member_;
  std::int32_t generation_ = -1;
  std::int64_t next_ = 0;
};

class HostileRequests : public testing::TestWithParam<std::uint64_t> {};

TEST_P(HostileRequests, CostTheirSenderAndNobodyElse) {
  World world({.shards = 2, .seed = GetParam()});
  ASSERT_TRUE(world.wait_ready());
  Bystander bystander(world);
  Prng prng(GetParam());
  const auto all = specimens();
  ASSERT_GT(all.size(), 50u);
  std::unique_ptr<TestClient> attacker;
  std::size_t answered = 0;
  std::size_t closed = 0;
  for (int i = 0; i < 1500; ++i) {
    if (attacker == nullptr || attacker->closed()) {
      closed += attacker != nullptr ? 1 : 0;
      attacker = std::make_unique<TestClient>(world.sim(), "n0", 9092);
    }
    const Specimen& specimen = all[prng.below(all.size())];
    const std::size_t before = attacker->answers();
    attacker->send_raw(frame_of(specimen, mutated(specimen.body, prng)));
    world.sim().run_for(static_cast<std::int64_t>(prng.below(3000)));
    answered += attacker->answers() - before;
    if (i % 50 != 0) continue;
    bystander.go_on();
    if (testing::Test::HasFatalFailure()) FAIL() << "after " << specimen.name << ", request " << i;
  }
  world.sim().run_for(kSecond);
  bystander.go_on();
  EXPECT_FALSE(bystander.closed());
  EXPECT_GT(answered, 100u) << "or nothing was understood";
  EXPECT_GT(closed, 100u) << "or nothing was refused";
}

INSTANTIATE_TEST_SUITE_P(Seeds, HostileRequests, testing::Range<std::uint64_t>(1, 9));

}  // namespace
}  // namespace kontiki::broker
