// An idempotent producer writes while brokers are killed, stopped and cut off at random: in the end
// everything that was acknowledged is there, once and in order.

#include "world.h"

#include <gtest/gtest.h>

#include <cstdlib>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;

class Faults {
 public:
  explicit Faults(World& world) : world_(world), prng_(world.sim().prng().next()) {}

  // Now and then something new goes wrong or gets well; at most one broker is not well at a time.
  void maybe() {
    if (!prng_.chance(1, 4)) return;
    if (ill_) return heal();
    const std::size_t i = prng_.below(3);
    kind_ = prng_.below(3);
    if (kind_ == 0) {
      world_.crash(i);
    } else if (kind_ == 1) {
      world_.node(i).pause();
    } else {
      world_.sim().network().isolate(World::name(i));
      world_.sim().network().heal(World::name(i), "client");
    }
    ill_ = i;
  }
  void heal() {
    if (!ill_) return;
    if (kind_ == 0) {
      world_.start(*ill_);
    } else if (kind_ == 1) {
      world_.node(*ill_).resume();
    } else {
      world_.sim().network().heal_all();
    }
    ill_.reset();
  }

 private:
  World& world_;
  Prng prng_;
  std::optional<std::size_t> ill_;
  std::uint64_t kind_ = 0;
};

class Producer {
 public:
  explicit Producer(World& world) : world_(world) {}

  // Sends the batch wherever somebody may take it until it is acknowledged; the value is its offset.
  std::int64_t write(const std::string& value, Faults& faults) {
    const Slice batch = batch_of({value}, {ProducerId(3), 0, sequence_++});
    for (std::size_t attempt = 0; attempt < 500; ++attempt) {
      faults.maybe();
      if (client_ == nullptr || client_->closed()) connect(attempt);
      if (const auto offset = try_write(batch)) return *offset;
      client_.reset();
    }
    ADD_FAILURE() << "nobody takes " << value;
    return -1;
  }

 private:
  void connect(std::size_t attempt) {
    world_.sim().run_for(20'000);
    const std::size_t target = world_.leader("t", 0).value_or(attempt % 3);
    client_ =
        world_.runs(target) ? std::make_unique<TestClient>(world_.sim(), World::name(target), 9092) : nullptr;
  }
  std::optional<std::int64_t> try_write(const Slice& batch) {
    if (client_ == nullptr || !client_->connected()) return std::nullopt;
    kafka::ProduceRequest request = produce_of("t", 0, batch);
    request.timeout_ms = 500;
    const auto id = client_->send(request, 9);
    const auto answer = client_->try_receive<kafka::ProduceRequest>(id, 9, kSecond);
    if (!answer) return std::nullopt;
    const ErrorCode error = only(*answer).error_code;
    if (error == ErrorCode::kNone) return only(*answer).base_offset;
    EXPECT_TRUE(error == ErrorCode::kNotLeaderOrFollower || error == ErrorCode::kRequestTimedOut)
        << kafka::to_string(error);
    return std::nullopt;
  }

  World& world_;
  std::unique_ptr<TestClient> client_;
  std::int32_t sequence_ = 0;
};

// The old leader's entry and the new one's stand at the same index; only the latter is committed.
TEST(ClusterFaults, ACommitOfAnotherLeadersEntryIsNoAnswer) {
  World world({.nodes = 3, .shards = 1, .seed = 5});
  world.create_topic("t", 1, 3);
  const std::size_t old_leader = *world.leader("t", 0);
  TestClient cut_off = world.client(old_leader);
  ASSERT_TRUE(cut_off.wait([&] { return cut_off.connected(); }));
  world.sim().network().isolate(World::name(old_leader));
  world.sim().network().heal(World::name(old_leader), "client");
  kafka::ProduceRequest request = produce_of("t", 0, batch_of({"lost"}));
  request.timeout_ms = 30'000;
  const auto id = cut_off.send(request, 9);
  ASSERT_TRUE(world.wait([&] {
    const auto leader = world.leader("t", 0);
    return leader && *leader != old_leader;
  }));
  const std::size_t leader = *world.leader("t", 0);
  TestClient client = world.client(leader);
  EXPECT_EQ(only(client.call(produce_of("t", 0, batch_of({"kept"})), 9)).error_code, ErrorCode::kNone);
  world.sim().network().heal_all();
  const auto answer = cut_off.receive<kafka::ProduceRequest>(id, 9);
  EXPECT_EQ(only(answer).error_code, ErrorCode::kNotLeaderOrFollower);
  EXPECT_EQ(values_of(only(client.call(fetch_of("t", 0, 0), 12))), std::vector<std::string>{"kept"});
}

TEST(ClusterFaults, WhatWasAcknowledgedIsThereOnceAndInOrder) {
  const char* more = std::getenv("KONTIKI_TEST_SEEDS");
  const std::uint64_t seeds = more == nullptr ? 6 : std::strtoull(more, nullptr, 10);
  for (std::uint64_t seed = 1; seed <= seeds; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    World world({.nodes = 3, .shards = 2, .seed = seed});
    world.create_topic("t", 1, 3);
    Faults faults(world);
    std::vector<std::pair<std::int64_t, std::string>> acknowledged;
    {
      Producer producer(world);
      for (int i = 0; i < 60; ++i) {
        const std::string value = std::to_string(i);
        acknowledged.emplace_back(producer.write(value, faults), value);
      }
    }
    faults.heal();
    ASSERT_TRUE(world.wait_ready() && world.wait_leader("t", 0));
    TestClient client = world.client(*world.leader("t", 0));
    EXPECT_EQ(records_of(only(client.call(fetch_of("t", 0, 0), 12))), acknowledged);
    if (testing::Test::HasFailure()) return;
  }
}

}  // namespace
}  // namespace kontiki::broker
