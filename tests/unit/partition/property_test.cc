// The state of a partition is a function of its log: whoever led, whatever was pending, and wherever a
// snapshot was taken. Random histories of three replicas under changing leaders, from seeds.
#include "base/prng.h"
#include "replica.h"

#include <gtest/gtest.h>

#include <set>

namespace kontiki::partition {
namespace {

// A client as it should be: sends its batches in order, at most five unacknowledged, and repeats what it does
// not know the fate of.
struct Client {
  std::int64_t id = 0;
  std::int16_t epoch = 0;
  std::vector<std::int32_t> counts;  // of the batches sent, in order
  std::size_t acknowledged = 0;      // batches known to be in the log
  bool starts_over = false;          // the leader changed: what is not acknowledged may be lost

  std::int32_t sequence_of(std::size_t batch) const {
    std::int32_t sequence = 0;
    for (std::size_t i = 0; i < batch; ++i) sequence += counts[i];
    return sequence;
  }
  Batch batch(std::size_t i) const { return {id, epoch, sequence_of(i), counts[i]}; }
};

class World {
 public:
  World(std::uint64_t seed, bool expires) : prng_(seed), expires_(expires), clients_(4) {
    for (std::size_t i = 0; i < clients_.size(); ++i) clients_[i].id = static_cast<std::int64_t>(10 + i);
    elect();
  }

  void step() {
    switch (prng_.below(12)) {
      case 0:
        return elect();
      case 1:
        return leader().propose(DeleteRecords{Offset(static_cast<std::int64_t>(prng_.below(100)))});
      case 2:
        return expires_ && prng_.chance(1, 4) ? leader().propose(ExpireProducers{}) : void();
      case 3:
      case 4:
      case 5:
        return commit();
      case 6:
        leader().produce(Batch{.count = 2});
        return;
      default:
        return send(clients_[prng_.below(clients_.size())]);
    }
  }
  void finish() {
    leader().commit();
    follow(leader().log.size());
  }

  const Replica& replica(std::size_t i) const { return replicas_[i]; }
  const std::vector<Slice>& states() const { return states_; }

 private:
  Replica& leader() { return replicas_[leader_]; }

  // Some of what the old leader had not committed survives, and reaches the new leader before its own term.
  void elect() {
    Replica& old = leader();
    const std::size_t committed = old.partition.applied().value;
    const std::size_t kept = committed + prng_.below(old.log.size() - committed + 1);
    std::vector<Entry> log(old.log.begin(), old.log.begin() + static_cast<std::ptrdiff_t>(kept));
    old.partition.step_down();
    for (Replica& replica : replicas_) replica.log = log;
    for (Client& client : clients_) client.starts_over = true;
    leader_ = prng_.below(replicas_.size());
    leader().term = Term(++term_);
    leader().partition.become_leader(leader().term);
    leader().append(EntryKind::kTermStart);
    while (leader().partition.applied().value < leader().log.size()) commit();
  }

  void commit() {
    Replica& now = leader();
    now.commit(1 + prng_.below(3));
    note_states(now);
    for (Client& client : clients_) {  // acknowledgements, some lost
      if (prng_.chance(1, 3)) continue;
      const Producer* producer = now.partition.producers().find(ProducerId(client.id));
      while (producer != nullptr && client.acknowledged < client.counts.size()) {
        const std::int32_t next = client.sequence_of(client.acknowledged);
        if (producer->last().last_sequence < next) break;
        ++client.acknowledged;
      }
    }
    follow(prng_.below(now.partition.applied().value + 1));
  }

  void follow(std::size_t count) {
    for (Replica& replica : replicas_) {
      if (&replica == &leader()) continue;
      replica.log = leader().log;
      while (replica.partition.applied().value < count)
        replica.partition.apply(replica.log[replica.partition.applied().value]);
    }
  }

  void send(Client& client) {
    // All from the first unacknowledged one again, or a new one.
    std::size_t from = client.acknowledged;
    if (client.counts.size() - from < 5 && prng_.chance(2, 3)) {
      client.counts.push_back(static_cast<std::int32_t>(1 + prng_.below(3)));
      if (!client.starts_over && prng_.chance(1, 2)) from = client.counts.size() - 1;
    }
    client.starts_over = false;
    for (std::size_t i = from; i < client.counts.size(); ++i) leader().produce(client.batch(i));
  }

  void note_states(const Replica& replica) {
    while (states_.size() < replica.partition.applied().value) {
      states_.emplace_back();  // a state that passed by between two looks is not noted
      if (states_.size() == replica.partition.applied().value) states_.back() = replica.partition.snapshot();
    }
  }

  Prng prng_;
  const bool expires_;
  std::array<Replica, 3> replicas_;
  std::size_t leader_ = 0;
  std::uint64_t term_ = 0;
  std::vector<Client> clients_;
  std::vector<Slice> states_;  // [i]: the leader's state after i + 1 entries
};

World finished_world(std::uint64_t seed, bool expires = true) {
  World world(seed, expires);
  for (int i = 0; i < 250; ++i) world.step();
  world.finish();
  return world;
}

constexpr std::uint64_t kSeeds = 25;

TEST(PartitionPropertyTest, TheLiveStateOfLeadersEqualsTheReplayedOneAtEveryPrefix) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const World world = finished_world(seed);
    Partition replayed;
    std::size_t compared = 0;
    for (std::size_t i = 0; i < world.replica(0).log.size(); ++i) {
      replayed.apply(world.replica(0).log[i]);
      if (i >= world.states().size() || world.states()[i].empty()) continue;
      ASSERT_EQ(replayed.snapshot(), world.states()[i]) << "seed " << seed << " entry " << i + 1;
      ++compared;
    }
    EXPECT_GT(compared, 20u);
  }
}

TEST(PartitionPropertyTest, AllReplicasEndInTheSameState) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const World world = finished_world(seed);
    EXPECT_TRUE(world.replica(0).partition.same_state(world.replica(1).partition)) << seed;
    EXPECT_TRUE(world.replica(0).partition.same_state(world.replica(2).partition)) << seed;
  }
}

TEST(PartitionPropertyTest, ASnapshotAtAnyPrefixPlusTheRestOfTheLogIsTheSameState) {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    const World world = finished_world(seed);
    const std::vector<Entry>& log = world.replica(0).log;
    Partition prefix;
    for (std::size_t cut = 0; cut <= log.size(); ++cut) {
      if (cut > 0) prefix.apply(log[cut - 1]);
      Partition restored;
      ASSERT_TRUE(restored.restore(prefix.snapshot().bytes()));
      for (std::size_t i = cut; i < log.size(); ++i) restored.apply(log[i]);
      ASSERT_TRUE(restored.same_state(world.replica(0).partition)) << "seed " << seed << " cut " << cut;
    }
  }
}

TEST(PartitionPropertyTest, EveryBatchOfAProducerStandsInTheLogOnceAndInOrder) {
  for (std::uint64_t seed = 1; seed <= kSeeds; ++seed) {
    const World world = finished_world(seed, false);
    std::map<ProducerId, std::int32_t> next;
    Offset offset(0);
    for (const Entry& entry : world.replica(0).log) {
      if (entry.header.kind != EntryKind::kData) continue;
      const auto batch = RecordBatchView::validate(entry.payload.bytes());
      ASSERT_TRUE(batch);
      EXPECT_EQ(batch->base_offset(), offset);
      EXPECT_EQ(batch->leader_epoch(), leader_epoch_of(entry.header.term));
      offset = entry.header.next_offset();
      if (batch->producer_id() == kNoProducer) continue;
      EXPECT_EQ(batch->base_sequence(), next[batch->producer_id()]) << "seed " << seed;
      next[batch->producer_id()] = batch->base_sequence() + batch->record_count();
    }
    EXPECT_GT(next.size(), 2u);
  }
}

}  // namespace
}  // namespace kontiki::partition
