#include "kafka/encoder.h"

#include "base/check.h"

#include <algorithm>
#include <limits>
#include <utility>

namespace kontiki::kafka {

Encoder::State Encoder::enter() {
  return {std::exchange(pass_, Pass::kPlain), std::exchange(tags_, 0)};
}

void Encoder::leave(State state) {
  pass_ = state.pass;
  tags_ = state.tags;
}

void Encoder::put(const std::string& v) {
  // The protocol has no longer strings. Only texts for people (an error message that quotes a request) get so
  // long, so the cut end is no loss, and refusing would let a request choose to break its own response.
  const std::size_t size = std::min<std::size_t>(v.size(), std::numeric_limits<std::int16_t>::max());
  if (version_.flexible) {
    writer_.uvarint(static_cast<std::uint32_t>(size) + 1);
  } else {
    writer_.i16(static_cast<std::int16_t>(size));
  }
  writer_.raw(as_bytes(std::string_view(v).substr(0, size)));
}

void Encoder::put(const std::optional<std::string>& v) {
  if (v) return put(*v);
  if (!null_allowed_) return put(std::string());
  if (version_.flexible) {
    writer_.uvarint(0);
  } else {
    writer_.i16(-1);
  }
}

void Encoder::put(const Slice& v) {
  put_length(v.size());
  writer_.slice(v);
}

void Encoder::put(const Pieces& v) {
  put_length(v.size());
  for (const Slice& piece : v.all()) writer_.slice(piece);
}

void Encoder::put(const std::optional<Slice>& v) {
  if (v) return put(*v);
  null_allowed_ ? put_null_length() : put_length(0);
}

void Encoder::put(const std::optional<Pieces>& v) {
  if (v) return put(*v);
  null_allowed_ ? put_null_length() : put_length(0);
}

void Encoder::put_length(std::size_t size) {
  CHECK(size < static_cast<std::size_t>(std::numeric_limits<std::int32_t>::max()),
        "too long for the protocol");
  if (version_.flexible) {
    writer_.uvarint(static_cast<std::uint32_t>(size) + 1);
  } else {
    writer_.i32(static_cast<std::int32_t>(size));
  }
}

void Encoder::put_null_length() {
  if (version_.flexible) {
    writer_.uvarint(0);
  } else {
    writer_.i32(-1);
  }
}

}  // namespace kontiki::kafka
