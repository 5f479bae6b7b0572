// decompress: the records of a compressed batch, for those few places that must look into one. Pure. The
// input is a client's and may lie: the output never grows beyond the bound.
#pragma once

#include "base/slice.h"
#include "model/record_batch.h"

#include <cstddef>
#include <optional>

namespace kontiki::broker {

// None if the bytes are not what the codec makes, or would be more than `bytes_max`. Snappy is read both in
// the framing that Java clients write and as one raw block.
std::optional<Slice> decompress(Codec codec, Bytes bytes, std::size_t bytes_max);

}  // namespace kontiki::broker
