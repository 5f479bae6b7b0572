// PagedBytes: the content of a simulated file. Pages that were never written are not stored and read as
// zeros, so a large preallocated file costs little. A plain value.
#pragma once

#include "base/slice.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

namespace kontiki::sim {

class PagedBytes {
 public:
  static constexpr std::size_t kPageBytes = 4096;

  PagedBytes() = default;
  PagedBytes(PagedBytes&&) = default;
  PagedBytes& operator=(PagedBytes&&) = default;
  PagedBytes(const PagedBytes& other) : size_(other.size_), pages_(other.pages_.size()) {
    for (std::size_t i = 0; i < pages_.size(); ++i)
      if (other.pages_[i]) pages_[i] = std::make_unique<Page>(*other.pages_[i]);
  }
  PagedBytes& operator=(const PagedBytes& other) { return *this = PagedBytes(other); }

  std::uint64_t size() const { return size_; }

  void resize(std::uint64_t size) {
    if (size < size_) {
      pages_.resize(pages_needed(size));
      const std::size_t used = size % kPageBytes;  // what is cut off reads as zeros when the file grows again
      if (used != 0 && pages_.back()) std::memset(pages_.back()->bytes + used, 0, kPageBytes - used);
    } else {
      pages_.resize(pages_needed(size));
    }
    size_ = size;
  }

  void write(std::uint64_t at, Bytes bytes) {
    if (bytes.empty()) return;
    if (at + bytes.size() > size_) resize(at + bytes.size());
    while (!bytes.empty()) {
      const std::size_t within = at % kPageBytes;
      const std::size_t n = std::min(bytes.size(), kPageBytes - within);
      auto& page = pages_[at / kPageBytes];
      if (!page) page = std::make_unique<Page>();
      std::memcpy(page->bytes + within, bytes.data(), n);
      at += n;
      bytes = bytes.subspan(n);
    }
  }

  std::size_t read(std::uint64_t at, std::span<std::byte> into) const {
    if (at >= size_) return 0;
    const std::size_t total = static_cast<std::size_t>(std::min<std::uint64_t>(into.size(), size_ - at));
    into = into.first(total);
    while (!into.empty()) {
      const std::size_t within = at % kPageBytes;
      const std::size_t n = std::min(into.size(), kPageBytes - within);
      const auto& page = pages_[at / kPageBytes];
      if (page) {
        std::memcpy(into.data(), page->bytes + within, n);
      } else {
        std::memset(into.data(), 0, n);
      }
      at += n;
      into = into.subspan(n);
    }
    return total;
  }

 private:
  struct Page {
    std::byte bytes[kPageBytes]{};
  };
  static std::size_t pages_needed(std::uint64_t size) {
    return static_cast<std::size_t>((size + kPageBytes - 1) / kPageBytes);
  }
  std::uint64_t size_ = 0;
  std::vector<std::unique_ptr<Page>> pages_;  // Invariant: bytes past size_ are zero
};

}  // namespace kontiki::sim
