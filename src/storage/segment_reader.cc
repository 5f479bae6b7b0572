// Segments, the reading side.
#include "storage/codec.h"
#include "storage/segments.h"

#include <fmt/format.h>

#include <algorithm>

namespace kontiki::storage {
namespace {

constexpr std::uint64_t kIndexReadAtOnce =
    512;  // entries; below, a binary search costs more than reading them
constexpr std::size_t kProbeBytes = 4096;

}  // namespace

Result<Slice, Error> Segments::read_at(const std::string& path, std::uint64_t at, std::size_t bytes) {
  auto opened = files_.get(path, env::OpenMode::kRead);
  if (!opened) {
    if (opened.error() == env::DiskError::kNotFound)
      return unexpected(damaged(path, 0, "the file is missing"));
    return unexpected(io_error("open", path, opened.error()));
  }
  Buffer buffer(bytes);
  const auto got = (*opened)->read(at, buffer.span());
  if (!got) return unexpected(io_error("read", path, got.error()));
  if (*got < bytes) return unexpected(damaged(path, at + *got, "the file ends too early"));
  return Slice(buffer);
}

Result<Segments::Place, Error> Segments::scan(const Group& group, const Segment& segment, Place from,
                                              std::size_t chunk_bytes, const Visitor& visit) {
  const std::string path = path_of(group.id, segment.first());
  // What follows may be a hole, which need not be read: so it begins with little, and so after each hole.
  std::size_t wanted = std::min(chunk_bytes, kProbeBytes);
  while (from.position < segment.bytes) {
    const auto size = static_cast<std::size_t>(
        std::min<std::uint64_t>(std::max(wanted, kSegmentEntryBytes), segment.bytes - from.position));
    const auto chunk = read_at(path, from.position, size);
    if (!chunk) return unexpected(chunk.error());
    wanted = chunk_bytes;
    std::size_t at = 0;
    while (at < size) {
      const Slice rest = chunk->sub(at);
      const bool all_there = from.position + rest.size() == segment.bytes;
      const auto entry = decode_segment_entry(rest.bytes());
      if (!entry && (rest.size() >= kSegmentEntryBytes || all_there)) {
        return unexpected(damaged(path, from.position, "an entry's header is not valid"));
      }
      const std::size_t bytes = entry ? kSegmentEntryBytes + entry->payload_bytes : kSegmentEntryBytes;
      if (bytes > segment.bytes - from.position) {
        return unexpected(damaged(path, from.position, "an entry does not fit into the segment"));
      }
      const bool is_kept = entry && entry->is_kept;
      const std::size_t stored = is_kept ? kSegmentEntryBytes + kKeptPlaceBytes : bytes;
      if (!entry || stored > rest.size()) {
        wanted = std::max(chunk_bytes, stored);
        break;  // the chunk ends within this entry: read on from its beginning
      }
      Slice payload = rest.sub(kSegmentEntryBytes, stored - kSegmentEntryBytes);
      if (is_kept) {
        const auto place = decode_kept_place(payload.bytes());
        if (!place) return unexpected(damaged(path, from.position, "a place does not match its checksum"));
        auto kept = read_at(kept_.path(place->file), place->at, entry->payload_bytes);
        if (!kept) return unexpected(kept.error());
        payload = std::move(*kept);
        wanted = std::min(chunk_bytes, kProbeBytes);
      }
      if (!is_intact(group.id, rest.bytes(), payload)) {
        return unexpected(damaged(path, from.position, "an entry does not match its checksum"));
      }
      if (entry->header.index != from.index) {
        return unexpected(damaged(path, from.position,
                                  fmt::format("entry {} stands where entry {} belongs",
                                              entry->header.index.value, from.index.value)));
      }
      if (!visit(entry->header, payload)) return from;
      at += bytes;
      from.position += bytes;
      ++from.index;
    }
  }
  return from;
}

Result<Segments::Place, Error> Segments::scan_after(Group& group, Segment& segment, const Before& before,
                                                    std::size_t chunk_bytes, const Visitor& visit) {
  auto block = find_block(group, segment, before);
  if (block) {
    // Trust the index no further than the first entry it leads to.
    bool reached = false;
    auto place = scan(group, segment, {block->index, block->position}, chunk_bytes,
                      [&](const EntryHeader& header, const Slice& payload) {
                        reached = true;
                        return visit(header, payload);
                      });
    if (place || reached || place.error().code != ErrorCode::kDamaged) return place;
  }
  const auto rebuilt = rebuild_index(group, segment);
  if (!rebuilt) return unexpected(rebuilt.error());
  block = find_block(group, segment, before);
  if (!block) return unexpected(block.error());
  return scan(group, segment, {block->index, block->position}, chunk_bytes, visit);
}

Result<std::vector<IndexEntry>, Error> Segments::read_index(const Group& group, const Segment& segment,
                                                            std::uint64_t from, std::uint64_t count) {
  const std::string path = index_path_of(group.id, segment.first());
  const auto bytes = read_at(path, kIndexHeaderBytes + from * kIndexEntryBytes,
                             static_cast<std::size_t>(count * kIndexEntryBytes));
  if (!bytes) return unexpected(bytes.error());
  std::vector<IndexEntry> out;
  for (std::size_t at = 0; at < bytes->size(); at += kIndexEntryBytes) {
    const auto entry = decode_index_entry(bytes->bytes().subspan(at));
    if (!entry) {
      return unexpected(damaged(path, kIndexHeaderBytes + from * kIndexEntryBytes + at,
                                "an index entry does not match its checksum"));
    }
    out.push_back(*entry);
  }
  return out;
}

Result<IndexEntry, Error> Segments::find_block(const Group& group, const Segment& segment,
                                               const Before& before) {
  std::uint64_t low = 0;  // the answer is at or after `low` and before `high`
  std::uint64_t high = segment.index_entries;
  while (high - low > kIndexReadAtOnce) {
    const std::uint64_t middle = low + (high - low) / 2;
    const auto entry = read_index(group, segment, middle, 1);
    if (!entry) return unexpected(entry.error());
    (before(entry->front()) ? low : high) = middle;
  }
  const auto rest = read_index(group, segment, low, high - low);
  if (!rest) return unexpected(rest.error());
  if (rest->empty()) {
    return unexpected(damaged(index_path_of(group.id, segment.first()), 0, "the index is empty"));
  }
  IndexEntry best = rest->front();
  for (const auto& entry : *rest) {
    if (before(entry)) best = entry;
  }
  return best;
}

Result<std::vector<IndexEntry>, Error> Segments::rebuild_index(const Group& group, Segment& segment) {
  const std::string path = index_path_of(group.id, segment.first());
  Segment fresh = segment;
  fresh.last = segment.prev.index;
  fresh.next_offset = segment.prev.next_offset;
  fresh.bytes = kSegmentHeaderBytes;
  fresh.max_timestamp = -1;
  fresh.index_entries = 0;
  fresh.bytes_since_index = 0;
  Indexer indexer(fresh, options_.index_interval_bytes, segment.prev.term);
  Term last_term = segment.prev.term;
  const auto visit = [&](const EntryHeader& header, const Slice& payload) {
    indexer.add(header, payload.size());
    last_term = header.term;
    return true;
  };
  const auto scanned =
      scan(group, segment, {segment.first(), kSegmentHeaderBytes}, std::size_t{1} << 20, visit);
  if (!scanned) return unexpected(scanned.error());
  auto blocks = indexer.take();
  auto all = blocks;
  if (segment.sealed) {
    const auto summary = summary_of(fresh, last_term, blocks);
    all.insert(all.end(), summary.begin(), summary.end());
  }
  segment = fresh;
  // Not fatal: nothing depends on an index but the speed of reads, and this one fails with a clear error.
  files_.forget(path);
  auto opened = files_.get(path, env::OpenMode::kCreate);
  if (!opened) return unexpected(io_error("write", path, opened.error()));
  const std::vector<Slice> pieces = {encode_index_header(group.id, segment.first()),
                                     Slice::copy_of(Bytes(encode_index_entries(all)))};
  auto written = (*opened)->truncate(0);
  if (written) written = (*opened)->write(0, pieces);
  if (!written) return unexpected(io_error("write", path, written.error()));
  return blocks;
}

}  // namespace kontiki::storage
