#include "storage/segment_format.h"

#include "base/bytes_io.h"
#include "base/crc32c.h"
#include "storage/codec.h"

#include <array>
#include <cstring>

namespace kontiki::storage {
namespace {

constexpr std::uint64_t kSegmentMagic = 0x47455349544E4F4Bull;  // "KONTISEG"
constexpr std::uint32_t kIsKept = 1u << 31;                     // in an entry's length
constexpr std::uint64_t kIndexMagic = 0x58444949544E4F4Bull;    // "KONTIIDX"

// A checksum that also names the group, so that bytes which landed in the wrong file do not match.
std::uint32_t seed_of(GroupId group) {
  return crc32c(std::as_bytes(std::span(&group.value, 1)));
}

// What stands between an entry's checksum and its payload.
using EntryHead = std::array<std::byte, kSegmentEntryBytes - 4>;

EntryHead head_of(const EntryHeader& header, std::size_t payload_bytes, std::uint32_t flags) {
  EntryHead head;
  const auto length = static_cast<std::uint32_t>(payload_bytes) | flags;
  std::memcpy(head.data(), &length, 4);
  encode_entry_header(header, head.data() + 4);
  return head;
}

std::uint32_t crc_of(GroupId group, Bytes head, const Slice& payload) {
  return crc32c(payload.bytes(), crc32c(head, seed_of(group)));
}

void encode_entry(std::uint32_t crc, const EntryHead& head, std::byte* out) {
  std::memcpy(out, &crc, 4);
  std::memcpy(out + 4, head.data(), head.size());
}

void encode_kept_place(const KeptPlace& place, std::byte* out) {
  std::memcpy(out, &place.file, 8);
  std::memcpy(out + 8, &place.at, 8);
  const std::uint32_t crc = crc32c(Bytes(out, 16));
  std::memcpy(out + 16, &crc, 4);
}

}  // namespace

Slice encode_segment_header(const SegmentHeader& header) {
  ByteWriter out;
  out.fixed(kSegmentMagic);
  out.fixed(header.version);
  out.fixed(std::uint32_t{0});
  out.fixed(header.group.value);
  encode_log_start(header.prev, out);
  out.fixed(std::uint64_t{0});
  out.fixed(std::uint32_t{0});
  out.fixed(crc32c(out.bytes()));
  return out.take();
}

std::optional<SegmentHeader> decode_segment_header(Bytes bytes) {
  if (bytes.size() < kSegmentHeaderBytes) return std::nullopt;
  ByteReader in(bytes.first(kSegmentHeaderBytes));
  const auto magic = in.fixed<std::uint64_t>();
  SegmentHeader header;
  header.version = in.fixed<std::uint32_t>();
  in.fixed<std::uint32_t>();
  header.group = GroupId(in.fixed<std::uint64_t>());
  header.prev = decode_log_start(in);
  in.raw(12);
  const auto crc = in.fixed<std::uint32_t>();
  if (magic != kSegmentMagic || crc != crc32c(bytes.first(kSegmentHeaderBytes - 4)) ||
      !is_plausible(header.prev)) {
    return std::nullopt;
  }
  return header;
}

std::optional<KeptPlace> decode_kept_place(Bytes bytes) {
  if (bytes.size() < kKeptPlaceBytes) return std::nullopt;
  ByteReader in(bytes);
  KeptPlace place;
  place.file = in.fixed<std::uint64_t>();
  place.at = in.fixed<std::uint64_t>();
  if (in.fixed<std::uint32_t>() != crc32c(bytes.first(16))) return std::nullopt;
  return place;
}

void encode_segment_entry(GroupId group, const EntryHeader& header, const Slice& payload, std::byte* out) {
  const EntryHead head = head_of(header, payload.size(), 0);
  encode_entry(crc_of(group, head, payload), head, out);
}

void encode_kept_entry(const EntryHeader& header, std::size_t payload_bytes, std::uint32_t crc,
                       const KeptPlace& place, std::byte* out) {
  encode_entry(crc, head_of(header, payload_bytes, kIsKept), out);
  encode_kept_place(place, out + kSegmentEntryBytes);
}

std::uint32_t kept_entry_crc(GroupId group, const EntryHeader& header, const Slice& payload) {
  return crc_of(group, head_of(header, payload.size(), kIsKept), payload);
}

std::optional<SegmentEntry> decode_segment_entry(Bytes bytes) {
  if (bytes.size() < kSegmentEntryBytes) return std::nullopt;
  ByteReader in(bytes.first(kSegmentEntryBytes));
  SegmentEntry entry;
  entry.crc = in.fixed<std::uint32_t>();
  const auto length = in.fixed<std::uint32_t>();
  entry.is_kept = (length & kIsKept) != 0;
  entry.payload_bytes = length & ~kIsKept;
  const auto header = decode_entry_header(in);
  if (!header || entry.payload_bytes > kPayloadBytesMax) return std::nullopt;
  if (entry.is_kept && entry.payload_bytes < kKeptPlaceBytes) return std::nullopt;
  entry.header = *header;
  return entry;
}

bool is_intact(GroupId group, Bytes entry, const Slice& payload) {
  std::uint32_t crc = 0;
  std::memcpy(&crc, entry.data(), 4);
  return crc == crc_of(group, entry.subspan(4, kSegmentEntryBytes - 4), payload);
}

Slice encode_index_header(GroupId group, Index first) {
  ByteWriter out;
  out.fixed(kIndexMagic);
  out.fixed(kFormatVersion);
  out.fixed(group.value);
  out.fixed(first.value);
  out.fixed(crc32c(out.bytes()));
  return out.take();
}

bool is_index_header(Bytes bytes, GroupId group, Index first) {
  const Slice wanted = encode_index_header(group, first);
  return bytes.size() >= wanted.size() && std::memcmp(bytes.data(), wanted.data(), wanted.size()) == 0;
}

void encode_index_entry(const IndexEntry& entry, std::byte* out) {
  ByteWriter bytes;
  bytes.fixed(static_cast<std::uint8_t>(entry.type));
  bytes.fixed(static_cast<std::uint8_t>(entry.kind));
  bytes.fixed(entry.first_of_term);
  bytes.fixed(entry.index.value);
  bytes.fixed(entry.term.value);
  bytes.fixed(entry.offset.value);
  bytes.fixed(entry.max_timestamp);
  bytes.fixed(entry.position);
  const std::uint32_t crc = crc32c(bytes.bytes());
  std::memcpy(out, bytes.bytes().data(), bytes.size());
  std::memcpy(out + kIndexEntryBytes - 4, &crc, 4);
}

std::optional<IndexEntry> decode_index_entry(Bytes bytes) {
  if (bytes.size() < kIndexEntryBytes) return std::nullopt;
  ByteReader in(bytes.first(kIndexEntryBytes));
  IndexEntry entry;
  const auto type = in.fixed<std::uint8_t>();
  const auto kind = in.fixed<std::uint8_t>();
  entry.type = static_cast<IndexEntryType>(type);
  entry.kind = static_cast<EntryKind>(kind);
  entry.first_of_term = in.fixed<std::uint16_t>();
  entry.index = Index(in.fixed<std::uint64_t>());
  entry.term = Term(in.fixed<std::uint64_t>());
  entry.offset = Offset(in.fixed<std::int64_t>());
  entry.max_timestamp = in.fixed<std::int64_t>();
  entry.position = in.fixed<std::uint64_t>();
  const auto crc = in.fixed<std::uint32_t>();
  if (crc != crc32c(bytes.first(kIndexEntryBytes - 4)) || type > 2 || kind > 3) return std::nullopt;
  return entry;
}

}  // namespace kontiki::storage
