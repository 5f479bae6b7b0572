#include "base/crc32c.h"

#include <isa-l/crc.h>

#include <algorithm>

namespace kontiki {

std::uint32_t crc32c(Bytes bytes, std::uint32_t previous) {
  if (bytes.empty()) return previous;
  // ISA-L takes int lengths and a non-const pointer that it does not write through; feed it in pieces that
  // fit.
  std::uint32_t state = ~previous;
  constexpr std::size_t kPiece = std::size_t{1} << 30;
  for (std::size_t at = 0; at < bytes.size(); at += kPiece) {
    const Bytes piece = bytes.subspan(at, std::min(kPiece, bytes.size() - at));
    auto* data = const_cast<unsigned char*>(reinterpret_cast<const unsigned char*>(piece.data()));
    state = crc32_iscsi(data, static_cast<int>(piece.size()), state);
  }
  return ~state;
}

}  // namespace kontiki
