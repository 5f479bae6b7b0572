// StoreImpl: reading a group's log over its segments and its tail.
#include "storage/codec.h"
#include "storage/store_impl.h"

#include <fmt/format.h>

#include <algorithm>

namespace kontiki::storage {
namespace {

constexpr std::size_t kChunkBytesMin = 32u << 10;
constexpr std::size_t kChunkBytesMax = 4u << 20;
constexpr std::size_t kSearchChunkBytes = 64u << 10;

std::size_t chunk_for(std::size_t bytes_max) {
  return std::clamp(bytes_max, kChunkBytesMin - 4096, kChunkBytesMax - 4096) + 4096;
}

Error not_found(GroupId group, std::string_view what, auto asked, auto first, auto end) {
  return {ErrorCode::kNotFound,
          fmt::format("group {}: {} {} is not in the log [{}, {})", group.value, what, asked, first, end)};
}

Error broken(const Group& group) {
  return {ErrorCode::kDamaged, *group.damage};
}

}  // namespace

bool StoreImpl::Collect::is_full(const EntryHeader& header, std::size_t payload_bytes) const {
  return header.index > last || (!entries.empty() && bytes + payload_bytes > bytes_max);
}

bool StoreImpl::Collect::add(const EntryHeader& header, const Slice& payload) {
  if (is_full(header, payload.size())) return false;
  bytes += payload.size();
  entries.push_back({header, payload});
  return true;
}

Result<bool, Error> StoreImpl::read_segments(Group& group, Index first, Collect& out) {
  group.read_at = wal_.staging_file();
  const auto begin = std::ranges::lower_bound(group.segments, first, {}, &Segment::last);
  for (auto segment = begin; segment != group.segments.end(); ++segment) {
    if (segment->first() > out.last) return false;
    Offset next_offset{0};
    bool full = false;
    const auto visit = [&](const EntryHeader& header, const Slice& payload) {
      if (header.index >= first) out.add(header, payload);
      next_offset = header.next_offset();
      return true;
    };
    const ReadHint& hint = group.hint;
    const bool hinted = hint.segment == segment->first() && hint.next == std::max(first, segment->first());
    const auto stops = [&](const EntryHeader& header, std::size_t payload_bytes) {
      return full = header.index >= first && out.is_full(header, payload_bytes);
    };
    const Segments::How how{.chunk_bytes = chunk_for(out.bytes_max), .stops = stops};
    Segments::Place end{hint.next, hint.position};
    const auto read =
        hinted ? segments_.scan(group, *segment, how, end, visit)
               : segments_.scan_after(
                     group, *segment, [&](const IndexEntry& block) { return block.index <= first; }, how, end,
                     visit);
    if (!read) return unexpected(read.error());
    if (!out.entries.empty()) group.hint = {segment->first(), end.index, next_offset, end.position};
    if (full) return false;
  }
  return true;
}

Result<std::vector<Entry>, Error> StoreImpl::read(GroupId group, Index first, Index last,
                                                  std::size_t bytes_max) {
  Group& log = find(group);
  if (first <= log.start.index || first > log.last()) {
    return unexpected(
        not_found(group, "entry", first.value, log.start.index.value + 1, log.last().value + 1));
  }
  Collect out{.last = std::min(last, log.last()), .bytes_max = bytes_max};
  const Index in_segments = log.segments_end().index;
  if (first <= in_segments) {
    if (log.damage) return unexpected(broken(log));
    const auto more = read_segments(log, first, out);
    if (!more) return unexpected(more.error());
    if (!*more) return std::move(out.entries);
  }
  for (Index i = std::max(first, in_segments + 1); i <= out.last; ++i) {
    const Entry& entry = log.tail.at(i).entry;
    if (!out.add(entry.header, entry.payload)) break;
  }
  return std::move(out.entries);
}

Result<std::vector<Entry>, Error> StoreImpl::read_from_offset(GroupId group, Offset from, Index last,
                                                              std::size_t bytes_max, Wait wait) {
  Group& log = find(group);
  if (from < log.start.next_offset || from > log.next_offset()) {
    return unexpected(
        not_found(group, "offset", from.value, log.start.next_offset.value, log.next_offset().value));
  }
  Collect out{.last = std::min(last, log.last()), .bytes_max = bytes_max};
  const auto wanted = [&](const EntryHeader& header) {
    return header.kind == EntryKind::kData && header.next_offset() > from;
  };
  const LogStart end = log.segments_end();
  if (from < end.next_offset) {
    if (log.damage) return unexpected(broken(log));
    log.read_at = wal_.staging_file();
    const auto begin = std::ranges::upper_bound(log.segments, from, {}, &Segment::next_offset);
    for (auto segment = begin; segment != log.segments.end() && segment->first() <= out.last; ++segment) {
      bool full = false;
      bool visited = false;
      Offset next_offset = from;
      const auto visit = [&](const EntryHeader& header, const Slice& payload) {
        if (wanted(header)) out.add(header, payload);
        visited = true;
        next_offset = header.next_offset();
        return true;
      };
      const ReadHint& hint = log.hint;
      const bool hinted = hint.segment == segment->first() && hint.offset == from && segment == begin;
      const auto stops = [&](const EntryHeader& header, std::size_t payload_bytes) {
        return full = header.index > out.last || (wanted(header) && out.is_full(header, payload_bytes));
      };
      const Segments::How how{.chunk_bytes = chunk_for(bytes_max), .wait = wait, .stops = stops};
      Segments::Place place{hint.next, hint.position};
      const auto read =
          hinted ? segments_.scan(log, *segment, how, place, visit)
                 : segments_.scan_after(
                       log, *segment, [&](const IndexEntry& block) { return block.offset <= from; }, how,
                       place, visit);
      const bool cut_short = !read && read.error().code == ErrorCode::kNotCached && !out.entries.empty();
      if (!read && !cut_short) return unexpected(read.error());
      if (read || visited) log.hint = {segment->first(), place.index, next_offset, place.position};
      if (full || cut_short) return std::move(out.entries);
    }
  }
  if (log.tail.empty()) return std::move(out.entries);
  // The tail's entries stand in the order of their offsets: find the first that ends after `from`.
  Index low = log.tail.first();
  for (Index high = log.tail.last() + 1; low < high;) {
    const Index middle = low + (high - low) / 2;
    if (log.tail.at(middle).entry.header.next_offset() > from) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  for (; low <= out.last; ++low) {
    const Entry& entry = log.tail.at(low).entry;
    if (wanted(entry.header) && !out.add(entry.header, entry.payload)) break;
  }
  return std::move(out.entries);
}

void StoreImpl::load(const Piece& piece, env::Task done) {
  const auto file = files_.get(piece.path, env::OpenMode::kRead);
  if (!file) return executor_.post(std::move(done));  // the next read says why
  (*file)->cache_async(piece.at, piece.bytes, executor_, std::move(done));
}

Result<std::optional<TimestampOffset>, Error> StoreImpl::first_in_segment(Group& group, Segment& segment,
                                                                          std::int64_t timestamp_ms,
                                                                          Span span) {
  std::optional<TimestampOffset> found;
  const auto visit = [&](const EntryHeader& header, const Slice& payload) {
    if (header.index > span.last) return false;
    if (!span.has(header) || header.max_timestamp < timestamp_ms) return true;
    found = TimestampOffset{header.max_timestamp, header, payload};
    return false;
  };
  const auto before = [&](const IndexEntry& block) {
    return block.max_timestamp < timestamp_ms || block.offset <= span.from;
  };
  Segments::Place place;
  const auto read =
      segments_.scan_after(group, segment, before, {.chunk_bytes = kSearchChunkBytes}, place, visit);
  if (!read) return unexpected(read.error());
  return found;
}

Result<std::optional<TimestampOffset>, Error> StoreImpl::find_timestamp(GroupId group,
                                                                        std::int64_t timestamp_ms,
                                                                        Offset from, Index last) {
  Group& log = find(group);
  if (log.damage) return unexpected(broken(log));
  const Span span{from, std::min(last, log.last())};
  for (auto& segment : log.segments) {
    if (segment.first() > last) return std::nullopt;
    if (segment.max_timestamp < timestamp_ms || segment.next_offset <= from) continue;
    auto found = first_in_segment(log, segment, timestamp_ms, span);
    if (!found || *found) return found;
  }
  for (Index i = log.segments_end().index + 1; i <= span.last; ++i) {
    const Entry& entry = log.tail.at(i).entry;
    if (span.has(entry.header) && entry.header.max_timestamp >= timestamp_ms)
      return TimestampOffset{entry.header.max_timestamp, entry.header, entry.payload};
  }
  return std::nullopt;
}

// The largest timestamp of the data of `span` within the segment; below any if there is none.
Result<std::int64_t, Error> StoreImpl::max_timestamp_in(Group& group, Segment& segment, Span span) {
  std::int64_t best = std::numeric_limits<std::int64_t>::min();
  const auto visit = [&](const EntryHeader& header, const Slice&) {
    if (header.index > span.last) return false;
    if (span.has(header)) best = std::max(best, header.max_timestamp);
    return true;
  };
  // What the index says of the entries before a block holds for the whole segment up to there: it can be used
  // only if the span begins with the segment.
  const bool whole_front = segment.prev.next_offset >= span.from;
  std::int64_t before_block = -1;
  const auto before = [&](const IndexEntry& block) {
    if (!whole_front) return block.offset <= span.from;
    if (block.index > span.last) return false;
    before_block = std::max(before_block, block.max_timestamp);
    return true;
  };
  Segments::Place place;
  const auto read =
      segments_.scan_after(group, segment, before, {.chunk_bytes = kSearchChunkBytes}, place, visit);
  if (!read) return unexpected(read.error());
  return before_block >= 0 ? std::max(best, before_block) : best;
}

Result<std::optional<TimestampOffset>, Error> StoreImpl::find_max_timestamp(GroupId group, Offset from,
                                                                            Index last) {
  Group& log = find(group);
  if (log.damage) return unexpected(broken(log));
  const Span span{from, std::min(last, log.last())};
  std::int64_t best = std::numeric_limits<std::int64_t>::min();
  Segment* holder = nullptr;
  for (auto& segment : log.segments) {
    if (segment.first() > last) break;
    const bool has_data = segment.next_offset > std::max(segment.prev.next_offset, from);
    if (!has_data || (holder != nullptr && segment.max_timestamp <= best)) continue;
    std::int64_t largest = segment.max_timestamp;
    if (segment.last > last || segment.prev.next_offset < from) {
      const auto part = max_timestamp_in(log, segment, span);
      if (!part) return unexpected(part.error());
      largest = *part;
    }
    if (largest > best) {
      best = largest;
      holder = &segment;
    }
  }
  const Entry* in_tail = nullptr;
  for (Index i = log.segments_end().index + 1; i <= span.last; ++i) {
    const Entry& entry = log.tail.at(i).entry;
    if (!span.has(entry.header) || entry.header.max_timestamp <= best) continue;
    best = entry.header.max_timestamp;
    in_tail = &entry;
  }
  if (in_tail != nullptr) return TimestampOffset{best, in_tail->header, in_tail->payload};
  if (holder == nullptr) return std::nullopt;
  return first_in_segment(log, *holder, best, span);
}

}  // namespace kontiki::storage
