#include "storage/store_impl.h"

#include "storage/codec.h"

#include <fmt/format.h>

#include <algorithm>

namespace kontiki::storage {

Result<std::unique_ptr<Store>, Error> Store::open(env::Disk& disk, env::Executor& executor, env::Clock& clock,
                                                  std::string dir, const Options& options) {
  const auto identity = load_or_create_identity(disk, clock, dir);
  if (!identity) return unexpected(identity.error());
  auto store = std::make_unique<StoreImpl>(disk, executor, std::move(dir), *identity, options);
  if (auto recovered = store->recover(); !recovered) return unexpected(recovered.error());
  return store;
}

StoreImpl::StoreImpl(env::Disk& disk, env::Executor& executor, std::string dir, const Uuid& store,
                     const Options& options)
    : disk_(disk),
      executor_(executor),
      dir_(std::move(dir)),
      options_(options),
      wal_(disk, executor, dir_ + "/wal", store, options.wal_file_bytes),
      store_(store) {}

Result<void, Error> StoreImpl::recover() {
  Replay groups;
  std::map<std::uint64_t, std::unordered_set<GroupId>> mentioned;
  const auto visit = [&](std::uint64_t file, WalRecord&& record) {
    mentioned[file].insert(record.group);
    replay(groups, file, std::move(record));
  };
  auto wal = recover_wal(disk_, dir_ + "/wal", store_, visit);
  if (!wal) return unexpected(wal.error());
  for (auto& [number, file] : wal->files) file.groups = std::move(mentioned[number]);
  wal_.start(wal->position, std::move(wal->files));

  for (auto& [id, from] : groups) {
    if (!from.known) {
      return unexpected(damaged(dir_ + "/wal", 0, fmt::format("the state of group {} is missing", id.value)));
    }
    auto group = std::make_unique<Group>();
    group->id = id;
    group->hard = from.state.hard;
    group->start = from.state.start;
    group->durable = from.state.end;
    group->committed = group->durable.last.index;
    group->state_file = from.state_file;
    adopt_tail(*group, from);
    tail_bytes_ += group->tail.bytes();
    RecoveredGroup found{.group = id,
                         .hard_state = group->hard,
                         .start = group->start,
                         .terms = group->terms,
                         .last = group->last(),
                         .next_offset = group->next_offset(),
                         .committed = group->committed,
                         .configurations = {},
                         .damage = group->damage};
    for (Index i = group->segments_end().index + 1; i <= group->last(); ++i) {
      const EntryHeader& header = group->tail.at(i).entry.header;
      if (header.kind == EntryKind::kConfiguration) found.configurations.push_back(header);
    }
    recovered_.push_back(std::move(found));
    groups_.emplace(id, std::move(group));
  }
  return {};
}

Group& StoreImpl::find(GroupId group) const {
  const auto it = groups_.find(group);
  CHECK(it != groups_.end(), "no such group");
  return *it->second;
}

void StoreImpl::stage_state(Group& group, RecordType type) {
  wal_.stage_state(type, group.id, group.state());
  group.state_file = wal_.staging_file();
}

void StoreImpl::create(GroupId group) {
  auto made = std::make_unique<Group>();
  made->id = group;
  Group& placed = *made;
  CHECK(groups_.emplace(group, std::move(made)).second, "the group exists");
  stage_state(placed);
}

void StoreImpl::remove(GroupId group) {
  const auto it = groups_.find(group);
  if (it == groups_.end()) return;
  wal_.stage_remove(group);
  tail_bytes_ -= it->second->tail.bytes();
  groups_.erase(it);
}

void StoreImpl::append(GroupId group, std::span<const Entry> entries) {
  if (entries.empty()) return;
  Group& to = find(group);
  const Index first = entries.front().header.index;
  CHECK(first > to.committed && first > to.segments_end().index, "a committed entry is never cut");
  CHECK(first <= to.last() + 1, "an append must follow on the log");
  tail_bytes_ -= to.tail.bytes();
  if (first <= to.last()) {
    to.tail.cut(first);
    to.cut_terms(first);
  }
  Index next = first;
  for (const auto& entry : entries) {
    CHECK(entry.header.index == next, "indexes follow on one by one");
    wal_.stage_append(RecordType::kAppend, group, entry.header, entry.payload);
    to.push_term(entry.header.term, next);
    to.tail.push(entry, wal_.staging_file());
    ++next;
  }
  tail_bytes_ += to.tail.bytes();
}

void StoreImpl::set_hard_state(GroupId group, const HardState& state) {
  Group& to = find(group);
  to.hard = state;
  stage_state(to);
}

void StoreImpl::reset(GroupId group, const LogStart& start) {
  Group& to = find(group);
  tail_bytes_ -= to.tail.bytes();
  to.tail.cut(Index(0));
  to.terms.clear();
  to.segments.clear();
  to.start = start;
  to.durable = {.last = start, .first = Index(0), .bytes = 0};
  to.committed = start.index;
  to.damage.reset();
  to.hint = {};
  ++to.epoch;
  stage_state(to, RecordType::kReset);
}

void StoreImpl::flush(env::Task done) {
  CHECK(!in_flight(), "one flush at a time");
  if (!has_staged() && !wal_.busy()) {
    executor_.post(std::move(done));
    return;
  }
  waiting_ = std::move(done);
  if (!wal_.busy()) start_flush();
}

void StoreImpl::start_flush() {
  flushing_ = std::move(waiting_);
  waiting_ = nullptr;
  wal_.flush([this] { flush_done(); });
}

void StoreImpl::flush_done() {
  env::Task done = std::move(flushing_);
  flushing_ = nullptr;
  if (waiting_ != nullptr) start_flush();
  if (done != nullptr) done();
}

void StoreImpl::set_committed(GroupId group, Index committed) {
  Group& to = find(group);
  to.committed = std::max(to.committed, std::min(committed, to.last()));
}

Result<std::vector<Entry>, Error> StoreImpl::read(GroupId group, Index first, Index last,
                                                  std::size_t bytes_max) {
  const Group& from = find(group);
  if (first <= from.start.index || first > from.last()) {
    return unexpected(
        Error{ErrorCode::kNotFound, fmt::format("group {}: entry {} is not in the log ({}, {}]", group.value,
                                                first.value, from.start.index.value, from.last().value)});
  }
  std::vector<Entry> out;
  std::size_t bytes = 0;
  for (Index i = first; i <= std::min(last, from.last()); ++i) {
    const Entry& entry = from.tail.at(i).entry;
    if (!out.empty() && bytes + entry.payload.size() > bytes_max) break;
    bytes += entry.payload.size();
    out.push_back(entry);
  }
  return out;
}

Result<std::vector<Entry>, Error> StoreImpl::read_from_offset(GroupId group, Offset from, Index last,
                                                              std::size_t bytes_max) {
  const Group& log = find(group);
  if (from < log.start.next_offset || from > log.next_offset()) {
    return unexpected(Error{ErrorCode::kNotFound,
                            fmt::format("group {}: offset {} is not in the log [{}, {})", group.value,
                                        from.value, log.start.next_offset.value, log.next_offset().value)});
  }
  std::vector<Entry> out;
  std::size_t bytes = 0;
  for (Index i = log.segments_end().index + 1; i <= std::min(last, log.last()); ++i) {
    const Entry& entry = log.tail.at(i).entry;
    if (entry.header.kind != EntryKind::kData || entry.header.next_offset() <= from) continue;
    if (!out.empty() && bytes + entry.payload.size() > bytes_max) break;
    bytes += entry.payload.size();
    out.push_back(entry);
  }
  return out;
}

Result<std::optional<TimestampOffset>, Error> StoreImpl::find_timestamp(GroupId group,
                                                                        std::int64_t timestamp_ms,
                                                                        Index last) {
  const Group& log = find(group);
  for (Index i = log.segments_end().index + 1; i <= std::min(last, log.last()); ++i) {
    const Entry& entry = log.tail.at(i).entry;
    if (entry.header.kind == EntryKind::kData && entry.header.max_timestamp >= timestamp_ms) {
      return TimestampOffset{entry.header.max_timestamp, entry.header, entry.payload};
    }
  }
  return std::nullopt;
}

Result<std::optional<TimestampOffset>, Error> StoreImpl::find_max_timestamp(GroupId group, Index last) {
  const Group& log = find(group);
  std::optional<TimestampOffset> best;
  for (Index i = log.segments_end().index + 1; i <= std::min(last, log.last()); ++i) {
    const Entry& entry = log.tail.at(i).entry;
    if (entry.header.kind == EntryKind::kData && (!best || entry.header.max_timestamp > best->timestamp)) {
      best = TimestampOffset{entry.header.max_timestamp, entry.header, entry.payload};
    }
  }
  return best;
}

std::uint64_t StoreImpl::size_bytes(GroupId group) const {
  const Group& log = find(group);
  return log.segment_payload_bytes() + log.tail.bytes();
}

void StoreImpl::save_snapshot(GroupId, Index, const Slice&, env::Task done) {
  executor_.post(std::move(done));
}

Result<std::optional<Store::Snapshot>, Error> StoreImpl::load_snapshot(GroupId) {
  return std::nullopt;
}

LogStart StoreImpl::retain(GroupId group, const Retention&, std::int64_t, Index) {
  return find(group).start;
}

bool StoreImpl::retention_due(GroupId, const Retention&, std::int64_t, Index) const {
  return false;
}

void StoreImpl::upkeep() {
  wal_.seal();
}

void StoreImpl::close() {
  wal_.flush_now();
  wal_.seal();
}

Stats StoreImpl::stats() const {
  return {.wal_bytes = wal_.bytes(),
          .wal_files = wal_.files().size(),
          .flushes = wal_.syncs(),
          .flushed_bytes = wal_.synced_bytes(),
          .open_files = 0,
          .tail_bytes = tail_bytes_};
}

}  // namespace kontiki::storage
