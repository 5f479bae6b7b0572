// The groups are a function of their log, also across a snapshot at any place; a snapshot is never half
// believed; the coordinator's view is what the log makes of its commands; and every request is answered once.
#include "base/crc32c.h"
#include "world.h"

#include <gtest/gtest.h>

#include <cstring>
#include <set>

namespace kontiki::group {
namespace {

class Storm {
 public:
  explicit Storm(std::uint64_t seed) : prng_(seed), world_(config(), seed) {}

  void run(int steps) {
    for (int i = 0; i < steps; ++i) {
      step();
      world_.pump();
      take_answers();
      if (!world_.holding) check_view();
      while (states_.size() < world_.log.size()) states_.push_back(world_.groups);
    }
    world_.holding = false;
    world_.pump();
    world_.coordinator->step_down();
    world_.pump();
    take_answers();
    EXPECT_TRUE(asked_.empty()) << "every request is answered";
  }
  const World& world() const { return world_; }

 private:
  static Config config() {
    Config config;
    config.initial_rebalance_delay_ms = 100;
    config.group_size_max = 4;
    config.offsets_retention_ms = 50'000;
    config.retention_check_interval_ms = 10'000;
    return config;
  }
  std::string some_group() { return "g" + std::to_string(prng_.below(3)); }
  RequestToken ask() {
    const RequestToken token = world_.token();
    asked_.insert(token.value);
    return token;
  }
  Caller caller() {
    Caller caller{some_group(), kNoGeneration, {}};
    if (members_[caller.group].empty() || prng_.chance(1, 10)) return caller;
    const auto& [id, instance] = members_[caller.group][prng_.below(members_[caller.group].size())];
    caller.member_id = id;
    caller.instance_id = instance;
    caller.generation = generations_[caller.group] - static_cast<std::int32_t>(prng_.below(8) == 0);
    return caller;
  }
  TopicPartition partition() {
    return {"t" + std::to_string(prng_.below(2)), static_cast<std::int32_t>(prng_.below(3))};
  }

  void join() {
    Caller who = caller();
    if (prng_.chance(1, 2)) who.member_id.clear();
    if (who.member_id.empty() && prng_.chance(1, 3)) who.instance_id = "i" + std::to_string(prng_.below(3));
    JoinRequest request{.group = who.group,
                        .member_id = who.member_id,
                        .instance_id = who.instance_id,
                        .client_id = "c",
                        .client_host = "h",
                        .session_timeout_ms = 10'000,
                        .rebalance_timeout_ms = 5'000,
                        .protocol_type = "consumer",
                        .protocols = {{"range", subscription({"t0"})}},
                        .requires_known_member_id = prng_.chance(1, 2),
                        .supports_skip_assignment = prng_.chance(1, 2)};
    if (prng_.chance(1, 6)) request.protocols[0].metadata = subscription({"t0", "t1"});
    const RequestToken token = ask();
    joining_[token.value] = {who.group, who.instance_id};
    world_.coordinator->join(token, request, world_.now_ms);
  }
  void sync() {
    SyncRequest request{.caller = caller()};
    for (const auto& [id, instance] : members_[request.caller.group])
      request.assignments[id] = Slice::copy_of("p");
    world_.coordinator->sync(ask(), request, world_.now_ms);
  }
  void commit() {
    CommitRequest request{.caller = caller(), .partitions = {}};
    for (std::uint64_t i = 0; i < 1 + prng_.below(3); ++i)
      request.partitions.push_back({partition(), Offset(static_cast<std::int64_t>(prng_.below(100)))});
    world_.coordinator->commit_offsets(ask(), request, world_.now_ms);
  }

  void step() {
    Coordinator& coordinator = *world_.coordinator;
    const std::int64_t now_ms = world_.now_ms;
    switch (prng_.below(24)) {
      case 0: {
        const Caller who = caller();
        return coordinator.leave(ask(), {who.group, {{who.member_id, who.instance_id}}}, now_ms);
      }
      case 1:
        return coordinator.delete_offsets(ask(), {some_group(), {partition()}}, now_ms);
      case 2:
        return coordinator.delete_group(ask(), some_group(), now_ms);
      case 3:
        return prng_.chance(1, 4) ? coordinator.delete_topic_offsets("t1", {}) : commit();
      case 4:
        if (prng_.chance(1, 2)) return;
        asked_.clear();  // lost with it
        world_.holding = false;
        return world_.new_leader();
      case 5:
        world_.holding = !world_.holding;
        return;
      case 6:
        return world_.release(1);
      case 7:
      case 8:
      case 9:
        return world_.wait(static_cast<std::int64_t>(prng_.below(prng_.chance(1, 8) ? 20'000 : 300)));
      case 10:
      case 11:
        return commit();
      case 12:
      case 13:
      case 14:
        return sync();
      case 15:
      case 16:
        return coordinator.heartbeat(ask(), caller(), now_ms);
      default:
        return join();
    }
  }

  void take_answers() {
    for (const Answer& answer : std::exchange(world_.answers, {})) {
      EXPECT_EQ(asked_.erase(answer.token.value), 1u) << "once";
      const auto* join = std::get_if<JoinAnswer>(&answer.body);
      if (join == nullptr || join->member_id.empty()) continue;
      const auto& [group, instance] = joining_.at(answer.token.value);
      if (join->error != Error::kNone && join->error != Error::kMemberIdRequired) continue;
      members_[group].emplace_back(join->member_id, instance);
      if (members_[group].size() > 6) members_[group].erase(members_[group].begin());
      if (join->error == Error::kNone) generations_[group] = join->generation;
    }
  }

  // With nothing on its way the two views differ only by a join phase.
  void check_view() {
    const auto listed = world_.coordinator->list({});
    ASSERT_TRUE(listed);
    for (const GroupListing& group : *listed) {
      const Group* replicated = world_.groups.find(group.group);
      if (group.state == State::kPreparingRebalance) continue;
      if (replicated == nullptr) {
        EXPECT_EQ(group.state, State::kEmpty);
        continue;
      }
      EXPECT_EQ(group.state, replicated->state);
      if (group.state != State::kStable) continue;
      const GroupDescription live = world_.coordinator->describe(group.group);
      ASSERT_EQ(live.members.size(), replicated->members.size());
      for (const Member& member : live.members) {
        ASSERT_TRUE(replicated->members.contains(member.id));
        EXPECT_EQ(replicated->members.find(member.id)->second.assignment, member.assignment);
      }
    }
  }

  Prng prng_;
  World world_;
  std::set<std::uint64_t> asked_;
  std::map<std::uint64_t, std::pair<std::string, std::optional<std::string>>> joining_;
  std::map<std::string, std::vector<std::pair<std::string, std::optional<std::string>>>> members_;
  std::map<std::string, std::int32_t> generations_;
  std::vector<Groups> states_;
};

TEST(GroupPropertyTest, TheReplayedStateEqualsTheLiveOneAtEveryPrefixAlsoThroughASnapshot) {
  std::size_t kinds[9] = {};
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    SCOPED_TRACE(seed);
    Storm storm(seed);
    storm.run(600);
    Groups replayed, through_snapshots;
    for (const Entry& entry : storm.world().log) {
      replayed.apply(entry);
      through_snapshots.apply(entry);
      const Slice snapshot = through_snapshots.snapshot();
      Groups restored;
      ASSERT_TRUE(restored.restore(snapshot.bytes()));
      ASSERT_EQ(restored, replayed);
      ASSERT_EQ(replayed.snapshot(), snapshot);
      through_snapshots = restored;
      if (const auto command = decode(entry.payload.bytes())) ++kinds[command->index()];
    }
    ASSERT_EQ(replayed, storm.world().groups);
  }
  for (std::size_t i = 0; i < std::variant_size_v<Command>; ++i)
    EXPECT_GT(kinds[i], 0u) << "command " << i + 1 << " is exercised";
}

Slice with_crc(std::vector<std::byte> body) {
  ByteWriter out;
  out.raw(body);
  out.fixed(crc32c(body));
  return out.take();
}

// A snapshot with something of everything in it.
Slice rich_snapshot() {
  for (std::uint64_t seed = 1;; ++seed) {
    Storm storm(seed);
    storm.run(150);
    bool has_members = false, has_offsets = false;
    for (const auto& [name, group] : storm.world().groups.all()) {
      has_members |= group.state == State::kStable;
      has_offsets |= !group.offsets.empty();
    }
    if (has_members && has_offsets) return storm.world().groups.snapshot();
  }
}

TEST(GroupSnapshotTest, EveryFlippedOrMissingByteIsRefusedAndChangesNothing) {
  const Slice good = rich_snapshot();
  Groups target;
  for (std::size_t at = 0; at < good.size(); ++at) {
    Buffer bad(good.size());
    std::memcpy(bad.data(), good.data(), good.size());
    bad.data()[at] ^= std::byte{0x10};
    EXPECT_EQ(target.restore(Slice(bad).bytes()).error(), RestoreError::kDamaged) << at;
    EXPECT_FALSE(target.restore(good.sub(0, at).bytes())) << at;
  }
  EXPECT_EQ(target, Groups());
}

TEST(GroupSnapshotTest, FlippedBytesUnderARightCrcNeverCrashAndWhatIsAcceptedIsStable) {
  const Slice good = rich_snapshot();
  for (std::size_t at = 0; at + 4 < good.size(); ++at)
    for (const std::byte flip : {std::byte{0x01}, std::byte{0x80}, std::byte{0xff}}) {
      std::vector<std::byte> body(good.bytes().begin(), good.bytes().end() - 4);
      body[at] ^= flip;
      const Slice bad = with_crc(body);
      Groups target;
      if (!target.restore(bad.bytes())) continue;
      const Slice snapshot = target.snapshot();
      Groups again;
      ASSERT_TRUE(again.restore(snapshot.bytes())) << at;
      EXPECT_EQ(again, target);
      Coordinator coordinator(target, {}, Prng(1));  // a lead can be taken from it
      coordinator.become_leader(target.started_term(), 0);
      coordinator.tick(std::numeric_limits<std::int64_t>::max() / 4);
    }
}

TEST(GroupSnapshotTest, ANewerVersionIsToldFromDamage) {
  const Slice good = Groups().snapshot();
  std::vector<std::byte> body(good.bytes().begin(), good.bytes().end() - 4);
  body[4] = std::byte{2};
  const Slice newer = with_crc(body);
  EXPECT_EQ(Groups().restore(newer.bytes()).error(), RestoreError::kNewer);
}

}  // namespace
}  // namespace kontiki::group
