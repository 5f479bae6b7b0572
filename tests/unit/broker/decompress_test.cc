// Every codec is read back, and no input makes more than the bound or reads beyond itself.

#include "broker/decompress.h"

#include "base/prng.h"

#include <gtest/gtest.h>
#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <lz4frame.h>
#include <string>

namespace kontiki::broker {
namespace {

constexpr std::size_t kMax = 1u << 20;

std::string text_of(std::size_t size) {
  std::string text;
  Prng prng(size);
  while (text.size() < size) text += "word" + std::to_string(prng.below(100)) + ' ';
  text.resize(size);
  return text;
}

std::string compress(Codec codec, const std::string& text) {
  std::string out(text.size() * 2 + 1000, '\0');
  switch (codec) {
    case Codec::kNone:
      return text;
    case Codec::kGzip: {
      z_stream stream{};
      deflateInit2(&stream, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY);
      stream.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
      stream.avail_in = static_cast<uInt>(text.size());
      stream.next_out = reinterpret_cast<Bytef*>(out.data());
      stream.avail_out = static_cast<uInt>(out.size());
      deflate(&stream, Z_FINISH);
      out.resize(stream.total_out);
      deflateEnd(&stream);
      return out;
    }
    case Codec::kSnappy:
      snappy::Compress(text.data(), text.size(), &out);
      return out;
    case Codec::kLz4:
      out.resize(LZ4F_compressFrame(out.data(), out.size(), text.data(), text.size(), nullptr));
      return out;
    case Codec::kZstd:
      out.resize(ZSTD_compress(out.data(), out.size(), text.data(), text.size(), 3));
      return out;
  }
  return {};
}

std::string in_java_blocks(const std::string& text) {
  std::string framed("\x82SNAPPY\0\0\0\0\1\0\0\0\1", 16);
  for (std::size_t at = 0; at < text.size(); at += 10'000) {
    const std::string block = compress(Codec::kSnappy, text.substr(at, 10'000));
    for (int shift = 24; shift >= 0; shift -= 8) framed += static_cast<char>(block.size() >> shift);
    framed += block;
  }
  return framed;
}

constexpr Codec kCodecs[] = {Codec::kNone, Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd};

TEST(Decompress, EveryCodecIsReadBack) {
  for (const Codec codec : kCodecs)
    for (const std::size_t size : {0u, 1u, 1000u, 300'000u}) {
      const std::string text = text_of(size);
      const auto read = decompress(codec, as_bytes(compress(codec, text)), kMax);
      ASSERT_TRUE(read.has_value()) << static_cast<int>(codec) << " " << size;
      EXPECT_EQ(read->text(), text);
    }
  const std::string text = text_of(50'000);
  const auto read = decompress(Codec::kSnappy, as_bytes(in_java_blocks(text)), kMax);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(read->text(), text);
}

TEST(Decompress, NothingGrowsBeyondTheBound) {
  for (const Codec codec : kCodecs) {
    const std::string bomb = compress(codec, std::string(300'000, 'x'));
    EXPECT_FALSE(decompress(codec, as_bytes(bomb), 100'000).has_value()) << static_cast<int>(codec);
    EXPECT_TRUE(decompress(codec, as_bytes(bomb), 400'000).has_value()) << static_cast<int>(codec);
  }
}

TEST(Decompress, DamagedBytesNeitherCrashNorHang) {
  Prng prng(7);
  for (const Codec codec : {Codec::kGzip, Codec::kSnappy, Codec::kLz4, Codec::kZstd}) {
    const std::string whole =
        codec == Codec::kSnappy ? in_java_blocks(text_of(20'000)) : compress(codec, text_of(20'000));
    for (int i = 0; i < 300; ++i) {
      std::string damaged = whole.substr(0, prng.below(whole.size()) + 1);
      damaged[prng.below(damaged.size())] = static_cast<char>(prng.below(256));
      (void)decompress(codec, as_bytes(damaged), kMax);
    }
    EXPECT_FALSE(decompress(codec, as_bytes(whole.substr(0, whole.size() / 2)), kMax).has_value());
  }
}

TEST(Decompress, ALengthThatLiesAllocatesNothing) {
  const std::string lie("\xff\xff\xff\xff\x0f xx", 8);  // snappy: 4 GiB, it says
  EXPECT_FALSE(decompress(Codec::kSnappy, as_bytes(lie), std::size_t{8} << 30).has_value());
}

}  // namespace
}  // namespace kontiki::broker
