#include "broker/decompress.h"

#include <snappy.h>
#include <zlib.h>
#include <zstd.h>

#include <algorithm>
#include <cstring>
#include <limits>
#include <lz4frame.h>
#include <memory>
#include <string_view>
#include <vector>

namespace kontiki::broker {
namespace {

// Bytes that grow chunk by chunk, so a small input does not allocate the whole bound.
class Output {
 public:
  explicit Output(std::size_t bytes_max) : bytes_max_(bytes_max) {}
  // Room for more; empty when the bound is reached.
  std::span<std::byte> room() {
    if (used_ == bytes_.size()) bytes_.resize(std::min(bytes_max_, std::max(kFirst, bytes_.size() * 2)));
    return std::span(bytes_).subspan(used_);
  }
  void took(std::size_t bytes) { used_ += bytes; }
  bool append(std::size_t bytes, auto&& write) {
    if (bytes > bytes_max_ - used_) return false;
    if (bytes_.size() < used_ + bytes) bytes_.resize(used_ + bytes);
    if (!write(reinterpret_cast<char*>(bytes_.data() + used_))) return false;
    used_ += bytes;
    return true;
  }
  Slice take() { return Slice::copy_of(Bytes(bytes_).first(used_)); }

 private:
  static constexpr std::size_t kFirst = 64u << 10;
  const std::size_t bytes_max_;
  std::vector<std::byte> bytes_;
  std::size_t used_ = 0;
};

std::optional<Slice> gunzip(Bytes bytes, Output output) {
  if (bytes.size() > std::numeric_limits<uInt>::max()) return std::nullopt;
  z_stream stream{};
  if (inflateInit2(&stream, 15 + 32) != Z_OK) return std::nullopt;  // with a gzip or zlib header
  const std::unique_ptr<z_stream, int (*)(z_stream*)> ends(&stream, &inflateEnd);
  stream.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(bytes.data()));
  stream.avail_in = static_cast<uInt>(bytes.size());
  for (;;) {
    const auto room = output.room();
    if (room.empty()) return std::nullopt;
    const auto size = static_cast<uInt>(std::min<std::size_t>(room.size(), 1u << 30));
    stream.next_out = reinterpret_cast<Bytef*>(room.data());
    stream.avail_out = size;
    const int result = inflate(&stream, Z_NO_FLUSH);
    output.took(size - stream.avail_out);
    if (result == Z_STREAM_END) return output.take();
    if (result != Z_OK || (stream.avail_in == 0 && stream.avail_out != 0)) return std::nullopt;
  }
}

std::optional<Slice> unzstd(Bytes bytes, Output output) {
  const std::unique_ptr<ZSTD_DStream, std::size_t (*)(ZSTD_DStream*)> stream(ZSTD_createDStream(),
                                                                             &ZSTD_freeDStream);
  ZSTD_inBuffer in{bytes.data(), bytes.size(), 0};
  for (;;) {
    const auto room = output.room();
    if (room.empty()) return std::nullopt;
    ZSTD_outBuffer out{room.data(), room.size(), 0};
    const std::size_t result = ZSTD_decompressStream(stream.get(), &out, &in);
    if (ZSTD_isError(result) != 0) return std::nullopt;
    output.took(out.pos);
    if (result == 0) return output.take();
    if (in.pos == in.size && out.pos < out.size) return std::nullopt;
  }
}

std::optional<Slice> unlz4(Bytes bytes, Output output) {
  LZ4F_dctx* made = nullptr;
  if (LZ4F_isError(LZ4F_createDecompressionContext(&made, LZ4F_VERSION)) != 0) return std::nullopt;
  const std::unique_ptr<LZ4F_dctx, LZ4F_errorCode_t (*)(LZ4F_dctx*)> context(made,
                                                                             &LZ4F_freeDecompressionContext);
  for (;;) {
    const auto room = output.room();
    if (room.empty()) return std::nullopt;
    std::size_t written = room.size();
    std::size_t read = bytes.size();
    const std::size_t result =
        LZ4F_decompress(context.get(), room.data(), &written, bytes.data(), &read, nullptr);
    if (LZ4F_isError(result) != 0) return std::nullopt;
    output.took(written);
    bytes = bytes.subspan(read);
    if (result == 0) return output.take();
    if (bytes.empty() && written < room.size()) return std::nullopt;
  }
}

bool unsnap_block(Bytes block, Output& output) {
  const auto* data = reinterpret_cast<const char*>(block.data());
  std::size_t size = 0;
  if (!snappy::GetUncompressedLength(data, block.size(), &size)) return false;
  // The length is the client's word, and snappy cannot shrink more than about 22 to 1.
  if (size / 64 > block.size()) return false;
  return output.append(size, [&](char* to) { return snappy::RawUncompress(data, block.size(), to); });
}

std::optional<Slice> unsnap(Bytes bytes, Output output) {
  // Java's framing: 8 bytes of magic, two versions of four bytes, then blocks, each after its i32 length.
  static constexpr std::string_view kMagic("\x82SNAPPY\0", 8);
  constexpr std::size_t kHeaderBytes = 16;
  if (bytes.size() < kHeaderBytes || as_text(bytes.first(kMagic.size())) != kMagic) {
    if (!unsnap_block(bytes, output)) return std::nullopt;
    return output.take();
  }
  bytes = bytes.subspan(kHeaderBytes);
  while (!bytes.empty()) {
    if (bytes.size() < 4) return std::nullopt;
    std::uint32_t size = 0;
    for (const std::byte b : bytes.first(4)) size = (size << 8) | static_cast<std::uint8_t>(b);
    bytes = bytes.subspan(4);
    if (size > bytes.size() || !unsnap_block(bytes.first(size), output)) return std::nullopt;
    bytes = bytes.subspan(size);
  }
  return output.take();
}

}  // namespace

std::optional<Slice> decompress(Codec codec, Bytes bytes, std::size_t bytes_max) {
  switch (codec) {
    case Codec::kNone:
      if (bytes.size() > bytes_max) return std::nullopt;
      return Slice::copy_of(bytes);
    case Codec::kGzip:
      return gunzip(bytes, Output(bytes_max));
    case Codec::kSnappy:
      return unsnap(bytes, Output(bytes_max));
    case Codec::kLz4:
      return unlz4(bytes, Output(bytes_max));
    case Codec::kZstd:
      return unzstd(bytes, Output(bytes_max));
  }
  return std::nullopt;
}

}  // namespace kontiki::broker
