#include "kafka/decoder.h"

#include "base/utf8.h"

#include <algorithm>
#include <limits>

namespace kontiki::kafka {
namespace {

// What the arrays of one message may take in memory: no honest message comes near 8 times its size on the
// wire once it is larger than a few pages, and a dishonest one (a hundred million empty strings) would take
// 32 times.
constexpr std::size_t kArrayBytesFree = 4u << 20;
constexpr std::size_t kArrayBytesPerWireByte = 8;
constexpr std::size_t kArrayBytesMax = 256u << 20;

// What is not text would come back in answers to others, whose clients may not be able to read it.
std::string_view text(Reader& reader, std::size_t bytes) {
  const std::string_view text = as_text(reader.raw(bytes));
  if (!is_utf8(text)) reader.fail();
  return text;
}

}  // namespace

Decoder::Decoder(const Slice& body, Version version)
    : reader_(body),
      version_(version),
      memory_left_(std::min(kArrayBytesFree + kArrayBytesPerWireByte * body.size(), kArrayBytesMax)) {}

bool Decoder::next_tag(Tags& tags) {
  if (tags.left == 0 || !reader_.ok()) return false;
  --tags.left;
  const std::uint32_t tag = reader_.uvarint();
  const std::uint32_t size = reader_.uvarint();
  if (tag <= tags.last) reader_.fail();
  tags.outer_end = reader_.narrow(size);
  tags.last = tag;
  wanted_tag_ = tag;
  tag_known_ = false;
  return reader_.ok();
}

void Decoder::end_tag(Tags& tags) {
  if (!tag_known_) reader_.raw(reader_.left());  // of a later version: skipped
  if (reader_.left() != 0) reader_.fail();
  reader_.widen(tags.outer_end);
}

std::optional<std::size_t> Decoder::string_length() {
  std::int64_t size = version_.flexible ? std::int64_t{reader_.uvarint()} - 1 : std::int64_t{reader_.i16()};
  if (size < -1 || size > std::numeric_limits<std::int16_t>::max()) reader_.fail();
  if (!reader_.ok()) return 0;
  if (size < 0) return std::nullopt;
  return static_cast<std::size_t>(size);
}

std::optional<std::size_t> Decoder::length() {
  const std::int64_t size =
      version_.flexible ? std::int64_t{reader_.uvarint()} - 1 : std::int64_t{reader_.i32()};
  if (size < -1) reader_.fail();
  if (!reader_.ok()) return 0;
  if (size < 0) return std::nullopt;
  return static_cast<std::size_t>(size);
}

bool Decoder::admit(std::size_t count, std::size_t wire_bytes_min, std::size_t memory_bytes) {
  // A struct without any field in a non-flexible version would take no bytes at all; it still counts as one.
  if (count > reader_.left() / std::max<std::size_t>(wire_bytes_min, 1)) reader_.fail();
  if (!reader_.ok() || count * memory_bytes > memory_left_) {
    reader_.fail();
    return false;
  }
  memory_left_ -= count * memory_bytes;
  return true;
}

void Decoder::get(std::string& v) {
  const auto size = string_length();
  size ? void(v = text(reader_, *size)) : reader_.fail();
}

void Decoder::get(std::optional<std::string>& v) {
  const auto size = string_length();
  if (!size) {
    v.reset();
    return take_null();
  }
  v.emplace(text(reader_, *size));
}

void Decoder::get(Slice& v) {
  const auto size = length();
  size ? void(v = reader_.slice(*size)) : reader_.fail();
}

void Decoder::get(std::optional<Slice>& v) {
  const auto size = length();
  if (!size) {
    v.reset();
    return take_null();
  }
  v = reader_.slice(*size);
}

void Decoder::get(std::optional<Pieces>& v) {
  std::optional<Slice> whole;
  get(whole);
  v.reset();
  if (whole) v.emplace(std::move(*whole));
}

}  // namespace kontiki::kafka
