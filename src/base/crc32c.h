// CRC-32C (Castagnoli), as Kafka record batches and all of our own formats use it. Backed by ISA-L.
#pragma once

#include "base/slice.h"

#include <cstdint>

namespace kontiki {

// The CRC-32C of `bytes`. To continue over several pieces, pass the CRC of the pieces before as `previous`:
// crc32c(b, crc32c(a)) == crc32c(a followed by b).
std::uint32_t crc32c(Bytes bytes, std::uint32_t previous = 0);

}  // namespace kontiki
