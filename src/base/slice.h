// Slice: a reference-counted view of bytes, immutable but for writable(). Copying a Slice shares the bytes;
// the buffer lives as long as any Slice of it. Record bytes travel as Slices from the socket to disk, peers,
// cache and fetch without a copy. Thread-safe in the way of shared_ptr: distinct Slices of one buffer may be
// used on distinct shards.
#pragma once

#include "base/check.h"

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace kontiki {

using Bytes = std::span<const std::byte>;

inline Bytes as_bytes(std::string_view text) {
  return std::as_bytes(std::span(text.data(), text.size()));
}
inline std::string_view as_text(Bytes bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

// Writable bytes of a fixed size; becomes Slices without a copy.
class Buffer {
 public:
  Buffer() = default;
  explicit Buffer(std::size_t size)
      : bytes_(size == 0 ? nullptr : std::make_shared_for_overwrite<std::byte[]>(size)), size_(size) {}

  std::byte* data() { return bytes_.get(); }
  const std::byte* data() const { return bytes_.get(); }
  std::size_t size() const { return size_; }
  std::span<std::byte> span() { return {bytes_.get(), size_}; }
  const std::shared_ptr<std::byte[]>& owner() const { return bytes_; }

 private:
  std::shared_ptr<std::byte[]> bytes_;
  std::size_t size_ = 0;
};

class Slice {
 public:
  Slice() = default;
  // Shares the whole buffer.
  Slice(const Buffer& buffer) : owner_(buffer.owner()), data_(buffer.data()), size_(buffer.size()) {}
  // Shares part of the buffer: [offset, offset + size).
  Slice(const Buffer& buffer, std::size_t offset, std::size_t size)
      : Slice(Slice(buffer).sub(offset, size)) {}

  // Copies the bytes into a buffer of its own.
  static Slice copy_of(Bytes bytes) {
    Buffer buffer(bytes.size());
    if (!bytes.empty()) std::memcpy(buffer.data(), bytes.data(), bytes.size());
    return Slice(buffer);
  }
  static Slice copy_of(std::string_view text) { return copy_of(as_bytes(text)); }

  const std::byte* data() const { return data_; }
  std::size_t size() const { return size_; }
  bool empty() const { return size_ == 0; }
  Bytes bytes() const { return {data_, size_}; }
  std::string_view text() const { return as_text(bytes()); }

  // The part [offset, offset + size) sharing the same bytes. Out of range is a programmer's error.
  Slice sub(std::size_t offset, std::size_t size) const {
    CHECK(offset <= size_ && size <= size_ - offset, "slice out of range");
    Slice part;
    part.owner_ = owner_;
    part.data_ = data_ + offset;
    part.size_ = size;
    return part;
  }
  Slice sub(std::size_t offset) const { return sub(offset, size_ - offset); }

  // The same bytes, to be changed: for who knows that nobody else looks at this part of the buffer.
  std::span<std::byte> writable() const { return {const_cast<std::byte*>(data_), size_}; }

  friend bool operator==(const Slice& a, const Slice& b) {
    return a.size_ == b.size_ && (a.size_ == 0 || std::memcmp(a.data_, b.data_, a.size_) == 0);
  }

 private:
  std::shared_ptr<std::byte[]> owner_;
  const std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace kontiki
