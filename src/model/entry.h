// Entry: one element of a raft log, as the storage keeps it and the peer protocol carries it. Both the raft
// index and the Kafka offset stand in every entry, so nothing ever translates one into the other by a table.
#pragma once

#include "base/slice.h"
#include "model/ids.h"

#include <cstdint>
#include <vector>

namespace kontiki {

enum class EntryKind : std::uint8_t {
  kTermStart = 0,      // the no-op with which a leader opens its term; no payload
  kData = 1,           // one Kafka RecordBatch v2, stamped; takes offset_count offsets
  kCommand = 2,        // a command of the group's state machine; takes an index but no offset
  kConfiguration = 3,  // a raft configuration; takes an index but no offset
};

struct EntryHeader {
  Index index;
  Term term;
  Offset base_offset;               // of the first record; for other kinds, the next offset to be given
  std::uint32_t offset_count = 0;   // offsets that this entry takes: 0 unless kData
  std::int64_t max_timestamp = -1;  // Kafka's, ms since the epoch; -1 unless kData
  EntryKind kind = EntryKind::kTermStart;

  Offset next_offset() const { return base_offset + static_cast<std::int64_t>(offset_count); }
  friend bool operator==(const EntryHeader&, const EntryHeader&) = default;
};

struct Entry {
  EntryHeader header;
  Slice payload;
  friend bool operator==(const Entry&, const Entry&) = default;
};

// What a raft member must never forget: durable before any answer that follows from it. (Raft paper,
// figure 2.)
//
// A member whose data was damaged or is gone may have forgotten votes and entries. It is in doubt until the
// doubt is settled: it takes entries, but neither votes nor counts. (docs/adr/0007-doubt.md)
struct Doubt {
  std::uint64_t token = 0;  // tells one doubt from the next; stays when it is settled; 0: never was in doubt
  bool open = false;
  friend bool operator==(const Doubt&, const Doubt&) = default;
};
struct HardState {
  Term term;
  NodeId voted_for = kNoNode;
  Doubt doubt = {};
  friend bool operator==(const HardState&, const HardState&) = default;
};

// The place before the first entry of a log: the entry `index` of `term` was the last one cut away, and
// `next_offset` is the offset that the entry after it starts from. All zero for a log that is whole.
struct LogStart {
  Index index;
  Term term;
  Offset next_offset{0};
  friend bool operator==(const LogStart&, const LogStart&) = default;
};

}  // namespace kontiki
