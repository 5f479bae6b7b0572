// Segments: the segment and index files of all groups of a Store: appending committed entries, reading them
// back with every checksum tested, finding entries by index, offset or time, and recovering the list of a
// group's segments. Owned by the Store, used on its shard. A failed write is fatal; a failed read is an
// Error.
#pragma once

#include "env/disk.h"
#include "storage/file_cache.h"
#include "storage/group.h"
#include "storage/kept_files.h"
#include "storage/segment_format.h"
#include "storage/store.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace kontiki::storage {

// Files and folders that were written and wait for a sync. Holds the files open.
struct Unsynced {
  std::vector<std::pair<std::string, std::shared_ptr<env::File>>> files;
  std::set<std::string> folders;
};

class Segments {
 public:
  Segments(env::Disk& disk, FileCache& files, const KeptFiles& kept, std::string dir, const Options& options)
      : disk_(disk), files_(files), kept_(kept), dir_(std::move(dir)), options_(options) {}

  std::string folder_of(GroupId group) const { return dir_ + "/" + std::to_string(group.value); }
  std::string path_of(GroupId group, Index first) const;
  std::string index_path_of(GroupId group, Index first) const;

  // ---- writing
  // Moves entries from the front of the tail, up to `to` and about `bytes_max`, into segments. Gives the
  // bytes moved; those that are kept where they are count a quarter.
  std::size_t write(Group& group, Index to, std::size_t bytes_max, Unsynced& unsynced);
  // Makes the last segment take no more entries.
  void seal(Group& group, Unsynced& unsynced);
  // Syncs the folders at once (names first) and gives where the group's segments end, to be recorded when the
  // files are synced too.
  void sync_folders(Unsynced& unsynced);
  SegmentsEnd end_of(const Group& group) const;
  // Nobody reads the group's segments now: what was written and synced need not stay in memory.
  void drop_cache(const Group& group);
  void remove_files(GroupId group, Index first);  // of one segment
  void remove_all_files(GroupId group);           // of all segments, durably; snapshots stay

  // ---- reading: only what stands in segments
  struct Place {
    Index index;  // of the entry that begins at
    std::uint64_t position = 0;
  };
  using Visitor =
      std::function<bool(const EntryHeader&, const Slice& payload)>;  // false: stop before this entry
  struct How {
    std::size_t chunk_bytes;  // that are read at once
    Wait wait = Wait::kForDevice;
    // Asked before the visitor, so that what it does not want is not read. The header is not checked yet.
    std::function<bool(const EntryHeader&, std::size_t payload_bytes)> stops = nullptr;
  };
  // Visits entries from the one at `place` on, to the end of the segment. `place` moves to the first that is
  // not visited, also on an Error.
  Result<void, Error> scan(const Group& group, const Segment& segment, const How& how, Place& place,
                           const Visitor& visit);
  using Before = std::function<bool(const IndexEntry&)>;
  // As scan, from the last indexed entry for which `before` holds (it holds for a first run of entries; the
  // segment's first entry counts in any case). `place` is valid if an entry was visited.
  Result<void, Error> scan_after(Group& group, Segment& segment, const Before& before, const How& how,
                                 Place& place, const Visitor& visit);

  // ---- recovery
  // Builds group.segments from the folder according to group.start and group.durable, puts their terms into
  // the group and configuration entries into `configurations`, and removes what is left over. Sets the
  // group's damage when acknowledged entries are damaged or missing; any other trouble is an Error.
  Result<void, Error> recover(Group& group, std::vector<EntryHeader>& configurations);

 private:
  Segment& open_segment(Group& group, std::size_t entry_bytes, Unsynced& unsynced);
  void create_segment(Group& group, Unsynced& unsynced);
  std::shared_ptr<env::File> file(const std::string& path, env::OpenMode mode, Unsynced& unsynced);
  void write_entries(const Group& group, std::uint64_t at, Index first, Index last, env::File& to,
                     const std::string& path);
  std::optional<KeptPlace> kept_place_of(const Segment& segment, GroupId group, const TailEntry& item) const;
  void write_index(const Group& group, Segment& segment, std::vector<std::byte> entries);

  // With Wait::kNo, what is in memory of that, at least `bytes_min`.
  Result<Slice, Error> read_at(const std::string& path, std::uint64_t at, std::size_t bytes, Wait wait,
                               std::size_t bytes_min);
  Result<Slice, Error> read_at(const std::string& path, std::uint64_t at, std::size_t bytes,
                               Wait wait = Wait::kForDevice) {
    return read_at(path, at, bytes, wait, bytes);
  }
  Result<std::vector<IndexEntry>, Error> read_index(const Group& group, const Segment& segment,
                                                    std::uint64_t from, std::uint64_t count,
                                                    Wait wait = Wait::kForDevice);
  Result<IndexEntry, Error> find_block(const Group& group, const Segment& segment, const Before& before,
                                       Wait wait);
  // Makes the index anew from the segment; an Error if that is damaged.
  Result<std::vector<IndexEntry>, Error> rebuild_index(const Group& group, Segment& segment);

  Result<std::vector<Index>, Error> list_live(const Group& group);
  Result<std::vector<IndexEntry>, Error> recover_sealed(const Group& group, Segment& segment, Index last);
  Result<std::vector<IndexEntry>, Error> recover_active(const Group& group, Segment& segment);
  Result<void, Error> recover_all(Group& group, std::vector<EntryHeader>& configurations);

  env::Disk& disk_;
  FileCache& files_;
  const KeptFiles& kept_;
  const std::string dir_;
  const Options& options_;
};

// Collects the index entries of a segment as its entries go by; for writing and for rebuilding.
class Indexer {
 public:
  Indexer(Segment& segment, std::size_t interval_bytes, Term last_term)
      : segment_(segment), interval_bytes_(interval_bytes), last_term_(last_term) {}
  // The entry that comes at segment.bytes; updates the segment's end.
  void add(const EntryHeader& header, std::size_t payload_bytes);
  std::vector<IndexEntry> take() { return std::move(entries_); }

 private:
  Segment& segment_;
  const std::size_t interval_bytes_;
  Term last_term_;
  std::vector<IndexEntry> entries_;
};
std::vector<std::byte> encode_index_entries(const std::vector<IndexEntry>& entries);
// What a sealed segment's index ends with.
std::vector<IndexEntry> summary_of(const Segment& segment, Term last_term,
                                   const std::vector<IndexEntry>& blocks);

}  // namespace kontiki::storage
