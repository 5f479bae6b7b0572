// ByteWriter and ByteReader: little-endian fields of our own formats (files, peer frames, snapshots). The
// Kafka protocol has its own big-endian codec in kafka/. The reader takes hostile bytes: it never reads past
// the end, and after the first short read every further read yields zero and ok() is false.
#pragma once

#include "base/slice.h"
#include "base/uuid.h"

#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace kontiki {

class ByteWriter {
 public:
  template <typename T>
    requires std::is_integral_v<T>
  void fixed(T v) {
    raw(std::as_bytes(std::span(&v, 1)));  // this code runs on little-endian machines only
  }
  void raw(Bytes bytes) { out_.insert(out_.end(), bytes.begin(), bytes.end()); }
  void uuid(const Uuid& id) { raw(std::as_bytes(std::span(id.bytes))); }
  // u32 length, then the bytes.
  void sized(Bytes bytes) {
    fixed(static_cast<std::uint32_t>(bytes.size()));
    raw(bytes);
  }
  void text(std::string_view s) { sized(as_bytes(s)); }

  std::size_t size() const { return out_.size(); }
  Bytes bytes() const { return out_; }
  std::byte* data() { return out_.data(); }  // to patch a length or CRC written earlier
  Slice take() {
    Slice s = Slice::copy_of(Bytes(out_));
    out_.clear();
    return s;
  }

 private:
  std::vector<std::byte> out_;
};

class ByteReader {
 public:
  explicit ByteReader(Bytes bytes) : rest_(bytes) {}

  template <typename T>
    requires std::is_integral_v<T>
  T fixed() {
    T v{};
    const Bytes b = raw(sizeof(T));
    if (b.size() == sizeof(T)) std::memcpy(&v, b.data(), sizeof(T));
    return v;
  }
  // The next n bytes, or none if fewer are left.
  Bytes raw(std::size_t n) {
    if (!ok_ || n > rest_.size()) {
      ok_ = false;
      return {};
    }
    const Bytes b = rest_.first(n);
    rest_ = rest_.subspan(n);
    return b;
  }
  Uuid uuid() {
    Uuid id;
    const Bytes b = raw(16);
    if (b.size() == 16) std::memcpy(id.bytes.data(), b.data(), 16);
    return id;
  }
  Bytes sized() { return raw(fixed<std::uint32_t>()); }
  std::string text() { return std::string(as_text(sized())); }
  // An element count of a list whose elements take at least `element_bytes_min` each: a count that cannot fit
  // in the rest fails here, before anything is allocated.
  std::size_t count(std::size_t element_bytes_min) {
    const auto n = fixed<std::uint32_t>();
    if (element_bytes_min != 0 && n > rest_.size() / element_bytes_min) ok_ = false;
    return ok_ ? n : 0;
  }

  bool ok() const { return ok_; }
  bool at_end() const { return ok_ && rest_.empty(); }
  std::size_t left() const { return rest_.size(); }

 private:
  Bytes rest_;
  bool ok_ = true;
};

}  // namespace kontiki
