// The frame around every Kafka request and response: an int32 size, then that many bytes. Pure functions.
#pragma once

#include "base/limits.h"
#include "base/result.h"
#include "base/slice.h"

#include <cstdint>

namespace kontiki::kafka {

inline constexpr std::size_t kFrameSizeBytes = 4;

enum class FrameError : std::uint8_t {
  kNegative,  // a size below zero: not the Kafka protocol
  kTooLarge,  // more than allowed
};
const char* to_string(FrameError error);

// The size of the frame that follows its first four bytes. After an error the connection is of no more use.
// Requires: exactly kFrameSizeBytes bytes.
Result<std::size_t, FrameError> frame_size(Bytes size_field,
                                           std::size_t bytes_max = limits::kRequestBytesMax);

}  // namespace kontiki::kafka
