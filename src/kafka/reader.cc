#include "kafka/reader.h"

#include <algorithm>
#include <bit>

namespace kontiki::kafka {

Bytes Reader::raw(std::size_t size) {
  if (size > left()) ok_ = false;
  if (!ok_) return {};
  const Bytes bytes = frame_.bytes().subspan(position_, size);
  position_ += size;
  return bytes;
}

Slice Reader::slice(std::size_t size) {
  const std::size_t from = position_;
  raw(size);
  return ok_ ? frame_.sub(from, size) : Slice();
}

std::uint64_t Reader::big_endian(std::size_t bytes) {
  std::uint64_t v = 0;
  for (const std::byte b : raw(bytes)) v = (v << 8) | static_cast<std::uint8_t>(b);
  return v;
}

double Reader::f64() {
  return std::bit_cast<double>(big_endian(8));
}

Uuid Reader::uuid() {
  Uuid id;
  const Bytes bytes = raw(id.bytes.size());
  std::transform(bytes.begin(), bytes.end(), id.bytes.begin(),
                 [](std::byte b) { return static_cast<std::uint8_t>(b); });
  return id;
}

std::uint32_t Reader::uvarint() {
  std::uint64_t v = 0;
  for (unsigned shift = 0; shift < 35; shift += 7) {
    const auto b = static_cast<std::uint8_t>(i8());
    v |= static_cast<std::uint64_t>(b & 0x7f) << shift;
    if ((b & 0x80) == 0) {
      if (v > UINT32_MAX) fail();
      return ok_ ? static_cast<std::uint32_t>(v) : 0;
    }
  }
  fail();
  return 0;
}

std::size_t Reader::narrow(std::size_t size) {
  const std::size_t before = end_;
  if (size > left()) ok_ = false;
  if (ok_) end_ = position_ + size;
  return before;
}

}  // namespace kontiki::kafka
