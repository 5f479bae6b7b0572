// Pieces: bytes of a message that lie in several places, and are sent from there without being copied
// together. What is decoded is always one piece.
#pragma once

#include "base/slice.h"

#include <utility>
#include <vector>

namespace kontiki::kafka {

class Pieces {
 public:
  Pieces() = default;
  Pieces(Slice whole) {
    if (!whole.empty()) all_.push_back(std::move(whole));
  }
  explicit Pieces(std::vector<Slice> all) : all_(std::move(all)) {}

  const std::vector<Slice>& all() const { return all_; }
  bool empty() const { return size() == 0; }
  std::size_t size() const {
    std::size_t size = 0;
    for (const Slice& piece : all_) size += piece.size();
    return size;
  }
  Slice whole() const {  // copied together if it is not one piece
    if (all_.size() == 1) return all_.front();
    Buffer whole(size());
    std::size_t at = 0;
    for (const Slice& piece : all_) {
      if (!piece.empty()) std::memcpy(whole.data() + at, piece.data(), piece.size());
      at += piece.size();
    }
    return whole;
  }
  friend bool operator==(const Pieces& a, const Pieces& b) { return a.whole() == b.whole(); }

 private:
  std::vector<Slice> all_;
};

}  // namespace kontiki::kafka
