// The bytes of a segment file and of its sparse index (docs/format/segment.md, index.md). Pure functions and
// values. The readers take hostile bytes.
#pragma once

#include "base/slice.h"
#include "model/entry.h"
#include "model/ids.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace kontiki::storage {

inline constexpr std::size_t kSegmentHeaderBytes = 64;
inline constexpr std::size_t kSegmentEntryBytes = 48;  // before the payload
inline constexpr std::size_t kKeptPlaceBytes = 20;     // what stands instead of a payload in a kept WAL file
inline constexpr std::uint32_t kSegmentVersion = 3;    // version 2 has no such places
inline constexpr std::size_t kIndexHeaderBytes = 32;
inline constexpr std::size_t kIndexEntryBytes = 48;

struct SegmentHeader {
  std::uint32_t version = kSegmentVersion;
  GroupId group;
  LogStart prev;  // the entry before the first
};
Slice encode_segment_header(const SegmentHeader& header);
std::optional<SegmentHeader> decode_segment_header(Bytes bytes);

// Where a payload stands that was left in its WAL file (kept_files.h).
struct KeptPlace {
  std::uint64_t file = 0;
  std::uint64_t at = 0;
};
std::optional<KeptPlace> decode_kept_place(Bytes bytes);  // none if it does not match its checksum

// The fixed part of an entry; the payload follows. The checksum covers group, length, header and payload.
void encode_segment_entry(GroupId group, const EntryHeader& header, const Slice& payload, std::byte* out);
// That of an entry whose payload is kept elsewhere, and its place; a hole as large as the rest of it follows.
// `crc`: kept_entry_crc(), which is not that of an entry with its payload behind it.
void encode_kept_entry(const EntryHeader& header, std::size_t payload_bytes, std::uint32_t crc,
                       const KeptPlace& place, std::byte* out);
std::uint32_t kept_entry_crc(GroupId group, const EntryHeader& header, const Slice& payload);
struct SegmentEntry {
  std::uint32_t crc = 0;
  std::uint32_t payload_bytes = 0;
  bool is_kept = false;
  EntryHeader header;
};
// None if a field is impossible. Says nothing about the checksum, which needs the payload.
std::optional<SegmentEntry> decode_segment_entry(Bytes bytes);
bool is_intact(GroupId group, Bytes entry, const Slice& payload);

enum class IndexEntryType : std::uint8_t {
  kBlock = 0,  // an entry of the segment, about one per index_interval_bytes
  kSummary =
      1,  // repeats the first entry of each term and each configuration entry, once the segment is sealed
  kFooter = 2,  // the last one of a sealed segment's index
};
struct IndexEntry {
  IndexEntryType type = IndexEntryType::kBlock;
  EntryKind kind = EntryKind::kTermStart;
  Index index;                      // footer: the segment's last index
  Term term;                        // footer: its last term
  Offset offset{0};                 // base offset; footer: the next offset after the segment
  std::int64_t max_timestamp = -1;  // of the entries of the segment before this one; footer: of all
  std::uint64_t position = 0;       // byte in the segment; footer: the segment's length
  std::uint16_t first_of_term = 0;  // 1 if the entry before has another term (or is not in this segment)
  friend bool operator==(const IndexEntry&, const IndexEntry&) = default;
};
Slice encode_index_header(GroupId group, Index first);
bool is_index_header(Bytes bytes, GroupId group, Index first);
void encode_index_entry(const IndexEntry& entry, std::byte* out);
std::optional<IndexEntry> decode_index_entry(Bytes bytes);

}  // namespace kontiki::storage
