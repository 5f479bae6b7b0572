#include "kafka/pieces.h"

#include <cstring>

namespace kontiki::kafka {

std::size_t total_bytes(const std::vector<Slice>& pieces) {
  std::size_t total = 0;
  for (const auto& piece : pieces) total += piece.size();
  return total;
}

Slice join(const std::vector<Slice>& pieces) {
  if (pieces.size() == 1) return pieces.front();
  Buffer whole(total_bytes(pieces));
  std::size_t at = 0;
  for (const auto& piece : pieces) {
    if (!piece.empty()) std::memcpy(whole.data() + at, piece.data(), piece.size());
    at += piece.size();
  }
  return Slice(whole);
}

}  // namespace kontiki::kafka
