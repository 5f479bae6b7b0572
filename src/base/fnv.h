// FNV-1a, 64 bits: a hash for tables and for names that are compared, not against forgers and not for damage
// (crc32c.h). http://www.isthe.com/chongo/tech/comp/fnv/
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace kontiki {

inline std::uint64_t fnv1a(std::span<const std::byte> bytes, std::uint64_t so_far = 0xcbf29ce484222325) {
  for (const std::byte byte : bytes) so_far = (so_far ^ static_cast<std::uint8_t>(byte)) * 0x100000001b3;
  return so_far;
}

}  // namespace kontiki
