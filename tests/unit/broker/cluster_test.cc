// Three brokers: what is acknowledged survives, retries make no duplicates, and no answer is another's.

#include "broker/partition_host.h"
#include "kafka/messages/list_offsets.h"
#include "kafka/messages/metadata.h"
#include "world.h"

#include <gmock/gmock.h>

#include <functional>
#include <optional>
#include <set>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;
using testing::ElementsAre;

constexpr World::Options kThree{.nodes = 3, .shards = 2, .seed = 1};

std::size_t other_than(std::size_t leader) {
  return (leader + 1) % 3;
}

TEST(Cluster, FormsAndEveryShardOfEveryBrokerHasTheSameMetadata) {
  World world(kThree);
  world.create_topic("t", 6, 3);
  world.sim().run_for(kSecond);
  const metadata::Cluster& first = world.broker(0).shard(0).cluster();
  EXPECT_FALSE(first.cluster_id().is_zero());
  EXPECT_EQ(first.nodes().size(), 3u);
  for (std::size_t i = 0; i < 3; ++i)
    for (std::size_t shard = 0; shard < 2; ++shard) {
      EXPECT_TRUE(world.broker(i).shard(shard).cluster() == first);
      EXPECT_EQ(world.broker(i).shard(shard).controller(), world.broker(0).shard(0).controller());
      EXPECT_EQ(world.broker(i).shard(shard).alive().size(), 3u);
    }
  EXPECT_NE(world.broker(0).shard(0).controller(), kNoNode);
}

TEST(Cluster, NewPartitionsAreLedByTheirFirstReplicas) {
  World world(kThree);
  world.create_topic("t", 6, 3);
  std::set<std::size_t> leaders;
  for (std::int32_t p = 0; p < 6; ++p) leaders.insert(*world.leader("t", p));
  EXPECT_EQ(leaders.size(), 3u);
}

TEST(Cluster, AFollowerSaysWhoLeadsAndServesNothing) {
  World world(kThree);
  world.create_topic("t", 1, 3);
  world.sim().run_for(kSecond);
  const std::size_t leader = *world.leader("t", 0);
  TestClient client = world.client(other_than(leader));
  const auto produced = client.call(produce_of("t", 0, batch_of({"x"})), 10);
  EXPECT_EQ(only(produced).error_code, ErrorCode::kNotLeaderOrFollower);
  EXPECT_EQ(only(produced).current_leader.leader_id, World::node_id(leader).value);
  ASSERT_EQ(produced.node_endpoints.size(), 1u);
  EXPECT_EQ(produced.node_endpoints[0].host, World::name(leader));
  EXPECT_EQ(produced.node_endpoints[0].port, 9092);

  const auto fetched = only(client.call(fetch_of("t", 0, 0, 5000), 12));
  EXPECT_EQ(fetched.error_code, ErrorCode::kNotLeaderOrFollower);
  EXPECT_EQ(fetched.current_leader.leader_id, World::node_id(leader).value);

  kafka::ListOffsetsRequest offsets;
  offsets.topics.push_back({.name = "t", .partitions = {{.partition_index = 0, .timestamp = -1}}});
  EXPECT_EQ(client.call(offsets, 7).topics[0].partitions[0].error_code, ErrorCode::kNotLeaderOrFollower);
}

// A consumer that is further than a leader which was replaced without knowing it must not be told so: it
// would begin anew somewhere else.
TEST(Cluster, OnlyALeaderThatIsSureSaysThatAnOffsetIsBeyondTheEnd) {
  World world(kThree);
  world.create_topic("t", 1, 3);
  const std::size_t old = *world.leader("t", 0);
  TestClient client = world.client(old);
  EXPECT_EQ(only(client.call(fetch_of("t", 0, 7, 5000), 12)).error_code, ErrorCode::kOffsetOutOfRange);
  for (std::size_t i = 0; i < 3; ++i) {
    if (i == old) continue;
    world.sim().network().cut(World::name(old), World::name(i));
    world.sim().network().cut(World::name(i), World::name(old));
  }
  EXPECT_EQ(only(client.call(fetch_of("t", 0, 7), 12)).error_code, ErrorCode::kNone);
  EXPECT_EQ(only(client.call(fetch_of("t", 0, 7, 5000), 12)).error_code, ErrorCode::kNotLeaderOrFollower);
}

// The next batch of a producer comes to a leader that was replaced and does not know it: it must not be told
// that batches are missing, which the leader of now has.
TEST(Cluster, ALeaderThatIsCutOffDoesNotJudgeSequences) {
  World world(kThree);
  world.create_topic("t", 1, 3);
  const std::size_t old = *world.leader("t", 0);
  TestClient client = world.client(old);
  EXPECT_EQ(only(client.call(produce_of("t", 0, batch_of({"a"}, {ProducerId(9), 0, 0})), 9)).base_offset, 0);
  const Slice later = batch_of({"c"}, {ProducerId(9), 0, 2});
  EXPECT_EQ(only(client.call(produce_of("t", 0, later), 9)).error_code, ErrorCode::kOutOfOrderSequenceNumber);
  for (std::size_t i = 0; i < 3; ++i) {
    if (i == old) continue;
    world.sim().network().cut(World::name(old), World::name(i));
    world.sim().network().cut(World::name(i), World::name(old));
  }
  EXPECT_EQ(only(client.call(produce_of("t", 0, later), 9)).error_code, ErrorCode::kNotLeaderOrFollower);
}

class Metadata {
 public:
  explicit Metadata(World& world) : world_(world) {}

  // None if the broker ends the connection.
  std::optional<kafka::MetadataResponse> ask(std::size_t broker, const std::vector<std::string>& topics) {
    kafka::MetadataRequest request;
    request.allow_auto_topic_creation = false;
    for (const auto& name : topics) request.topics->emplace_back().name = name;
    return send(broker, request);
  }
  std::optional<kafka::MetadataResponse> ask_for_all(std::size_t broker) {
    kafka::MetadataRequest request;
    request.topics.reset();
    return send(broker, request);
  }
  // -1 if it knows none, -2 if it ends the connection.
  int leader(std::size_t broker, const std::string& topic) {
    const auto answer = ask(broker, {topic});
    return answer ? answer->topics.at(0).partitions.at(0).leader_id : -2;
  }
  bool wait_leader(std::size_t broker, const std::string& topic, const std::function<bool(int)>& holds) {
    return wait([&] { return holds(leader(broker, topic)); });
  }
  bool wait(const std::function<bool()>& holds) {
    for (int tries = 0; tries < 100; ++tries) {
      if (holds()) return true;
      world_.sim().run_for(100'000);
    }
    return false;
  }

 private:
  std::optional<kafka::MetadataResponse> send(std::size_t broker, const kafka::MetadataRequest& request) {
    TestClient client = world_.client(broker);
    return client.try_receive<kafka::MetadataRequest>(client.send(request, 12), 12);
  }

  World& world_;
};

// What it could say would keep clients from those who know better.
TEST(Cluster, ABrokerThatIsCutOffSendsAwayWhoAsksForWhatItDoesNotKnow) {
  World world(kThree);
  world.create_topic("all", 1, 3);
  world.create_topic("own", 1, 1);
  Metadata metadata(world);
  const std::size_t lonely = *world.leader("own", 0);
  const std::size_t other = other_than(lonely);
  const int self = World::node_id(lonely).value;
  const auto is_any = [](int leader) { return leader >= 0; };
  const auto is_other = [&](int leader) { return leader >= 0 && leader != self; };
  ASSERT_TRUE(metadata.wait_leader(lonely, "all", is_any));

  world.sim().network().isolate(World::name(lonely));
  world.sim().network().heal(World::name(lonely), "client");
  ASSERT_TRUE(metadata.wait_leader(other, "all", is_other));
  ASSERT_TRUE(metadata.wait_leader(lonely, "all", [](int leader) { return leader == -2; }));
  EXPECT_FALSE(metadata.ask(lonely, {"own", "all"}));
  EXPECT_FALSE(metadata.ask(lonely, {"new"}));
  EXPECT_FALSE(metadata.ask(lonely, {}));
  EXPECT_FALSE(metadata.ask_for_all(lonely));
  EXPECT_EQ(metadata.leader(lonely, "own"), self) << "nobody else can lead it";
  EXPECT_EQ(metadata.ask(lonely, {"own"})->brokers.size(), 3u) << "the client will need the others";
  EXPECT_EQ(metadata.leader(other, "own"), -1) << "the majority says what is the case";

  world.sim().network().heal_all();
  EXPECT_TRUE(metadata.wait_leader(lonely, "all", is_other));
  EXPECT_TRUE(metadata.ask_for_all(lonely));
}

TEST(Cluster, ABrokerThatIsCutOffDoesNotSayThatThereAreNoTopics) {
  World world(kThree);
  Metadata metadata(world);
  ASSERT_TRUE(metadata.ask_for_all(0));
  world.sim().network().isolate(World::name(0));
  world.sim().network().heal(World::name(0), "client");
  EXPECT_TRUE(metadata.wait([&] { return !metadata.ask_for_all(0); }));
  world.sim().network().heal_all();
  EXPECT_TRUE(metadata.wait([&] { return metadata.ask_for_all(0).has_value(); }));
}

TEST(Cluster, ADeadLeaderIsReplacedAndAnIdempotentRetryYieldsNoDuplicate) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    World world({.nodes = 3, .shards = 2, .seed = seed});
    world.create_topic("t", 1, 3);
    const std::size_t leader = *world.leader("t", 0);
    const Slice first = batch_of({"a", "b"}, {ProducerId(9), 0, 0});
    const Slice second = batch_of({"c"}, {ProducerId(9), 0, 2});
    {
      TestClient client = world.client(leader);
      EXPECT_EQ(only(client.call(produce_of("t", 0, first), 9)).base_offset, 0);
      client.send(produce_of("t", 0, second), 9);  // its answer is never seen
      world.sim().run_for(static_cast<std::int64_t>(seed) * 200);
    }
    world.crash(leader);
    const std::int64_t died = world.sim().now_us();
    ASSERT_TRUE(world.wait_leader("t", 0));
    EXPECT_LT(world.sim().now_us() - died, kSecond) << "a dead leader costs milliseconds";
    const std::size_t next = *world.leader("t", 0);
    TestClient client = world.client(next);
    EXPECT_EQ(only(client.call(produce_of("t", 0, second), 9)).base_offset, 2);
    EXPECT_EQ(only(client.call(produce_of("t", 0, first), 9)).base_offset, 0);
    EXPECT_THAT(values_of(only(client.call(fetch_of("t", 0, 0), 12))), ElementsAre("a", "b", "c"));

    // The dead one comes back and learns the same.
    world.start(leader);
    ASSERT_TRUE(world.wait_ready());
    world.sim().run_for(2 * kSecond);
    const GroupId id = world.group("t", 0);
    Broker& back = world.broker(leader);
    PartitionHost* host = back.shard(back.node().shard_of(id)).host(id);
    ASSERT_NE(host, nullptr);
    EXPECT_EQ(host->partition().high_watermark(), Offset(3));
  }
}

// Two batches on their way when a broker begins to lead: what was refused must not be overtaken.
TEST(Cluster, ABrokerThatBeginsToLeadTakesNoBatchBehindOneThatItRefused) {
  World world(kThree);
  world.create_topic("t", 1, 3);
  const std::size_t old = *world.leader("t", 0);
  const auto send = [&](std::size_t broker, std::int32_t sequence, std::int16_t epoch = 0) {
    TestClient client = world.client(broker);
    const Slice batch = batch_of({"x"}, {ProducerId(9), epoch, sequence});
    return only(client.call(produce_of("t", 0, batch), 9)).error_code;
  };
  for (std::size_t i = 0; i < 3; ++i) {
    if (i == old) continue;
    EXPECT_EQ(send(i, 0), ErrorCode::kNotLeaderOrFollower);
    EXPECT_EQ(send(i, 1), ErrorCode::kNotLeaderOrFollower);
  }
  // It comes again in time, and the one behind it when the first refusal alone would be forgotten.
  for (const auto& [wait_us, sequence] : {std::pair(20 * kSecond, 0), std::pair(15 * kSecond, 1)}) {
    world.sim().run_for(wait_us);
    for (std::size_t i = 0; i < 3; ++i) {
      if (i != old) {
        EXPECT_EQ(send(i, sequence), ErrorCode::kNotLeaderOrFollower);
      }
    }
  }
  world.crash(old);
  ASSERT_TRUE(world.wait_leader("t", 0));
  const std::size_t next = *world.leader("t", 0);
  EXPECT_EQ(send(next, 1), ErrorCode::kNotLeaderOrFollower) << "0 has not come yet";
  EXPECT_EQ(send(next, 0), ErrorCode::kNone);
  EXPECT_EQ(send(next, 1), ErrorCode::kNone);
  EXPECT_EQ(send(next, 0, 1), ErrorCode::kNone) << "a new epoch begins anew";
}

// The same when the first was proposed here, and was cut from the log while another broker led.
TEST(Cluster, ABrokerThatLeadsAgainTakesNoBatchBehindOneThatItLost) {
  World world(kThree);
  world.create_topic("t", 1, 3);
  const std::size_t leader = *world.leader("t", 0);
  const GroupId group = world.group("t", 0);
  TestClient client = world.client(leader);
  const auto batch = [](std::int32_t sequence) {
    return produce_of("t", 0, batch_of({"x"}, {ProducerId(9), 0, sequence}));
  };
  world.sim().network().isolate(World::name(leader));
  world.sim().network().heal(World::name(leader), "client");
  const auto lost = client.send(batch(0), 9);
  EXPECT_EQ(only(client.receive<kafka::ProduceRequest>(lost, 9)).error_code, ErrorCode::kNotLeaderOrFollower);

  const auto leads = [&](std::size_t broker) {
    return world.sim().run_until([&] { return world.leader("t", 0) == broker; }, 20 * kSecond);
  };
  world.sim().network().heal_all();
  ASSERT_TRUE(
      world.sim().run_until([&] { return world.leader("t", 0).value_or(leader) != leader; }, 20 * kSecond));
  for (int i = 0; i < 20 && world.leader("t", 0) != leader; ++i) {
    Broker& other = world.broker(world.leader("t", 0).value_or(other_than(leader)));
    other.shard(other.node().shard_of(group)).host(group)->group()->transfer_leader(World::node_id(leader));
    world.sim().run_for(kSecond);
  }
  ASSERT_TRUE(leads(leader));
  EXPECT_EQ(only(client.call(batch(1), 9)).error_code, ErrorCode::kNotLeaderOrFollower);
  EXPECT_EQ(only(client.call(batch(0), 9)).base_offset, 0);
  EXPECT_EQ(only(client.call(batch(1), 9)).base_offset, 1);
}

TEST(Cluster, APartitionDoesNotWaitForeverForABatchThatItRefused) {
  World world(kThree);
  world.create_topic("t", 1, 3);
  const std::size_t old = *world.leader("t", 0);
  const auto send = [&](std::size_t broker, std::int32_t sequence) {
    TestClient client = world.client(broker);
    const Slice batch = batch_of({"x"}, {ProducerId(9), 0, sequence});
    return only(client.call(produce_of("t", 0, batch), 9)).error_code;
  };
  for (std::size_t i = 0; i < 3; ++i) {
    if (i != old) {
      EXPECT_EQ(send(i, 0), ErrorCode::kNotLeaderOrFollower);
    }
  }
  world.crash(old);
  ASSERT_TRUE(world.wait_leader("t", 0));
  const std::size_t next = *world.leader("t", 0);
  EXPECT_EQ(send(next, 7), ErrorCode::kNotLeaderOrFollower);
  world.sim().run_for(40 * kSecond);
  EXPECT_EQ(send(*world.leader("t", 0), 7), ErrorCode::kNone);
}

TEST(Cluster, WithoutAMajorityNothingIsAcknowledgedAndTheRequestTimesOut) {
  World world(kThree);
  world.create_topic("t", 1, 3);
  const std::size_t leader = *world.leader("t", 0);
  TestClient client = world.client(leader);
  for (std::size_t i = 0; i < 3; ++i)
    if (i != leader) world.node(i).pause();
  kafka::ProduceRequest request = produce_of("t", 0, batch_of({"x"}));
  request.timeout_ms = 200;
  const auto error = only(client.call(request, 9)).error_code;
  EXPECT_TRUE(error == ErrorCode::kRequestTimedOut || error == ErrorCode::kNotLeaderOrFollower)
      << kafka::to_string(error);
  EXPECT_EQ(only(client.call(fetch_of("t", 0, 0), 12)).records->size(), 0u)
      << "uncommitted data is never read";
  for (std::size_t i = 0; i < 3; ++i)
    if (i != leader) world.node(i).resume();
}

TEST(Cluster, ACommitInOnePartitionNeverCompletesAnothersRequest) {
  World world(kThree);
  world.create_topic("a", 1, 1);  // one replica: commits alone
  world.create_topic("b", 1, 3);
  const std::size_t leader = *world.leader("b", 0);
  // A topic of one replica on the broker that leads "b".
  metadata::CreateTopic create{.name = "own",
                               .id = Uuid::random(world.sim().prng()),
                               .configs = {},
                               .partitions = {{World::node_id(leader)}}};
  ASSERT_TRUE(world.submit(leader, create).has_value());
  ASSERT_TRUE(world.wait_leader("own", 0));
  TestClient stuck = world.client(leader);
  TestClient fine = world.client(leader);
  for (std::size_t i = 0; i < 3; ++i)
    if (i != leader) world.sim().network().cut(World::name(leader), World::name(i));
  stuck.send(produce_of("b", 0, batch_of({"x"})), 9);
  for (int i = 0; i < 20; ++i)
    EXPECT_EQ(only(fine.call(produce_of("own", 0, batch_of({"y"})), 9)).base_offset, i);
  EXPECT_EQ(stuck.answers(), 0u);
}

TEST(Cluster, ADeletedTopicIsGoneOnEveryBrokerAlsoOnOneThatWasDown) {
  World world(kThree);
  world.create_topic("old", 2, 3);
  const GroupId group = world.group("old", 0);
  const TopicId id = world.broker(0).shard(0).cluster().topic("old")->id;
  world.crash(2);
  EXPECT_EQ(world.submit(0, metadata::DeleteTopic{id})->error, metadata::Error::kNone);
  world.start(2);
  ASSERT_TRUE(world.wait_ready());
  world.sim().run_for(kSecond);
  for (std::size_t i = 0; i < 3; ++i) {
    Broker& broker = world.broker(i);
    multiraft::Shard& shard = broker.node().shard(broker.node().shard_of(group));
    EXPECT_EQ(shard.find(group), nullptr);
    EXPECT_TRUE(shard.orphans().empty()) << i;
  }
  // The name can be taken again at once, and is empty.
  world.create_topic("old", 2, 3);
  TestClient client = world.client(*world.leader("old", 0));
  EXPECT_EQ(only(client.call(fetch_of("old", 0, 0), 12)).high_watermark, 0);
}

TEST(Cluster, ATopicCreatedWhileABrokerWasDownIsServedByItLater) {
  World world(kThree);
  ASSERT_TRUE(world.wait_ready());
  world.crash(1);
  world.create_topic("t", 3, 3);
  world.start(1);
  ASSERT_TRUE(world.wait_ready());
  ASSERT_TRUE(world.wait([&] {
    for (std::int32_t p = 0; p < 3; ++p) {
      const GroupId id = world.group("t", p);
      if (world.broker(1).shard(world.broker(1).node().shard_of(id)).host(id) == nullptr) return false;
    }
    return true;
  }));
}

TEST(Cluster, AFetchThatWaitsIsToldWhenTheLeadIsLost) {
  World world(kThree);
  world.create_topic("t", 1, 3);
  const std::size_t leader = *world.leader("t", 0);
  TestClient client = world.client(leader);
  const auto id = client.send(fetch_of("t", 0, 0, 30'000), 12);
  world.sim().run_for(kSecond / 10);
  const GroupId group = world.group("t", 0);
  Broker& broker = world.broker(leader);
  broker.shard(broker.node().shard_of(group))
      .host(group)
      ->group()
      ->transfer_leader(World::node_id(other_than(leader)));
  const std::int64_t before = world.sim().now_us();
  EXPECT_EQ(only(client.receive<kafka::FetchRequest>(id, 12)).error_code, ErrorCode::kNotLeaderOrFollower);
  EXPECT_LT(world.sim().now_us() - before, kSecond);
}

TEST(Cluster, AllAtOnceKilledAndRestartedNothingAcknowledgedIsMissing) {
  World world(kThree);
  world.create_topic("t", 2, 3);
  std::vector<std::vector<std::string>> acknowledged(2);
  for (int i = 0; i < 40; ++i) {
    const std::int32_t p = i % 2;
    TestClient client = world.client(*world.leader("t", p));
    const std::string value = std::to_string(i);
    if (only(client.call(produce_of("t", p, batch_of({value})), 9)).error_code == ErrorCode::kNone)
      acknowledged[static_cast<std::size_t>(p)].push_back(value);
  }
  for (std::size_t i = 0; i < 3; ++i) world.crash(i);
  for (std::size_t i = 0; i < 3; ++i) world.start(i);
  ASSERT_TRUE(world.wait_ready() && world.wait_leader("t", 0) && world.wait_leader("t", 1));
  for (std::int32_t p = 0; p < 2; ++p) {
    TestClient client = world.client(*world.leader("t", p));
    EXPECT_EQ(values_of(only(client.call(fetch_of("t", p, 0), 12))),
              acknowledged[static_cast<std::size_t>(p)]);
  }
}

TEST(Cluster, ACommandIsCarriedOutOnceThoughItsLeaderDiesOnTheWay) {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    World world({.nodes = 3, .shards = 2, .seed = seed});
    ASSERT_TRUE(world.wait_ready());
    world.sim().run_for(kSecond);
    std::size_t leader = 0;
    while (World::node_id(leader) != world.broker(0).shard(0).controller()) ++leader;
    const std::size_t via = other_than(leader);
    std::optional<SubmitResult> result;
    world.broker(via).shard(0).submit(metadata::AllocateProducerIds{World::node_id(via), 10}, 20 * kSecond,
                                      [&](SubmitResult done) { result = done; });
    world.sim().run_for(static_cast<std::int64_t>(seed) * 150);
    world.crash(leader);
    ASSERT_TRUE(world.wait([&] { return result.has_value(); }));
    ASSERT_TRUE(result->has_value());
    EXPECT_EQ((*result)->error, metadata::Error::kNone);
    EXPECT_EQ(world.broker(via).shard(0).cluster().next_producer_id(), ProducerId(10));
  }
}

TEST(Cluster, WithoutAMetadataLeaderACommandTimesOut) {
  World world(kThree);
  ASSERT_TRUE(world.wait_ready());
  world.crash(1);
  world.crash(2);
  std::optional<SubmitResult> result;
  world.broker(0).shard(1);
  world.broker(0).shard(0).submit(metadata::AllocateProducerIds{World::node_id(0), 10}, 2 * kSecond,
                                  [&](SubmitResult done) { result = done; });
  ASSERT_TRUE(world.wait([&] { return result.has_value(); }));
  ASSERT_FALSE(result->has_value());
  EXPECT_EQ(result->error(), SubmitError::kTimedOut);
}

TEST(Cluster, ABrokerThatIsNotAmongTheSeedsDoesNotStart) {
  World world({});
  ASSERT_TRUE(world.wait_ready());
  BrokerOptions options = world.options_of(0);
  options.peer.port = 1;
  sim::SimNode& other = world.sim().add_node("other");
  const auto started =
      Broker::start(other.clock(), other.disk(), other.network(), other.executors(), options);
  ASSERT_FALSE(started.has_value());
  EXPECT_EQ(started.error().reason, Reason::kUsage);
}

TEST(Cluster, AnAddressInUseIsToldAtTheStart) {
  World world({});
  ASSERT_TRUE(world.wait_ready());
  BrokerOptions options = world.options_of(0);
  options.data_dir = "/elsewhere";
  const auto started = Broker::start(world.node(0).clock(), world.node(0).disk(), world.node(0).network(),
                                     world.node(0).executors(), options);
  ASSERT_FALSE(started.has_value());
  EXPECT_EQ(started.error().reason, Reason::kPortInUse);
  EXPECT_NE(started.error().message.find("9092"), std::string::npos);
}

}  // namespace
}  // namespace kontiki::broker
