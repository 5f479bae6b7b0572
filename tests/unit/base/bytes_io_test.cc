// What was written reads back; what was not written by us never makes the reader over-read, crash or
// allocate.
#include "base/bytes_io.h"

#include "base/prng.h"

#include <gtest/gtest.h>

#include <limits>

namespace kontiki {
namespace {

TEST(BytesIo, FieldsReadBackAndStandInLittleEndianOrder) {
  Uuid id;
  id.bytes[3] = 9;
  ByteWriter out;
  out.fixed(std::uint8_t{0x01});
  out.fixed(std::int16_t{-2});
  out.fixed(std::uint32_t{0x11223344});
  out.fixed(std::numeric_limits<std::int64_t>::min());
  out.uuid(id);
  out.text("kontiki");
  out.sized({});
  const Slice bytes = out.take();
  EXPECT_EQ(out.size(), 0u);
  EXPECT_EQ(bytes.text().substr(3, 4), "\x44\x33\x22\x11");

  ByteReader in(bytes.bytes());
  EXPECT_EQ(in.fixed<std::uint8_t>(), 1);
  EXPECT_EQ(in.fixed<std::int16_t>(), -2);
  EXPECT_EQ(in.fixed<std::uint32_t>(), 0x11223344u);
  EXPECT_EQ(in.fixed<std::int64_t>(), std::numeric_limits<std::int64_t>::min());
  EXPECT_EQ(in.uuid(), id);
  EXPECT_EQ(in.text(), "kontiki");
  EXPECT_FALSE(in.at_end());
  EXPECT_TRUE(in.sized().empty());
  EXPECT_TRUE(in.at_end());
}

TEST(BytesIo, AfterTheFirstShortReadEverythingIsZeroAndNothingIsConsumed) {
  ByteWriter out;
  out.fixed(std::uint32_t{7});
  ByteReader in(out.bytes());
  EXPECT_EQ(in.fixed<std::uint64_t>(), 0u);
  EXPECT_FALSE(in.ok());
  EXPECT_EQ(in.fixed<std::uint8_t>(), 0u) << "although a byte is there";
  EXPECT_EQ(in.text(), "");
  EXPECT_TRUE(in.uuid().is_zero());
  EXPECT_EQ(in.count(1), 0u);
  EXPECT_FALSE(in.at_end());
}

TEST(BytesIo, ALyingLengthIsRefused) {
  for (std::uint32_t lie : {5u, 6u, 0x7fffffffu, 0xffffffffu}) {
    ByteWriter out;
    out.fixed(lie);
    out.raw(as_bytes("four"));
    ByteReader in(out.bytes());
    EXPECT_TRUE(in.sized().empty()) << lie;
    EXPECT_FALSE(in.ok()) << lie;
  }
}

TEST(BytesIo, ACountThatCannotFitIsRefusedAndOneThatFitsIsNot) {
  const auto read_count = [](std::uint32_t n, std::size_t element_bytes_min) {
    ByteWriter out;
    out.fixed(n);
    out.raw(as_bytes("12345678"));
    ByteReader in(out.bytes());
    const std::size_t count = in.count(element_bytes_min);
    return in.ok() ? static_cast<long>(count) : -1;
  };
  EXPECT_EQ(read_count(8, 1), 8);
  EXPECT_EQ(read_count(9, 1), -1);
  EXPECT_EQ(read_count(2, 4), 2);
  EXPECT_EQ(read_count(3, 4), -1);
  EXPECT_EQ(read_count(0xffffffffu, 8), -1);
  EXPECT_EQ(read_count(0, 100), 0);
}

TEST(BytesIo, RandomBytesNeverReadPastTheEnd) {
  Prng prng(3);
  for (int round = 0; round < 20'000; ++round) {
    std::vector<std::byte> bytes(prng.below(40));  // the sanitizers see a read beyond this
    for (auto& b : bytes) b = static_cast<std::byte>(prng.below(4) == 0 ? prng.next() : prng.below(8));
    ByteReader in(bytes);
    for (int field = 0; field < 6; ++field) {
      switch (prng.below(5)) {
        case 0:
          in.fixed<std::uint64_t>();
          break;
        case 1:
          EXPECT_LE(in.sized().size(), bytes.size());
          break;
        case 2:
          EXPECT_LE(in.text().size(), bytes.size());
          break;
        case 3:
          EXPECT_LE(in.count(1), bytes.size());
          break;
        default:
          in.uuid();
          break;
      }
      EXPECT_LE(in.left(), bytes.size());
    }
  }
}

}  // namespace
}  // namespace kontiki
