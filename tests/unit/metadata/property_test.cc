// The metadata is a function of its log, also across a snapshot at any place; and a snapshot is never half
// believed.
#include "base/crc32c.h"
#include "base/prng.h"
#include "builder.h"

#include <gtest/gtest.h>

namespace kontiki::metadata {
namespace {

CommandBody random_body(Prng& prng) {
  const auto id = uuid(static_cast<std::uint8_t>(1 + prng.below(12)));
  const auto some_nodes = [&] {
    Replicas replicas;
    const std::uint64_t first = prng.below(6), count = 1 + prng.below(2);
    for (std::uint64_t i = 0; i < count; ++i)
      replicas.emplace_back(static_cast<std::int32_t>((first + i) % 6));
    return replicas;
  };
  switch (prng.below(13)) {
    case 0:
      return SetClusterId{id};
    case 1: {
      Node node = node_of(static_cast<std::int32_t>(prng.below(6)));
      if (prng.chance(1, 5)) node.host = "moved";
      return RegisterNode{node};
    }
    case 2:
      return DeleteTopic{id};
    case 3:
      return CreatePartitions{id, static_cast<std::int32_t>(1 + prng.below(2)), {some_nodes()}};
    case 4:
      return SetTopicConfigs{id, {{"c" + std::to_string(prng.below(4)), "v"}}, {"c1"}};
    case 5:
      return AllocateProducerIds{NodeId(static_cast<std::int32_t>(prng.below(6))), 10};
    case 6:
    case 7: {
      Replicas target = some_nodes();
      if (prng.chance(1, 4)) target.clear();
      return ReassignPartition{id, static_cast<std::int32_t>(prng.below(2)), target};
    }
    case 8:
      return FinishReassignment{id, static_cast<std::int32_t>(prng.below(2)), 1 + prng.below(3),
                                Term(prng.below(9))};
    default:
      return CreateTopic{"t" + std::string(prng.chance(1, 2) ? "." : "_") + std::to_string(prng.below(9)),
                         id,
                         {{"c0", "x"}},
                         {some_nodes()}};
  }
}

Built random_history(std::uint64_t seed, std::vector<Cluster>* states = nullptr) {
  Prng prng(seed);
  Built built;
  built.register_nodes({0, 1, 2, 3, 4, 5});
  if (states != nullptr) states->resize(built.log.size(), built.cluster);
  for (int i = 0; i < 150; ++i) {
    if (prng.chance(1, 20))
      built.apply(EntryKind::kTermStart, {});
    else
      built.apply(random_body(prng),
                  prng.chance(1, 2) ? uuid(static_cast<std::uint8_t>(prng.below(100))) : Uuid{});
    if (states != nullptr) states->push_back(built.cluster);
  }
  return built;
}

Slice with_crc(std::vector<std::byte> body) {
  ByteWriter out;
  out.raw(body);
  out.fixed(crc32c(body));
  return out.take();
}

TEST(MetadataPropertyTest, TheReplayedStateEqualsTheLiveOneAtEveryPrefixAlsoThroughASnapshot) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    std::vector<Cluster> states;
    const Built built = random_history(seed, &states);
    EXPECT_GT(built.cluster.next_group().value, 3u);
    Cluster replayed, through_snapshots;
    for (std::size_t i = 0; i < built.log.size(); ++i) {
      replayed.apply(built.log[i]);
      through_snapshots.apply(built.log[i]);
      if (i < 5) continue;  // before the first state noted
      ASSERT_EQ(replayed, states[i]) << "seed " << seed << " entry " << i + 1;
      Cluster restored;
      const Slice snapshot = through_snapshots.snapshot();
      ASSERT_TRUE(restored.restore(snapshot.bytes()));
      ASSERT_EQ(restored, states[i]) << "seed " << seed << " entry " << i + 1;
      ASSERT_EQ(restored.snapshot(), states[i].snapshot());
      through_snapshots = restored;
    }
  }
}

TEST(MetadataSnapshotTest, EveryFlippedOrMissingByteIsRefusedAndChangesNothing) {
  const Slice good = random_history(3).cluster.snapshot();
  Cluster target;
  for (std::size_t at = 0; at < good.size(); ++at) {
    Buffer bad(good.size());
    std::memcpy(bad.data(), good.data(), good.size());
    bad.data()[at] ^= std::byte{0x10};
    EXPECT_EQ(target.restore(Slice(bad).bytes()).error(), RestoreError::kDamaged) << at;
    EXPECT_FALSE(target.restore(good.sub(0, at).bytes())) << at;
  }
  EXPECT_EQ(target, Cluster());
}

TEST(MetadataSnapshotTest, FlippedBytesUnderARightCrcNeverCrash) {
  const Slice good = random_history(4).cluster.snapshot();
  for (std::size_t at = 0; at + 4 < good.size(); ++at)
    for (const std::byte flip : {std::byte{0x01}, std::byte{0xff}}) {
      std::vector<std::byte> body(good.bytes().begin(), good.bytes().end() - 4);
      body[at] ^= flip;
      const Slice bad = with_crc(body);
      Cluster target;
      if (!target.restore(bad.bytes())) continue;
      const Slice snapshot = target.snapshot();
      EXPECT_TRUE(Cluster().restore(snapshot.bytes())) << at;
    }
}

TEST(MetadataSnapshotTest, ANewerVersionIsToldFromDamage) {
  const Slice good = Cluster().snapshot();
  std::vector<std::byte> body(good.bytes().begin(), good.bytes().end() - 4);
  body[4] = std::byte{3};
  const Slice newer = with_crc(body);
  EXPECT_EQ(Cluster().restore(newer.bytes()).error(), RestoreError::kNewer);
}

}  // namespace
}  // namespace kontiki::metadata
