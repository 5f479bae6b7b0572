// Reader: the big-endian primitives of the Kafka protocol, read from hostile bytes. It never reads past its
// end; after the first fault ok() is false for good and every further read yields zero or empty. Slices that
// it gives out share the frame. Owned by the decoder on the stack of one call.
#pragma once

#include "base/slice.h"
#include "base/uuid.h"

#include <cstddef>
#include <cstdint>

namespace kontiki::kafka {

class Reader {
 public:
  explicit Reader(const Slice& frame) : frame_(frame), end_(frame.size()) {}

  std::int8_t i8() { return static_cast<std::int8_t>(big_endian(1)); }
  std::int16_t i16() { return static_cast<std::int16_t>(big_endian(2)); }
  std::int32_t i32() { return static_cast<std::int32_t>(big_endian(4)); }
  std::int64_t i64() { return static_cast<std::int64_t>(big_endian(8)); }
  double f64();
  Uuid uuid();
  std::uint32_t uvarint();  // at most five bytes that fit 32 bits
  Bytes raw(std::size_t size);
  Slice slice(std::size_t size);

  bool ok() const { return ok_; }
  void fail() { ok_ = false; }
  std::size_t left() const { return ok_ ? end_ - position_ : 0; }
  Slice rest() { return slice(left()); }

  // Makes the next `size` bytes the end for a while; returns the end to give back to widen().
  std::size_t narrow(std::size_t size);
  void widen(std::size_t end) { end_ = end; }

 private:
  std::uint64_t big_endian(std::size_t bytes);

  Slice frame_;
  std::size_t position_ = 0;
  std::size_t end_ = 0;
  bool ok_ = true;
};

}  // namespace kontiki::kafka
