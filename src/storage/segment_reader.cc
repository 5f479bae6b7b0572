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
// That are loaded from there on where something is missing. Of a segment, what is read next. Of a kept file
// the payloads of other partitions follow, most of which are led elsewhere and not read here.
constexpr std::size_t kSegmentLoadBytes = 1u << 20;
constexpr std::size_t kKeptLoadBytes = 256u << 10;

// What to load, rather than the little that was asked for.
Error widened(Error error, std::size_t bytes) {
  if (error.piece) error.piece->bytes = std::max(error.piece->bytes, bytes);
  return error;
}

}  // namespace

Result<Slice, Error> Segments::read_at(const std::string& path, std::uint64_t at, std::size_t bytes,
                                       Wait wait, std::size_t bytes_min) {
  auto opened = files_.get(path, env::OpenMode::kRead);
  if (!opened) {
    if (opened.error() == env::DiskError::kNotFound)
      return unexpected(damaged(path, 0, "the file is missing"));
    return unexpected(io_error("open", path, opened.error()));
  }
  Buffer buffer(bytes);
  const auto got =
      wait == Wait::kNo ? (*opened)->read_cached(at, buffer.span()) : (*opened)->read(at, buffer.span());
  const bool is_cold =
      got ? wait == Wait::kNo && *got < bytes_min : got.error() == env::DiskError::kNotCached;
  if (is_cold)
    return unexpected(Error{ErrorCode::kNotCached, "only the device has it", Piece{path, at, bytes}});
  if (!got) return unexpected(io_error("read", path, got.error()));
  if (*got < bytes_min) return unexpected(damaged(path, at + *got, "the file ends too early"));
  return Slice(buffer).sub(0, *got);
}

Result<void, Error> Segments::scan(const Group& group, const Segment& segment, const How& how, Place& place,
                                   const Visitor& visit) {
  const std::string path = path_of(group.id, segment.first());
  // What follows may be a hole, which need not be read: so it begins with little, and so after each hole.
  std::size_t wanted = std::min(how.chunk_bytes, kProbeBytes);
  std::size_t needed = kSegmentEntryBytes;
  while (place.position < segment.bytes) {
    const std::uint64_t left = segment.bytes - place.position;
    const auto chunk =
        read_at(path, place.position,
                static_cast<std::size_t>(std::min<std::uint64_t>(std::max(wanted, needed), left)), how.wait,
                static_cast<std::size_t>(std::min<std::uint64_t>(needed, left)));
    if (!chunk) return unexpected(widened(chunk.error(), kSegmentLoadBytes));
    wanted = how.chunk_bytes;
    needed = kSegmentEntryBytes;
    std::size_t at = 0;
    while (at < chunk->size()) {
      const Slice rest = chunk->sub(at);
      const bool all_there = place.position + rest.size() == segment.bytes;
      const auto entry = decode_segment_entry(rest.bytes());
      if (!entry && (rest.size() >= kSegmentEntryBytes || all_there)) {
        return unexpected(damaged(path, place.position, "an entry's header is not valid"));
      }
      const std::size_t bytes = entry ? kSegmentEntryBytes + entry->payload_bytes : kSegmentEntryBytes;
      if (bytes > segment.bytes - place.position) {
        return unexpected(damaged(path, place.position, "an entry does not fit into the segment"));
      }
      if (entry && entry->header.index != place.index) {
        return unexpected(damaged(path, place.position,
                                  fmt::format("entry {} stands where entry {} belongs",
                                              entry->header.index.value, place.index.value)));
      }
      if (entry && how.stops && how.stops(entry->header, entry->payload_bytes)) return {};
      const bool is_kept = entry && entry->is_kept;
      const std::size_t stored = is_kept ? kSegmentEntryBytes + kKeptPlaceBytes : bytes;
      if (!entry || stored > rest.size()) {
        needed = stored;
        break;  // the chunk ends within this entry: read on from its beginning
      }
      Slice payload = rest.sub(kSegmentEntryBytes, stored - kSegmentEntryBytes);
      if (is_kept) {
        const auto kept_at = decode_kept_place(payload.bytes());
        if (!kept_at) return unexpected(damaged(path, place.position, "a place does not match its checksum"));
        auto kept = read_at(kept_.path(kept_at->file), kept_at->at, entry->payload_bytes, how.wait);
        if (!kept) return unexpected(widened(kept.error(), kKeptLoadBytes));
        payload = std::move(*kept);
        wanted = std::min(how.chunk_bytes, kProbeBytes);
      }
      if (!is_intact(group.id, rest.bytes(), payload)) {
        return unexpected(damaged(path, place.position, "an entry does not match its checksum"));
      }
      if (!visit(entry->header, payload)) return {};
      at += bytes;
      place.position += bytes;
      ++place.index;
    }
  }
  return {};
}

Result<void, Error> Segments::scan_after(Group& group, Segment& segment, const Before& before, const How& how,
                                         Place& place, const Visitor& visit) {
  auto block = find_block(group, segment, before, how.wait);
  if (!block && block.error().code == ErrorCode::kNotCached) return unexpected(block.error());
  if (block) {
    // Trust the index no further than the first entry it leads to.
    bool reached = false;
    place = {block->index, block->position};
    auto scanned = scan(group, segment, how, place, [&](const EntryHeader& header, const Slice& payload) {
      reached = true;
      return visit(header, payload);
    });
    if (scanned || reached || scanned.error().code != ErrorCode::kDamaged) return scanned;
  }
  const auto rebuilt = rebuild_index(group, segment);
  if (!rebuilt) return unexpected(rebuilt.error());
  block = find_block(group, segment, before, how.wait);
  if (!block) return unexpected(block.error());
  place = {block->index, block->position};
  return scan(group, segment, how, place, visit);
}

Result<std::vector<IndexEntry>, Error> Segments::read_index(const Group& group, const Segment& segment,
                                                            std::uint64_t from, std::uint64_t count,
                                                            Wait wait) {
  const std::string path = index_path_of(group.id, segment.first());
  auto bytes = read_at(path, kIndexHeaderBytes + from * kIndexEntryBytes,
                       static_cast<std::size_t>(count * kIndexEntryBytes), wait);
  if (!bytes && bytes.error().piece) {  // a search goes on before it or behind it: load the whole index
    const auto all = static_cast<std::size_t>(segment.index_entries * kIndexEntryBytes);
    bytes.error().piece = Piece{path, kIndexHeaderBytes, all};
  }
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
                                               const Before& before, Wait wait) {
  std::uint64_t low = 0;  // the answer is at or after `low` and before `high`
  std::uint64_t high = segment.index_entries;
  while (high - low > kIndexReadAtOnce) {
    const std::uint64_t middle = low + (high - low) / 2;
    const auto entry = read_index(group, segment, middle, 1, wait);
    if (!entry) return unexpected(entry.error());
    (before(entry->front()) ? low : high) = middle;
  }
  const auto rest = read_index(group, segment, low, high - low, wait);
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
  Place place{segment.first(), kSegmentHeaderBytes};
  const auto scanned = scan(group, segment, {.chunk_bytes = std::size_t{1} << 20}, place, visit);
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
