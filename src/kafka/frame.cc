#include "kafka/frame.h"

#include "base/check.h"

namespace kontiki::kafka {

const char* to_string(FrameError error) {
  switch (error) {
    case FrameError::kNegative:
      return "negative frame size";
    case FrameError::kTooLarge:
      return "frame larger than the limit";
  }
  return "unknown frame error";
}

Result<std::size_t, FrameError> frame_size(Bytes size_field, std::size_t bytes_max) {
  CHECK(size_field.size() == kFrameSizeBytes);
  std::uint32_t size = 0;
  for (const std::byte b : size_field) size = (size << 8) | static_cast<std::uint8_t>(b);
  if (size > INT32_MAX) return unexpected(FrameError::kNegative);
  if (size > bytes_max) return unexpected(FrameError::kTooLarge);
  return size;
}

}  // namespace kontiki::kafka
