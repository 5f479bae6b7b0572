// The CRC is the one of the Kafka protocol and of our files, whole or in pieces.
#include "base/crc32c.h"

#include <gtest/gtest.h>

#include <string>

namespace kontiki {
namespace {

TEST(Crc32c, MatchesThePublishedVectors) {
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xE3069283u);  // the check value of CRC-32C
  // RFC 3720, appendix B.4.
  EXPECT_EQ(crc32c(as_bytes(std::string(32, '\0'))), 0x8A9136AAu);
  EXPECT_EQ(crc32c(as_bytes(std::string(32, '\xff'))), 0x62A8AB43u);
  std::string up, down;
  for (int i = 0; i < 32; ++i) up += static_cast<char>(i), down += static_cast<char>(31 - i);
  EXPECT_EQ(crc32c(as_bytes(up)), 0x46DD794Eu);
  EXPECT_EQ(crc32c(as_bytes(down)), 0x113FDB5Cu);
  EXPECT_EQ(crc32c({}), 0u);
}

TEST(Crc32c, PiecesGiveTheSameAsTheWhole) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += static_cast<char>(i * 7);
  const Bytes all = as_bytes(text);
  for (std::size_t cut = 0; cut <= all.size(); ++cut)
    ASSERT_EQ(crc32c(all.subspan(cut), crc32c(all.first(cut))), crc32c(all)) << cut;
}

}  // namespace
}  // namespace kontiki
