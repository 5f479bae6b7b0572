// Pieces: bytes of a message that lie in several places, and are sent from there without being copied
// together. What is decoded is always one piece.
#pragma once

#include "base/slice.h"

#include <cstddef>
#include <utility>
#include <vector>

namespace kontiki::kafka {

std::size_t total_bytes(const std::vector<Slice>& pieces);
Slice join(const std::vector<Slice>& pieces);  // copies if there are several

class Pieces {
 public:
  Pieces() = default;
  Pieces(Slice whole) {
    if (!whole.empty()) all_.push_back(std::move(whole));
  }
  explicit Pieces(std::vector<Slice> all) : all_(std::move(all)) {}

  const std::vector<Slice>& all() const { return all_; }
  bool empty() const { return size() == 0; }
  std::size_t size() const { return total_bytes(all_); }
  Slice whole() const { return join(all_); }
  friend bool operator==(const Pieces& a, const Pieces& b) { return a.whole() == b.whole(); }

 private:
  std::vector<Slice> all_;
};

}  // namespace kontiki::kafka
