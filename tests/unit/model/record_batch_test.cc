// Record batches are judged at the door: what is whole passes with every field right, and no damage gets by
// or crashes. The reference batch is spelt out here byte by byte and not built by the code under test.
#include "model/record_batch.h"

#include "base/crc32c.h"
#include "base/prng.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace kontiki {
namespace {

using Raw = std::vector<std::byte>;

void put(Raw& out, std::initializer_list<int> bytes) {
  for (int b : bytes) out.push_back(static_cast<std::byte>(b));
}

// Writes the CRC, computed bit by bit, so that it does not rest on the library either.
void seal(Raw& batch) {
  std::uint32_t crc = ~0u;
  for (std::size_t i = 21; i < batch.size(); ++i) {
    crc ^= static_cast<std::uint32_t>(batch[i]);
    for (int bit = 0; bit < 8; ++bit) crc = crc >> 1 ^ (crc & 1 ? 0x82F63B78u : 0u);
  }
  crc = ~crc;
  for (std::size_t i = 0; i < 4; ++i) batch[17 + i] = static_cast<std::byte>(crc >> (24 - 8 * i));
}

Raw reference() {
  Raw b;
  put(b, {0, 0, 0, 0, 0, 0, 0, 5});                // base offset 5
  put(b, {0, 0, 0, 75});                           // batch length: 49 bytes of header and 26 of records
  put(b, {0, 0, 0, 3});                            // leader epoch 3
  put(b, {2});                                     // magic
  put(b, {0, 0, 0, 0});                            // CRC, sealed below
  put(b, {0, 16});                                 // attributes: transactional, no compression
  put(b, {0, 0, 0, 1});                            // last offset delta
  put(b, {0, 0, 1, 0x8B, 0xCF, 0xE5, 0x68, 0});    // base timestamp
  put(b, {0, 0, 1, 0x8B, 0xCF, 0xE5, 0x68, 100});  // max timestamp
  put(b, {0, 0, 0, 0, 0, 0, 3, 0xE8});             // producer id 1000
  put(b, {0, 7});                                  // producer epoch
  put(b, {0, 0, 0, 42});                           // base sequence
  put(b, {0, 0, 0, 2});                            // two records
  put(b, {14 << 1, 0, 0, 0, 2, 'k', 4, 'v', '1', 2, 2, 'h', 4, 'x', 'y'});  // key, value, one header
  put(b, {10 << 1, 0, 0xC8, 0x01, 2, 1, 6, 'v', '2', '!', 0});  // timestamp +100, null key, no headers
  seal(b);
  return b;
}

BatchError error_of(const Raw& bytes) {
  const auto batch = RecordBatchView::validate(bytes);
  EXPECT_FALSE(batch);
  return batch ? BatchError{} : batch.error();
}

TEST(RecordBatch, EveryFieldOfTheReferenceIsReadRight) {
  const Raw bytes = reference();
  ASSERT_EQ(bytes.size(), 87u);
  const auto batch = RecordBatchView::validate(bytes);
  ASSERT_TRUE(batch) << static_cast<int>(batch.error());
  EXPECT_EQ(batch->size(), bytes.size());
  EXPECT_EQ(batch->base_offset(), Offset(5));
  EXPECT_EQ(batch->leader_epoch(), 3);
  EXPECT_EQ(batch->codec(), Codec::kNone);
  EXPECT_TRUE(batch->is_transactional());
  EXPECT_FALSE(batch->is_control());
  EXPECT_FALSE(batch->is_log_append_time());
  EXPECT_EQ(batch->last_offset_delta(), 1);
  EXPECT_EQ(batch->base_timestamp(), 0x018BCFE56800);
  EXPECT_EQ(batch->max_timestamp(), 0x018BCFE56864);
  EXPECT_EQ(batch->producer_id(), ProducerId(1000));
  EXPECT_EQ(batch->producer_epoch(), 7);
  EXPECT_EQ(batch->base_sequence(), 42);
  EXPECT_EQ(batch->record_count(), 2);

  std::vector<RecordBatchView::Record> records;
  EXPECT_TRUE(batch->for_each([&](const auto& record) {
    records.push_back(record);
    return true;
  }));
  ASSERT_EQ(records.size(), 2u);
  EXPECT_EQ(as_text(*records[0].key), "k");
  EXPECT_EQ(as_text(*records[0].value), "v1");
  EXPECT_EQ(records[1].key, std::nullopt);
  EXPECT_EQ(as_text(*records[1].value), "v2!");
  EXPECT_EQ(records[1].timestamp, 0x018BCFE56864);
  EXPECT_EQ(records[1].offset_delta, 1);
}

TEST(RecordBatch, EveryTruncationIsRefused) {
  const Raw bytes = reference();
  for (std::size_t size = 0; size < bytes.size(); ++size)
    ASSERT_EQ(error_of(Raw(bytes.begin(), bytes.begin() + static_cast<long>(size))), BatchError::kTooShort)
        << size;
}

TEST(RecordBatch, EveryBitFlipUnderTheCrcIsRefusedAndNoneCrashes) {
  const Raw bytes = reference();
  for (std::size_t at = 0; at < bytes.size(); ++at) {
    for (int bit = 0; bit < 8; ++bit) {
      Raw damaged = bytes;
      damaged[at] ^= static_cast<std::byte>(1 << bit);
      // The CRC leaves out the base offset and the leader epoch, because the broker stamps them.
      const bool stamped = at < 8 || (at >= 12 && at < 16);
      ASSERT_EQ(RecordBatchView::validate(damaged).has_value(), stamped) << "byte " << at << " bit " << bit;
    }
  }
}

TEST(RecordBatch, DamageWithARightCrcNeverCrashesAndKeepsItsPromises) {
  Prng prng(5);
  const Raw bytes = reference();
  for (int round = 0; round < 50'000; ++round) {
    Raw damaged = bytes;
    for (std::uint64_t n = 1 + prng.below(3); n > 0; --n)
      damaged[21 + prng.below(damaged.size() - 21)] = static_cast<std::byte>(prng.next());
    seal(damaged);
    const auto batch = RecordBatchView::validate(damaged);
    if (!batch) continue;
    ASSERT_GE(batch->record_count(), 1);
    ASSERT_EQ(batch->last_offset_delta(), batch->record_count() - 1);
  }
}

TEST(RecordBatch, ATimestampBeyondTheRangeWrapsAndAVarintBeyond32BitsIsRefused) {
  Raw bytes = reference();
  bytes[27] = std::byte{0x7f};
  for (std::size_t at = 28; at < 35; ++at) bytes[at] = std::byte{0xff};
  seal(bytes);
  EXPECT_TRUE(RecordBatchView::validate(bytes)) << "the largest base timestamp and a record 100 ms later";

  bytes = reference();
  bytes.resize(61);
  bytes[11] = std::byte{49 + 11};
  bytes[26] = std::byte{0};
  bytes[60] = std::byte{1};
  put(bytes, {10 << 1, 0, 0, 0x80, 0x80, 0x80, 0x80, 0x20, 1, 1,
              0});  // an offset delta of 2^32, 0 when cut to 32 bits
  seal(bytes);
  EXPECT_EQ(error_of(bytes), BatchError::kBadRecords);
}

TEST(RecordBatch, EachFaultHasItsName) {
  const auto changed = [](std::size_t at, int value) {
    Raw bytes = reference();
    bytes[at] = static_cast<std::byte>(value);
    seal(bytes);
    return error_of(bytes);
  };
  Raw trailing = reference();
  trailing.push_back(std::byte{0});
  EXPECT_EQ(error_of(trailing), BatchError::kTrailing);
  EXPECT_EQ(changed(16, 1), BatchError::kBadMagic);
  EXPECT_EQ(changed(22, 5), BatchError::kBadCodec);
  EXPECT_EQ(changed(26, 2), BatchError::kBadCount);       // last offset delta against two records
  EXPECT_EQ(changed(8, 0x80), BatchError::kTooShort);     // a negative length
  EXPECT_EQ(changed(61, 0x7e), BatchError::kBadRecords);  // a record longer than the batch
  EXPECT_EQ(changed(64, 4), BatchError::kBadRecords);     // offset deltas that do not count up
  EXPECT_EQ(changed(65, 3), BatchError::kBadRecords);     // a key of length -2
  Raw none = reference();
  for (std::size_t at : {26u, 60u}) none[at] = std::byte{0};
  none[23] = none[24] = none[25] = std::byte{0xff};
  none[26] = std::byte{0xff};
  seal(none);
  EXPECT_EQ(error_of(none), BatchError::kBadCount);
}

TEST(RecordBatch, ParseTakesTheFirstOfSeveral) {
  Raw two = reference();
  const Raw second = reference();
  two.insert(two.end(), second.begin(), second.end());
  const auto first = RecordBatchView::parse(two);
  ASSERT_TRUE(first);
  EXPECT_EQ(first->size(), second.size());
}

TEST(RecordBatch, StampingKeepsTheCrcRight) {
  Raw bytes = reference();
  stamp(bytes, Offset(0x0102030405060708), 0x11121314);
  auto batch = RecordBatchView::validate(bytes);
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->base_offset(), Offset(0x0102030405060708));
  EXPECT_EQ(batch->leader_epoch(), 0x11121314);

  stamp_log_append_time(bytes, 1'700'000'000'123);
  batch = RecordBatchView::validate(bytes);
  ASSERT_TRUE(batch);
  EXPECT_TRUE(batch->is_log_append_time());
  EXPECT_TRUE(batch->is_transactional());
  EXPECT_EQ(batch->max_timestamp(), 1'700'000'000'123);
}

TEST(RecordBatch, WhatWeBuildPassesTheDoor) {
  const RecordToBuild records[] = {
      {"key", "value", 1000}, {std::nullopt, std::nullopt, 400}, {"", std::string(300, 'x'), 2000}};
  const Slice built = build_batch(records, {ProducerId(9), 2, 77});
  const auto batch = RecordBatchView::validate(built.bytes());
  ASSERT_TRUE(batch);
  EXPECT_EQ(batch->record_count(), 3);
  EXPECT_EQ(batch->max_timestamp(), 2000);
  EXPECT_EQ(batch->producer_id(), ProducerId(9));
  EXPECT_EQ(batch->producer_epoch(), 2);
  EXPECT_EQ(batch->base_sequence(), 77);
  std::size_t i = 0;
  EXPECT_TRUE(batch->for_each([&](const auto& record) {
    EXPECT_EQ(record.key.has_value(), records[i].key.has_value());
    EXPECT_EQ(record.timestamp, records[i].timestamp_ms);
    EXPECT_EQ(as_text(record.value.value_or(Bytes())), records[i].value.value_or(""));
    ++i;
    return true;
  }));
}

TEST(LeaderEpoch, IsTheTermAndSaturates) {
  EXPECT_EQ(leader_epoch_of(Term(5)), 5);
  EXPECT_EQ(leader_epoch_of(Term(0x7fffffff)), 0x7fffffff);
  EXPECT_EQ(leader_epoch_of(Term(0x80000000)), 0x7fffffff);
  EXPECT_EQ(leader_epoch_of(Term(UINT64_MAX)), 0x7fffffff);
}

}  // namespace
}  // namespace kontiki
