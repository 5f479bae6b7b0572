#include "kafka/writer.h"

#include "base/check.h"

#include <array>
#include <bit>

namespace kontiki::kafka {
namespace {

constexpr std::size_t kSharedBytesMin = 1024;

struct Uvarint {
  std::array<std::byte, 5> bytes;
  std::size_t size = 0;

  explicit Uvarint(std::uint32_t v) {
    for (; v >= 0x80; v >>= 7) bytes[size++] = static_cast<std::byte>(v | 0x80);
    bytes[size++] = static_cast<std::byte>(v);
  }
};

}  // namespace

void Writer::big_endian(std::uint64_t v, int bytes) {
  std::array<std::byte, 8> image;
  for (int i = 0; i < bytes; ++i) image[i] = static_cast<std::byte>(v >> (8 * (bytes - 1 - i)));
  raw(Bytes(image.data(), bytes));
}

void Writer::i8(std::int8_t v) {
  out_.push_back(static_cast<std::byte>(v));
}
void Writer::i16(std::int16_t v) {
  big_endian(static_cast<std::uint16_t>(v), 2);
}
void Writer::i32(std::int32_t v) {
  big_endian(static_cast<std::uint32_t>(v), 4);
}
void Writer::i64(std::int64_t v) {
  big_endian(static_cast<std::uint64_t>(v), 8);
}
void Writer::f64(double v) {
  big_endian(std::bit_cast<std::uint64_t>(v), 8);
}
void Writer::uuid(const Uuid& v) {
  raw(std::as_bytes(std::span(v.bytes)));
}
void Writer::raw(Bytes bytes) {
  out_.insert(out_.end(), bytes.begin(), bytes.end());
}

void Writer::uvarint(std::uint32_t v) {
  const Uvarint image(v);
  raw(Bytes(image.bytes.data(), image.size));
}

void Writer::slice(const Slice& bytes) {
  if (bytes.size() < kSharedBytesMin) return raw(bytes.bytes());
  shared_.push_back({out_.size(), bytes});
  shared_bytes_ += bytes.size();
}

void Writer::insert_size(std::size_t from) {
  const std::size_t at = from - shared_bytes_;
  CHECK(at <= out_.size() && (shared_.empty() || shared_.back().at <= at),
        "bytes were shared behind the mark");
  const Uvarint image(static_cast<std::uint32_t>(out_.size() - at));
  out_.insert(out_.begin() + static_cast<std::ptrdiff_t>(at), image.bytes.begin(),
              image.bytes.begin() + image.size);
}

void Writer::patch_front(std::int32_t v) {
  CHECK(out_.size() >= 4 && (shared_.empty() || shared_.front().at >= 4));
  for (int i = 0; i < 4; ++i)
    out_[i] = static_cast<std::byte>(static_cast<std::uint32_t>(v) >> (8 * (3 - i)));
}

std::vector<Slice> Writer::take() {
  const Slice own = Slice::copy_of(Bytes(out_));
  std::vector<Slice> pieces;
  pieces.reserve(2 * shared_.size() + 1);
  std::size_t done = 0;
  for (auto& shared : shared_) {
    if (shared.at > done) pieces.push_back(own.sub(done, shared.at - done));
    done = shared.at;
    pieces.push_back(std::move(shared.bytes));
  }
  if (own.size() > done) pieces.push_back(own.sub(done));
  *this = Writer();
  return pieces;
}

}  // namespace kontiki::kafka
