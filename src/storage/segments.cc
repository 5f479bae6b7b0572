// Segments, the writing side. The reading side is segment_reader.cc, recovery segment_recovery.cc.
#include "storage/segments.h"

#include "storage/codec.h"

#include <algorithm>

namespace kontiki::storage {
namespace {

constexpr std::size_t kWriteBytesMax = 4u << 20;  // of one write
constexpr std::size_t kWriteEntriesMax = 4096;
constexpr std::size_t kKeptBytesPerCounted = 4;  // of what is kept only its place is written

}  // namespace

void Indexer::add(const EntryHeader& header, std::size_t payload_bytes) {
  const bool first = segment_.last == segment_.prev.index;
  const bool first_of_term = first || header.term != last_term_;
  if (first_of_term || header.kind == EntryKind::kConfiguration ||
      segment_.bytes_since_index >= interval_bytes_) {
    entries_.push_back({.type = IndexEntryType::kBlock,
                        .kind = header.kind,
                        .index = header.index,
                        .term = header.term,
                        .offset = header.base_offset,
                        .max_timestamp = segment_.max_timestamp,
                        .position = segment_.bytes,
                        .first_of_term = static_cast<std::uint16_t>(first_of_term ? 1 : 0)});
    ++segment_.index_entries;
    segment_.bytes_since_index = 0;
  }
  const std::size_t bytes = kSegmentEntryBytes + payload_bytes;
  segment_.last = header.index;
  segment_.next_offset = header.next_offset();
  segment_.bytes += bytes;
  segment_.bytes_since_index += bytes;
  if (header.kind == EntryKind::kData)
    segment_.max_timestamp = std::max(segment_.max_timestamp, header.max_timestamp);
  last_term_ = header.term;
}

std::vector<std::byte> encode_index_entries(const std::vector<IndexEntry>& entries) {
  std::vector<std::byte> out(entries.size() * kIndexEntryBytes);
  for (std::size_t i = 0; i < entries.size(); ++i)
    encode_index_entry(entries[i], out.data() + i * kIndexEntryBytes);
  return out;
}

std::vector<IndexEntry> summary_of(const Segment& segment, Term last_term,
                                   const std::vector<IndexEntry>& blocks) {
  std::vector<IndexEntry> out;
  for (const auto& block : blocks) {
    if (block.first_of_term == 0 && block.kind != EntryKind::kConfiguration) continue;
    out.push_back(block);
    out.back().type = IndexEntryType::kSummary;
  }
  out.push_back({.type = IndexEntryType::kFooter,
                 .kind = EntryKind::kTermStart,
                 .index = segment.last,
                 .term = last_term,
                 .offset = segment.next_offset,
                 .max_timestamp = segment.max_timestamp,
                 .position = segment.bytes,
                 .first_of_term = 0});
  return out;
}

std::string Segments::path_of(GroupId group, Index first) const {
  return folder_of(group) + "/" + number_name(first.value, ".seg");
}

std::string Segments::index_path_of(GroupId group, Index first) const {
  return folder_of(group) + "/" + number_name(first.value, ".idx");
}

std::shared_ptr<env::File> Segments::file(const std::string& path, env::OpenMode mode, Unsynced& unsynced) {
  auto opened = files_.get(path, mode);
  if (!opened) disk_fatal("open", path, opened.error());
  const auto known = [&](const auto& item) { return item.first == path; };
  if (std::ranges::find_if(unsynced.files, known) == unsynced.files.end())
    unsynced.files.emplace_back(path, *opened);
  return *opened;
}

void Segments::create_segment(Group& group, Unsynced& unsynced) {
  const std::string folder = folder_of(group.id);
  if (!group.folder) {
    require(disk_.make_dirs(folder), "create", folder);
    unsynced.folders.insert(dir_);
    group.folder = true;
  }
  unsynced.folders.insert(folder);
  Segment segment;
  segment.prev = group.segments_end();
  segment.last = segment.prev.index;
  segment.next_offset = segment.prev.next_offset;
  segment.bytes = kSegmentHeaderBytes;
  const std::string path = path_of(group.id, segment.first());
  const auto opened = file(path, env::OpenMode::kCreate, unsynced);
  require(opened->truncate(0), "empty", path);
  const Slice header = encode_segment_header({.group = group.id, .prev = segment.prev});
  require(opened->write(0, std::span(&header, 1)), "write", path);
  const std::string index_path = index_path_of(group.id, segment.first());
  const auto index = files_.get(index_path, env::OpenMode::kCreate);
  if (!index) disk_fatal("open", index_path, index.error());
  require((*index)->truncate(0), "empty", index_path);
  const Slice index_header = encode_index_header(group.id, segment.first());
  require((*index)->write(0, std::span(&index_header, 1)), "write", index_path);
  group.segments.push_back(segment);
}

Segment& Segments::open_segment(Group& group, std::size_t entry_bytes, Unsynced& unsynced) {
  const std::size_t limit = group.segment_bytes != 0 ? group.segment_bytes : options_.segment_bytes;
  if (!group.segments.empty() && !group.segments.back().sealed) {
    const Segment& active = group.segments.back();
    if (active.last == active.prev.index || active.bytes + entry_bytes <= limit) return group.segments.back();
    seal(group, unsynced);
  }
  create_segment(group, unsynced);
  return group.segments.back();
}

std::optional<KeptPlace> Segments::kept_place_of(const Segment& segment, GroupId group,
                                                 const TailEntry& item) const {
  if (segment.version < kSegmentVersion) return std::nullopt;
  return kept_.place_of(item.file, group, item.entry);
}

std::size_t Segments::write(Group& group, Index to, std::size_t bytes_max, Unsynced& unsynced) {
  std::size_t total = 0;
  const std::size_t limit = group.segment_bytes != 0 ? group.segment_bytes : options_.segment_bytes;
  while (!group.tail.empty() && group.tail.first() <= to && total < bytes_max) {
    const Index first = group.tail.first();
    const auto bytes_of = [](const Entry& entry) { return kSegmentEntryBytes + entry.payload.size(); };
    Segment& segment = open_segment(group, bytes_of(group.tail.at(first).entry), unsynced);
    const std::uint64_t at = segment.bytes;
    Indexer indexer(segment, options_.index_interval_bytes, group.term_at(segment.last).value_or(Term(0)));
    Index last = first;
    std::size_t bytes = 0;
    for (Index i = first; i <= std::min(to, group.tail.last()); ++i) {
      const TailEntry& item = group.tail.at(i);
      const bool full = segment.bytes + bytes_of(item.entry) > limit || bytes >= kWriteBytesMax ||
                        i - first >= kWriteEntriesMax || total + bytes >= bytes_max;
      if (i != first && full) break;
      indexer.add(item.entry.header, item.entry.payload.size());
      bytes += bytes_of(item.entry) / (kept_place_of(segment, group.id, item) ? kKeptBytesPerCounted : 1);
      last = i;
    }
    const std::string path = path_of(group.id, segment.first());
    write_entries(group, at, first, last, *file(path, env::OpenMode::kWrite, unsynced), path);
    write_index(group, segment, encode_index_entries(indexer.take()));
    group.tail.drop_to(last);
    total += bytes;
  }
  return total;
}

// From byte `at` of the last segment on. The heads stand in one buffer, the payloads are written from where
// they are; but of those that are kept only the place is, and what is left of their room stays a hole.
void Segments::write_entries(const Group& group, std::uint64_t at, Index first, Index last, env::File& to,
                             const std::string& path) {
  const Segment& segment = group.segments.back();
  constexpr std::size_t kHeadBytesMax = kSegmentEntryBytes + kKeptPlaceBytes;
  Buffer heads(static_cast<std::size_t>(last - first + 1) * kHeadBytesMax);
  std::vector<Slice> pieces;
  bool ends_with_hole = false;
  std::uint64_t end = at;  // of the entries so far
  const auto write_pieces = [&] {
    if (!pieces.empty()) require(to.write(at, pieces), "write", path);
    pieces.clear();
    at = end;
  };
  std::size_t head = 0;
  for (Index i = first; i <= last; ++i, head += kHeadBytesMax) {
    const TailEntry& item = group.tail.at(i);
    const Slice& payload = item.entry.payload;
    const auto place = kept_place_of(segment, group.id, item);
    end += kSegmentEntryBytes + payload.size();
    ends_with_hole = place.has_value();
    if (place) {
      const std::uint32_t crc =
          item.kept_crc ? *item.kept_crc : kept_entry_crc(group.id, item.entry.header, payload);
      encode_kept_entry(item.entry.header, payload.size(), crc, *place, heads.data() + head);
      pieces.emplace_back(heads, head, kHeadBytesMax);
      write_pieces();
    } else {
      encode_segment_entry(group.id, item.entry.header, payload, heads.data() + head);
      pieces.emplace_back(heads, head, kSegmentEntryBytes);
      if (!payload.empty()) pieces.push_back(payload);
    }
  }
  write_pieces();
  if (ends_with_hole) require(to.truncate(end), "lengthen", path);
}

// The segment already counts these entries; they go to the end of the index file, which is not synced: it can
// be made anew.
void Segments::write_index(const Group& group, Segment& segment, std::vector<std::byte> entries) {
  if (entries.empty()) return;
  const std::uint64_t count = entries.size() / kIndexEntryBytes;
  const std::uint64_t at = kIndexHeaderBytes + (segment.index_entries - count) * kIndexEntryBytes;
  const std::string path = index_path_of(group.id, segment.first());
  auto opened = files_.get(path, env::OpenMode::kCreate);
  if (!opened) disk_fatal("open", path, opened.error());
  const Slice bytes = Slice::copy_of(Bytes(entries));
  require((*opened)->write(at, std::span(&bytes, 1)), "write", path);
}

void Segments::seal(Group& group, Unsynced& unsynced) {
  Segment& segment = group.segments.back();
  if (segment.sealed) return;
  const std::string path = index_path_of(group.id, segment.first());
  auto blocks = read_index(group, segment, 0, segment.index_entries);
  if (!blocks) blocks = rebuild_index(group, segment);
  segment.sealed = true;
  // Without a footer (the segment itself cannot be read) the next recovery reads the segment and says so.
  if (!blocks) return;
  const Term last_term = group.term_at(segment.last).value_or(segment.prev.term);
  const Slice bytes = Slice::copy_of(Bytes(encode_index_entries(summary_of(segment, last_term, *blocks))));
  const std::uint64_t at = kIndexHeaderBytes + segment.index_entries * kIndexEntryBytes;
  const auto opened = file(path, env::OpenMode::kCreate, unsynced);
  require(opened->write(at, std::span(&bytes, 1)), "write", path);
  require(opened->truncate(at + bytes.size()), "cut", path);
}

void Segments::sync_folders(Unsynced& unsynced) {
  for (const auto& folder : unsynced.folders) require(disk_.sync_dir(folder), "sync the folder", folder);
  unsynced.folders.clear();
}

void Segments::drop_cache(const Group& group) {
  if (group.segments.empty()) return;
  const auto file = files_.get(path_of(group.id, group.segments.back().first()), env::OpenMode::kWrite);
  if (file) (*file)->drop_cache();
}

SegmentsEnd Segments::end_of(const Group& group) const {
  SegmentsEnd end{.last = group.segments_end(), .first = Index(0), .bytes = 0};
  if (!group.segments.empty()) {
    end.first = group.segments.back().first();
    end.bytes = group.segments.back().bytes;
  }
  return end;
}

void Segments::remove_files(GroupId group, Index first) {
  for (const auto& path : {path_of(group, first), index_path_of(group, first)}) {
    files_.forget(path);
    const auto removed = disk_.remove(path);
    if (!removed && removed.error() != env::DiskError::kNotFound) disk_fatal("remove", path, removed.error());
  }
}

void Segments::remove_all_files(GroupId group) {
  const std::string folder = folder_of(group);
  const auto names = disk_.list(folder);
  if (!names) {
    if (names.error() == env::DiskError::kNotFound) return;
    disk_fatal("list", folder, names.error());
  }
  for (const auto& name : *names) {
    auto first = parse_number_name(name, ".seg");
    if (!first) first = parse_number_name(name, ".idx");
    if (first) remove_files(group, Index(*first));
  }
  require(disk_.sync_dir(folder), "sync the folder", folder);
}

}  // namespace kontiki::storage
