#include "replica.h"

#include <gtest/gtest.h>

namespace kontiki::partition {
namespace {

Replica busy_replica() {
  Replica replica;
  for (std::uint64_t term = 1; term <= 3; ++term) {
    replica.elect(Term(term));
    for (std::int32_t i = 0; i < 7; ++i) {
      const auto sequence = static_cast<std::int32_t>(7 * (term - 1)) + i;
      replica.produce(Batch{.producer = 1, .epoch = 0, .sequence = sequence});
      replica.produce(Batch{.producer = 100 + i, .epoch = 2, .sequence = 0});
    }
    replica.propose(ExpireProducers{});
  }
  replica.propose(DeleteRecords{Offset(3)});
  replica.commit();
  return replica;
}

Slice with_crc(std::vector<std::byte> body) {
  ByteWriter out;
  out.raw(body);
  out.fixed(crc32c(body));
  return out.take();
}

TEST(PartitionSnapshotTest, RestoresTheWholeState) {
  const Replica replica = busy_replica();
  Partition restored;
  ASSERT_TRUE(restored.restore(replica.partition.snapshot().bytes()));
  EXPECT_TRUE(restored.same_state(replica.partition));
  EXPECT_EQ(restored.snapshot(), replica.partition.snapshot());
  EXPECT_FALSE(restored.can_produce());
}

TEST(PartitionSnapshotTest, EveryFlippedOrMissingByteIsRefusedAndChangesNothing) {
  const Replica replica = busy_replica();
  const Slice good = replica.partition.snapshot();
  Partition target;
  for (std::size_t at = 0; at < good.size(); ++at) {
    Buffer bad(good.size());
    std::memcpy(bad.data(), good.data(), good.size());
    bad.data()[at] ^= std::byte{0x10};
    EXPECT_EQ(target.restore(Slice(bad).bytes()).error(), RestoreError::kDamaged) << at;
    EXPECT_FALSE(target.restore(good.sub(0, at).bytes())) << at;
  }
  EXPECT_TRUE(target.same_state(Partition()));
}

TEST(PartitionSnapshotTest, FlippedBytesUnderARightCrcNeverCrashAndStayInOrder) {
  const Slice good = busy_replica().partition.snapshot();
  for (std::size_t at = 0; at + 4 < good.size(); ++at)
    for (const std::byte flip : {std::byte{0x01}, std::byte{0x80}, std::byte{0xff}}) {
      std::vector<std::byte> body(good.bytes().begin(), good.bytes().end() - 4);
      body[at] ^= flip;
      Partition target;
      if (!target.restore(with_crc(body).bytes())) continue;
      EXPECT_LE(target.log_start_offset(), target.high_watermark());
      Partition again;
      EXPECT_TRUE(again.restore(target.snapshot().bytes()));
    }
}

TEST(PartitionSnapshotTest, ANewerVersionIsToldFromDamage) {
  const Slice good = Partition().snapshot();
  std::vector<std::byte> body(good.bytes().begin(), good.bytes().end() - 4);
  body[4] = std::byte{2};
  Partition target;
  EXPECT_EQ(target.restore(with_crc(body).bytes()).error(), RestoreError::kNewer);
}

TEST(PartitionSnapshotTest, BytesAreFixed) {
  Replica replica;
  replica.elect(Term(3));
  replica.produce(Batch{.producer = 7, .epoch = 1, .sequence = 5, .count = 2, .timestamp = 9});
  replica.commit();
  const Slice snapshot = replica.partition.snapshot();
  std::string hex;
  for (const std::byte b : snapshot.bytes()) {
    hex += "0123456789abcdef"[static_cast<int>(b) >> 4];
    hex += "0123456789abcdef"[static_cast<int>(b) & 15];
  }
  EXPECT_EQ(hex.substr(0, hex.size() - 8),
            "4b505350"
            "0100"
            "0200000000000000"
            "0300000000000000"
            "0200000000000000"
            "0000000000000000"
            "01000000"
            "0300000000000000"
            "0000000000000000"
            "0000000000000000"
            "01000000"
            "0700000000000000"
            "0000000000000000"
            "0100"
            "01"
            "05000000"
            "06000000"
            "0000000000000000"
            "0100000000000000"
            "0900000000000000");
}

}  // namespace
}  // namespace kontiki::partition
