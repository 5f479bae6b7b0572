// Segments, recovery. What must be there is known exactly: the newest state of the group in the WAL names the
// log's start and the durable end. Everything between is acknowledged; everything beside it is a leftover.
#include "storage/codec.h"
#include "storage/segments.h"
#include "storage/wal_scan.h"

#include <fmt/format.h>

#include <algorithm>

namespace kontiki::storage {
namespace {

constexpr std::size_t kScanBytes = 1u << 20;

// The terms and configurations of a segment, from its blocks or its summary.
void adopt(Group& group, const std::vector<IndexEntry>& entries, Index last,
           std::vector<EntryHeader>& configurations) {
  for (std::size_t i = 0; i < entries.size(); ++i) {
    const IndexEntry& entry = entries[i];
    if (entry.type == IndexEntryType::kFooter) continue;
    const bool more = i + 1 < entries.size() && entries[i + 1].type != IndexEntryType::kFooter;
    group.push_term(entry.term, more ? entries[i + 1].index - 1 : last);
    if (entry.kind == EntryKind::kConfiguration) {
      configurations.push_back({.index = entry.index,
                                .term = entry.term,
                                .base_offset = entry.offset,
                                .offset_count = 0,
                                .max_timestamp = -1,
                                .kind = EntryKind::kConfiguration});
    }
  }
}

bool in_order(const std::vector<IndexEntry>& entries) {
  for (std::size_t i = 1; i < entries.size(); ++i) {
    if (entries[i].type == IndexEntryType::kFooter) continue;
    if (entries[i].index <= entries[i - 1].index || entries[i].term < entries[i - 1].term ||
        entries[i].position <= entries[i - 1].position) {
      return false;
    }
  }
  return true;
}

}  // namespace

Result<void, Error> Segments::recover(Group& group, std::vector<EntryHeader>& configurations) {
  auto done = recover_all(group, configurations);
  if (done || done.error().code != ErrorCode::kDamaged) return done;
  group.damage = fmt::format("group {}: {}", group.id.value, done.error().message);
  group.segments.clear();
  group.terms.clear();
  configurations.clear();
  return {};
}

// The first indexes of the segments that hold (start, durable]; files beside them are removed.
Result<std::vector<Index>, Error> Segments::list_live(const Group& group) {
  const std::string folder = folder_of(group.id);
  const auto names = disk_.list(folder);
  if (!names && names.error() != env::DiskError::kNotFound)
    return unexpected(io_error("list", folder, names.error()));
  std::vector<Index> firsts;
  bool removed = false;
  if (names) {
    for (const auto& name : *names) {
      auto first = parse_number_name(name, ".seg");
      const auto index_first = parse_number_name(name, ".idx");
      if (!first && !index_first) continue;
      const Index at(first ? *first : *index_first);
      if (at <= group.start.index || at > group.durable.last.index) {
        remove_files(group.id, at);
        removed = true;
      } else if (first) {
        firsts.push_back(at);
      }
    }
  }
  // For good, or a power loss could bring them back among newer ones.
  if (removed) require(disk_.sync_dir(folder), "sync the folder", folder);
  std::ranges::sort(firsts);
  if (group.durable.last.index <= group.start.index) return firsts;
  if (firsts.empty() || firsts.front() != group.start.index + 1) {
    return unexpected(damaged(path_of(group.id, group.start.index + 1), 0, "the first segment is missing"));
  }
  if (firsts.back() != group.durable.first) {
    return unexpected(damaged(path_of(group.id, group.durable.first), 0, "the last segment is missing"));
  }
  return firsts;
}

Result<void, Error> Segments::recover_all(Group& group, std::vector<EntryHeader>& configurations) {
  const auto firsts = list_live(group);
  if (!firsts) return unexpected(firsts.error());
  LogStart prev = group.start;
  for (std::size_t i = 0; i < firsts->size(); ++i) {
    const std::string path = path_of(group.id, (*firsts)[i]);
    const auto bytes = read_at(path, 0, kSegmentHeaderBytes);
    if (!bytes) return unexpected(bytes.error());
    const auto header = decode_segment_header(bytes->bytes());
    if (!header) return unexpected(damaged(path, 0, "the file header does not match its checksum"));
    if (header->version != kSegmentVersion && header->version != kFormatVersion)
      return unexpected(other_format(path, header->version, kSegmentVersion));
    if (header->group != group.id || header->prev != prev) {
      return unexpected(damaged(
          path, 16,
          fmt::format("the segment does not follow on entry {}, or is another group's", prev.index.value)));
    }
    Segment segment;
    segment.prev = prev;
    segment.version = header->version;
    const bool active = i + 1 == firsts->size();
    const auto found =
        active ? recover_active(group, segment) : recover_sealed(group, segment, (*firsts)[i + 1] - 1);
    if (!found) return unexpected(found.error());
    adopt(group, *found, segment.last, configurations);
    group.segments.push_back(segment);
    prev = group.segments_end();
  }
  if (prev != group.durable.last && group.durable.last.index > group.start.index) {
    return unexpected(damaged(path_of(group.id, group.durable.first), 0,
                              "the segments do not end with the entry that the write-ahead log names"));
  }
  return {};
}

Result<std::vector<IndexEntry>, Error> Segments::recover_sealed(const Group& group, Segment& segment,
                                                                Index last) {
  segment.sealed = true;
  const std::string path = path_of(group.id, segment.first());
  const auto opened = files_.get(path, env::OpenMode::kRead);
  if (!opened) return unexpected(io_error("open", path, opened.error()));
  const auto size = (*opened)->size();
  if (!size) return unexpected(io_error("read", path, size.error()));
  segment.bytes = *size;
  segment.last = last;

  const std::string index_path = index_path_of(group.id, segment.first());
  const auto index = files_.get(index_path, env::OpenMode::kRead);
  const auto index_size = index ? (*index)->size() : env::DiskResult<std::uint64_t>(0);
  const auto header = read_at(index_path, 0, kIndexHeaderBytes);
  if (index_size && header && is_index_header(header->bytes(), group.id, segment.first())) {
    const std::uint64_t count = (*index_size - kIndexHeaderBytes) / kIndexEntryBytes;
    // The summary is short; look for where it begins from the end on.
    std::vector<IndexEntry> summary;
    for (std::uint64_t at = count; at > 0;) {
      const std::uint64_t from = at > 64 ? at - 64 : 0;
      const auto part = read_index(group, segment, from, at - from);
      if (!part) break;
      auto begin = part->end();
      while (begin != part->begin() && (begin - 1)->type != IndexEntryType::kBlock) --begin;
      summary.insert(summary.begin(), begin, part->end());
      at = from;
      if (begin != part->begin()) break;
    }
    if (summary.size() >= 2 && summary.back().type == IndexEntryType::kFooter) {
      const IndexEntry& footer = summary.back();
      if (footer.index == last && footer.position <= segment.bytes &&
          summary.front().index == segment.first() && summary.size() < count && in_order(summary)) {
        segment.bytes = footer.position;
        segment.next_offset = footer.offset;
        segment.max_timestamp = footer.max_timestamp;
        segment.index_entries = count - summary.size();
        return summary;
      }
    }
  }
  auto blocks = rebuild_index(group, segment);
  if (blocks && segment.last != last) {
    return unexpected(
        damaged(path, segment.bytes, fmt::format("the segment ends before entry {}", last.value)));
  }
  return blocks;
}

Result<std::vector<IndexEntry>, Error> Segments::recover_active(const Group& group, Segment& segment) {
  const std::string path = path_of(group.id, segment.first());
  const auto opened = files_.get(path, env::OpenMode::kWrite);
  if (!opened) return unexpected(io_error("open", path, opened.error()));
  const auto size = (*opened)->size();
  if (!size) return unexpected(io_error("read", path, size.error()));
  if (group.durable.bytes < kSegmentHeaderBytes || *size < group.durable.bytes) {
    return unexpected(damaged(path, *size, fmt::format("the file ends before byte {}", group.durable.bytes)));
  }
  // What stands after the durable end is still in the WAL and comes again.
  require((*opened)->truncate(group.durable.bytes), "cut", path);

  // Take what the index still says, and read on from the last place it leads to.
  Segment known = segment;
  known.bytes = group.durable.bytes;
  std::vector<IndexEntry> blocks;
  const std::string index_path = index_path_of(group.id, segment.first());
  const auto bytes = read_whole_file(disk_, index_path);
  if (bytes && is_index_header(bytes->bytes(), group.id, segment.first())) {
    for (std::size_t at = kIndexHeaderBytes; at + kIndexEntryBytes <= bytes->size(); at += kIndexEntryBytes) {
      const auto entry = decode_index_entry(bytes->bytes().subspan(at));
      if (!entry || entry->type != IndexEntryType::kBlock || entry->position >= known.bytes) break;
      blocks.push_back(*entry);
    }
  }
  const bool usable = !blocks.empty() && in_order(blocks) && blocks.front().index == segment.first() &&
                      blocks.front().position == kSegmentHeaderBytes;
  if (usable) {
    const IndexEntry from = blocks.back();
    segment.last = from.index - 1;
    segment.next_offset = from.offset;
    segment.bytes = from.position;
    segment.max_timestamp = from.max_timestamp;
    segment.index_entries = blocks.size() - 1;
    segment.bytes_since_index = options_.index_interval_bytes;  // so that its block comes again
    blocks.pop_back();
    Indexer indexer(segment, options_.index_interval_bytes, blocks.empty() ? Term(0) : blocks.back().term);
    Place place{from.index, from.position};
    const auto scanned = scan(group, known, {.chunk_bytes = kScanBytes}, place,
                              [&](const EntryHeader& header, const Slice& payload) {
                                indexer.add(header, payload.size());
                                return true;
                              });
    const auto added = indexer.take();
    blocks.insert(blocks.end(), added.begin(), added.end());
    // Else the index is wrong (or the segment: then the next step finds it).
    if (scanned && segment.last == group.durable.last.index && added.front() == from) {
      write_index(group, segment, encode_index_entries(added));
      return blocks;
    }
  }
  segment = known;
  auto rebuilt = rebuild_index(group, segment);
  if (rebuilt && segment.last != group.durable.last.index) {
    return unexpected(damaged(path, segment.bytes,
                              fmt::format("the segment ends with entry {} and not with entry {}",
                                          segment.last.value, group.durable.last.index.value)));
  }
  return rebuilt;
}

}  // namespace kontiki::storage
