// The bytes of a write-ahead log file: file header, batches, records (docs/format/wal.md). Pure functions and
// values; nothing here touches a disk. The readers take hostile bytes.
#pragma once

#include "base/slice.h"
#include "base/uuid.h"
#include "model/entry.h"
#include "model/ids.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace kontiki::storage {

inline constexpr std::uint32_t kWalVersion = 3;  // version 2 knows nothing of files that are kept
inline constexpr std::size_t kWalFileHeaderBytes = 64;
inline constexpr std::size_t kWalBatchHeaderBytes = 48;
inline constexpr std::size_t kWalAlignment = 8;  // of batches

struct WalFileHeader {
  std::uint32_t version = kWalVersion;
  Uuid store;
  std::uint64_t number = 0;
  std::uint64_t first_sequence =
      0;                           // of its first batch; every batch before was synced when the file was made
  std::uint64_t first_file = 0;    // oldest file that was needed when this one was made
  std::uint32_t previous_crc = 0;  // of the header of the batch before the first
};

struct WalBatchHeader {
  std::uint32_t body_crc = 0;
  std::uint32_t body_bytes = 0;
  std::uint32_t records = 0;
  std::uint64_t sequence = 0;
  std::uint64_t synced_below = 0;  // every batch below this sequence was synced before this one was written
  std::uint64_t first_file = 0;    // files below this number are not needed if this batch is there
  std::uint32_t previous_crc = 0;  // header_crc of the batch before
  std::uint32_t header_crc = 0;
};

// How far a group's entries are durable in segments; last.index == the log's start if there are none.
struct SegmentsEnd {
  LogStart last;            // last durable entry
  Index first;              // first index of the segment that holds it; 0 if none
  std::uint64_t bytes = 0;  // durable length of that segment
  friend bool operator==(const SegmentsEnd&, const SegmentsEnd&) = default;
};

// The whole small durable state of a group. The newest one in the WAL counts.
struct GroupState {
  HardState hard;
  LogStart start;
  SegmentsEnd end;
  friend bool operator==(const GroupState&, const GroupState&) = default;
};

enum class RecordType : std::uint8_t {
  kAppend = 1,  // cut the log from the entry's index on, then append it
  kCarry = 2,   // the entry is in the log: said again so that an older file can go; cuts nothing
  kState = 3,
  kReset = 4,  // drop the whole log, then as kState
  kRemove = 5,
  kSeal = 6,  // nothing; proves that the batches before it were synced
};

struct WalRecord {
  RecordType type = RecordType::kSeal;
  GroupId group;
  Entry entry;                   // kAppend, kCarry
  std::uint64_t payload_at = 0;  // of these, the byte of what was read at which the payload begins
  GroupState state;              // kState, kReset
};

// Where the payload of an append or carry record stands in its file.
struct WalPayload {
  GroupId group;
  Index index;
  std::uint64_t at = 0;
  std::uint32_t bytes = 0;
  friend bool operator==(const WalPayload&, const WalPayload&) = default;
};

Slice encode_file_header(const WalFileHeader& header);
// None if the checksum does not match. The layout of the header is the same in every version.
std::optional<WalFileHeader> decode_file_header(Bytes bytes);
// None if it is no header of a batch of this store.
std::optional<WalBatchHeader> decode_batch_header(Bytes bytes, const Uuid& store);
// Calls `visit` for each record of an intact body; payloads share `body`. False if it does not parse.
bool decode_records(const Slice& body, std::uint32_t count, const std::function<void(WalRecord&&)>& visit);
inline std::size_t batch_bytes(const WalBatchHeader& header) {  // on disk, with padding
  return (kWalBatchHeaderBytes + header.body_bytes + kWalAlignment - 1) / kWalAlignment * kWalAlignment;
}

// Collects the records of one batch. Large payloads are kept as slices and never copied.
class BatchBuilder {
 public:
  // Gives the byte of the body at which the payload begins.
  std::size_t append(RecordType type, GroupId group, const EntryHeader& header, const Slice& payload);
  void state(RecordType type, GroupId group, const GroupState& state);
  void plain(RecordType type, GroupId group);  // kRemove, kSeal

  bool empty() const { return records_ == 0; }
  std::size_t body_bytes() const { return body_bytes_; }
  // Fills in counts and checksums of `header` and gives the batch as pieces of one write. The builder is
  // empty after.
  std::vector<Slice> finish(WalBatchHeader& header, const Uuid& store);

 private:
  struct Cut {
    std::size_t own_end;  // bytes of own_ that stand before the payload
    Slice payload;
  };
  void own(Bytes bytes);
  std::vector<std::byte> own_;  // record heads and small payloads
  std::vector<Cut> cuts_;
  std::uint32_t records_ = 0;
  std::size_t body_bytes_ = 0;
};

}  // namespace kontiki::storage
