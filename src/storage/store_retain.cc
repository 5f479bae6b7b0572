// StoreImpl: retention. Whole segments go, oldest first. The new start is staged like everything else, and
// the files are removed after the flush that makes it durable: a crash in between leaves files that recovery
// removes.
#include "storage/codec.h"
#include "storage/store_impl.h"

namespace kontiki::storage {
namespace {

// Nothing in it is wanted any more, whatever the size of the log.
bool is_expired(const Segment& segment, const Retention& retention, std::int64_t wall_ms) {
  if (retention.below > Offset(0) && segment.next_offset <= retention.below) return true;
  if (retention.time_ms < 0) return false;
  const bool has_data = segment.next_offset > segment.prev.next_offset;
  if (!has_data) return true;
  return segment.max_timestamp >= 0 && wall_ms - segment.max_timestamp > retention.time_ms;
}

}  // namespace

// How many of the oldest segments may go.
std::size_t StoreImpl::droppable(const Group& group, const Retention& retention, std::int64_t wall_ms,
                                 Index up_to) const {
  std::uint64_t bytes = group.segment_payload_bytes() + group.tail.bytes();
  std::size_t count = 0;
  for (const auto& segment : group.segments) {
    const bool newest = &segment == &group.segments.back();
    // What is on its way to segments is not recorded as durable yet: the log must not start beyond that.
    if (segment.last > group.durable.last.index) break;
    // Its age or that its records were deleted can make the newest segment go, not its size.
    const bool too_large = !newest && retention.bytes >= 0 &&
                           bytes >= static_cast<std::uint64_t>(retention.bytes) + segment.bytes;
    if (segment.last > up_to || !(too_large || is_expired(segment, retention, wall_ms))) break;
    bytes -= segment.bytes;
    ++count;
  }
  return count;
}

bool StoreImpl::retention_due(GroupId group, const Retention& retention, std::int64_t wall_ms,
                              Index up_to) const {
  const Group& log = find(group);
  if (log.damage) return false;
  return droppable(log, retention, wall_ms, log.last()) > droppable(log, retention, wall_ms, up_to);
}

LogStart StoreImpl::retain(GroupId group, const Retention& retention, std::int64_t wall_ms, Index up_to) {
  Group& log = find(group);
  if (log.damage || log.cleaning || log.segments.empty()) return log.start;
  Segment& newest = log.segments.back();
  if (!newest.sealed && newest.last == log.durable.last.index && is_expired(newest, retention, wall_ms)) {
    Unsynced unsynced;  // only its index is written, which can be made anew
    segments_.seal(log, unsynced);
  }
  const std::size_t count = droppable(log, retention, wall_ms, up_to);
  if (count == 0) return log.start;
  const Segment& last = log.segments[count - 1];
  const LogStart start{last.last, log.term_at(last.last).value_or(last.prev.term), last.next_offset};
  std::vector<Index> firsts;
  for (std::size_t i = 0; i < count; ++i) firsts.push_back(log.segments[i].first());
  log.segments.erase(log.segments.begin(), log.segments.begin() + static_cast<std::ptrdiff_t>(count));
  log.start = start;
  log.drop_terms(start.index);
  log.hint = {};
  if (log.segments.empty()) log.durable = {.last = start, .first = Index(0), .bytes = 0};
  stage_state(log);
  after_flush([this, group, firsts = std::move(firsts), to = start.index, epoch = log.epoch] {
    const auto it = groups_.find(group);
    if (it == groups_.end() || it->second->epoch != epoch) return;  // a later step removes them all
    for (const Index first : firsts) segments_.remove_files(group, first);
    kept_.release(group, to);
  });
  return log.start;
}

}  // namespace kontiki::storage
