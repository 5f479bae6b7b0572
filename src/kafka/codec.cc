#include "kafka/codec.h"

#include "base/check.h"
#include "kafka/codec_define.h"

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

namespace detail {

std::vector<Slice> close_frame(Writer& writer) {
  const std::size_t size = writer.size() - 4;
  CHECK(size <= INT32_MAX, "a frame longer than the protocol allows");
  writer.patch_front(static_cast<std::int32_t>(size));
  return writer.take();
}

}  // namespace detail
}  // namespace kontiki::kafka
