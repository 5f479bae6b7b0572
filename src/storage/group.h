// Group: what a Store keeps in memory of one group. Owned by the Store's table; plain data with the
// arithmetic of a log on it, no I/O. A quiet group costs a few hundred bytes.
#pragma once

#include "storage/segment_format.h"
#include "storage/store.h"
#include "storage/tail.h"
#include "storage/wal_format.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace kontiki::storage {

// One segment file. The entries (prev.index, last] stand in it.
struct Segment {
  LogStart prev;            // the entry before the first
  Index last;               // == prev.index while it has no entry
  Offset next_offset{0};    // after `last`
  std::uint64_t bytes = 0;  // file length, with the holes that stand for kept payloads
  std::int64_t max_timestamp = -1;
  bool sealed = false;                  // takes no more entries; its index has a footer
  std::uint64_t index_entries = 0;      // block entries in the index file
  std::uint64_t bytes_since_index = 0;  // written after the last of them
  std::uint64_t summaries = 0;          // summary entries after them, once sealed
  std::uint32_t version = kSegmentVersion;

  Index first() const { return prev.index + 1; }
};

// Where the last read from a segment ended, for the next one to go on there without a look into the index.
struct ReadHint {
  Index segment;  // first index of the segment, 0 = no hint
  Index next;
  Offset offset{0};
  std::uint64_t position = 0;
};

struct Group {
  GroupId id;
  HardState hard;
  LogStart start;
  SegmentsEnd durable;  // what the newest staged state says is in segments and synced
  Index committed;
  std::vector<TermSpan> terms;    // of the entries after `start`
  std::vector<Segment> segments;  // oldest first; only the last one is not sealed
  Tail tail;                      // Invariant: begins right after the segments' last entry
  std::size_t segment_bytes = 0;  // 0 = the store's default
  std::uint64_t state_file = 0;   // WAL file of its newest state
  // Number of resets, below; above, of its creation by this process: the same id can be removed and created
  // again. An asynchronous step that began in another epoch is void.
  std::uint64_t epoch = 0;
  bool folder = false;    // it has (or had) a folder on disk
  bool cleaning = false;  // old segments wait for a reset to become durable; no new ones until then
  std::optional<std::string> damage;  // of acknowledged entries in segments, which are then not listed above
  ReadHint hint;
  std::uint64_t read_at = 0;  // WAL file that was being written when a segment was last read

  LogStart segments_end() const;  // last entry in segments, or the start
  Index last() const { return tail.empty() ? segments_end().index : tail.last(); }
  Offset next_offset() const {
    return tail.empty() ? segments_end().next_offset : tail.back().header.next_offset();
  }
  std::optional<Term> term_at(Index index) const;
  void push_term(Term term, Index index);
  void cut_terms(Index from);  // forgets the terms of `from` and after
  void drop_terms(Index to);   // forgets the terms up to `to`
  std::uint64_t segment_payload_bytes() const;
  GroupState state() const { return {hard, start, durable}; }
};

using GroupTable = std::unordered_map<GroupId, std::unique_ptr<Group>>;

}  // namespace kontiki::storage
