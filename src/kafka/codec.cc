#include "kafka/codec.h"

#include "base/check.h"
#include "kafka/codec_define.h"

namespace kontiki::kafka {

namespace detail {

std::vector<Slice> close_frame(Writer& writer) {
  const std::size_t size = writer.size() - 4;
  CHECK(size <= INT32_MAX, "a frame longer than the protocol allows");
  writer.patch_front(static_cast<std::int32_t>(size));
  return writer.take();
}

}  // namespace detail
}  // namespace kontiki::kafka
