#include "storage/store_impl.h"

#include "base/crc32c.h"
#include "base/log.h"
#include "storage/codec.h"
#include "storage/wal_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <utility>

namespace kontiki::storage {
namespace {

// close() moves what would make the next start slow; a few entries stay in the WAL, or a clean stop of a
// hundred thousand quiet groups would take minutes.
constexpr std::size_t kCloseMovesBytesMin = 256u << 10;
// Between two pieces by which the log is lengthened: what comes meanwhile waits for one of them at most.
constexpr std::int64_t kLengthenPauseUs = 40'000;

std::string aside_of(const std::string& dir) {
  return dir + ".damaged";
}

std::string parent_of(const std::string& dir) {
  const auto slash = dir.rfind('/');
  return slash == std::string::npos || slash == 0 ? dir : dir.substr(0, slash);
}

// `from` goes to `to`. What stands there already is older, so it holds more: then `from` is a repair that was
// not finished, and goes.
void set_aside(env::Disk& disk, const std::string& from, const std::string& to) {
  if (disk.list(to)) {
    require(disk.remove_all(from), "remove", from);
  } else {
    require(disk.make_dirs(parent_of(to)), "create", parent_of(to));
    require(disk.rename(from, to), "rename", from);
    require(disk.sync_dir(parent_of(to)), "sync the folder", parent_of(to));
  }
  require(disk.sync_dir(parent_of(from)), "sync the folder", parent_of(from));
}

Result<std::unique_ptr<StoreImpl>, Error> try_open(env::Disk& disk, env::Executor& executor,
                                                   env::Clock& clock, const std::string& dir,
                                                   const Options& options) {
  const auto identity = load_or_create_identity(disk, clock, dir, options.seed);
  if (!identity) return unexpected(identity.error());
  auto store = std::make_unique<StoreImpl>(disk, executor, dir, *identity, options);
  if (auto recovered = store->recover(); !recovered) return unexpected(recovered.error());
  return store;
}

}  // namespace

Result<std::unique_ptr<Store>, Error> Store::open(env::Disk& disk, env::Executor& executor, env::Clock& clock,
                                                  std::string dir, const Options& options) {
  auto store = try_open(disk, executor, clock, dir, options);
  std::string why = fmt::format("{} holds damaged data that is not replaced yet", aside_of(dir));
  if (!store && store.error().code == ErrorCode::kDamaged) {
    log(LogLevel::kError, "{}; setting all of {} aside, to be repaired from the other replicas",
        store.error().message, dir);
    why = store.error().message;
    Options other = options;  // the clock alone may not have moved on since the store before was made
    other.seed ^= std::uint64_t{crc32c(as_bytes(why))} << 32;
    if (const auto identity = read_whole_file(disk, dir + "/store")) {
      other.seed ^= std::uint64_t{crc32c(identity->bytes())} << 16;
    }
    storage::set_aside(disk, dir, aside_of(dir));
    store = try_open(disk, executor, clock, dir, other);
  }
  if (!store) return unexpected(store.error());
  if (disk.list(aside_of(dir))) (*store)->note_set_aside(std::move(why));
  return std::move(*store);
}

void StoreImpl::drop_set_aside() {
  require(disk_.remove_all(aside_of(dir_)), "remove", aside_of(dir_));
  require(disk_.sync_dir(parent_of(dir_)), "sync the folder", parent_of(dir_));
  set_aside_.reset();
}

StoreImpl::StoreImpl(env::Disk& disk, env::Executor& executor, std::string dir, const Uuid& store,
                     const Options& options)
    : disk_(disk),
      executor_(executor),
      dir_(std::move(dir)),
      options_(options),
      store_(store),
      wal_(disk, executor, dir_ + "/wal", store, options),
      files_(disk, options.open_files_max),
      kept_(disk, files_, dir_ + "/wal", groups_),
      segments_(disk, files_, kept_, dir_ + "/groups", options_),
      snapshots_(disk, executor, dir_ + "/groups", groups_),
      mover_(
          executor, groups_, wal_, segments_, kept_,
          {.stage_state = [this](Group& group) { stage_state(group); }, .flush = [this] { flush_soon(); }}) {}

Result<void, Error> StoreImpl::recover() {
  Replay groups;
  std::map<std::uint64_t, WalFile> seen;
  const auto visit = [&](std::uint64_t file, WalRecord&& record) {
    seen[file].groups.insert(record.group);
    const std::size_t bytes = record.entry.payload.size();
    if (bytes >= options_.kept_payload_bytes_min) {
      seen[file].large.push_back(
          {record.group, record.entry.header.index, record.payload_at, static_cast<std::uint32_t>(bytes)});
    }
    replay(groups, file, std::move(record));
  };
  auto wal = recover_wal(disk_, dir_ + "/wal", store_, visit);
  if (!wal) return unexpected(wal.error());
  for (auto& [number, file] : wal->files) {
    file.groups = std::move(seen[number].groups);
    file.large = std::move(seen[number].large);
  }
  wal_.start(wal->position, std::move(wal->files));
  if (auto found = kept_.find(); !found) return found;

  // A group's state stands in the WAL as long as the group lives; a folder without one is left from a
  // removal.
  const std::string folder = dir_ + "/groups";
  const auto names = disk_.list(folder);
  if (!names) return unexpected(io_error("list", folder, names.error()));
  // A folder that was made just before a crash may not have its name durable yet; from here on it is relied
  // upon.
  if (!names->empty())
    if (auto synced = disk_.sync_dir(folder); !synced)
      return unexpected(io_error("sync", folder, synced.error()));
  std::unordered_set<std::string> folders(names->begin(), names->end());
  for (auto& [id, from] : groups) {
    const bool has_folder = folders.erase(std::to_string(id.value)) != 0;
    if (auto done = recover_group(id, from, has_folder); !done) return done;
  }
  kept_.settle();
  remove_stale_damaged();
  for (const auto& name : folders) {
    const bool number = !name.empty() && name.find_first_not_of("0123456789") == std::string::npos;
    if (number) require(disk_.remove_all(folder + "/" + name), "remove", folder + "/" + name);
  }
  return {};
}

// What was set aside and is not wanted any more: its removal was interrupted.
void StoreImpl::remove_stale_damaged() {
  const auto names = disk_.list(dir_ + "/damaged");
  if (!names) return;
  for (const auto& name : *names) {
    const auto wanted = [&](const auto& entry) {
      return std::to_string(entry.first.value) == name &&
             (entry.second->hard.doubt.open || entry.second->damage);
    };
    if (std::ranges::any_of(groups_, wanted)) continue;
    const std::string path = dir_ + "/damaged/" + name;
    require(disk_.remove_all(path), "remove", path);
  }
}

Result<void, Error> StoreImpl::recover_group(GroupId id, ReplayedGroup& from, bool folder) {
  if (!from.known) {
    return unexpected(damaged(dir_ + "/wal", 0, fmt::format("the state of group {} is missing", id.value)));
  }
  if (from.state.end.last.index < from.state.start.index) {
    return unexpected(
        damaged(dir_ + "/wal", 0, fmt::format("the state of group {} contradicts itself", id.value)));
  }
  auto group = std::make_unique<Group>();
  group->id = id;
  group->hard = from.state.hard;
  group->start = from.state.start;
  group->durable = from.state.end;
  group->committed = group->durable.last.index;
  group->state_file = from.state_file;
  group->folder = folder;
  RecoveredGroup found;
  if (folder) snapshots_.remove_leftover(id);
  if (folder || group->durable.last.index > group->start.index) {
    if (auto done = segments_.recover(*group, found.configurations); !done) return done;
  }
  if (auto done = adopt_tail(*group, from, dir_ + "/wal"); !done) return done;
  for (Index i = group->segments_end().index + 1; i <= group->last(); ++i) {
    const EntryHeader& header = group->tail.at(i).entry.header;
    if (header.kind == EntryKind::kConfiguration) found.configurations.push_back(header);
  }
  found.group = id;
  found.hard_state = group->hard;
  found.start = group->start;
  found.terms = group->terms;
  found.last = group->last();
  found.next_offset = group->next_offset();
  found.committed = group->committed;
  found.damage = group->damage;
  recovered_.push_back(std::move(found));
  groups_.emplace(id, std::move(group));
  return {};
}

Group& StoreImpl::find(GroupId group) const {
  const auto it = groups_.find(group);
  CHECK(it != groups_.end(), "no such group");
  return *it->second;
}

void StoreImpl::stage_state(Group& group, RecordType type) {
  CHECK(group.durable.last.index >= group.start.index, "the log starts within what is durable in segments");
  wal_.stage_state(type, group.id, group.state());
  group.state_file = wal_.staging_file();
}

void StoreImpl::create(GroupId group) {
  auto made = std::make_unique<Group>();
  made->id = group;
  made->epoch = ++lives_ << 32;
  Group& placed = *made;
  CHECK(groups_.emplace(group, std::move(made)).second, "the group exists");
  stage_state(placed);
}

void StoreImpl::remove(GroupId group) {
  const auto it = groups_.find(group);
  if (it == groups_.end()) return;
  wal_.stage_remove(group);
  const bool folder = it->second->folder;
  const bool doubtful = it->second->hard.doubt.open;
  groups_.erase(it);
  after_flush([this, group] {
    if (!has(group)) kept_.release(group, Index(std::numeric_limits<std::uint64_t>::max()));
  });
  snapshots_.forget(group);
  if (folder) {
    after_flush([this, path = segments_.folder_of(group)] {
      files_.forget_all(path);
      require(disk_.remove_all(path), "remove", path);
    });
  }
  if (doubtful) drop_damaged(group);
}

void StoreImpl::append(GroupId group, std::span<const Entry> entries) {
  if (entries.empty()) return;
  Group& to = find(group);
  const Index first = entries.front().header.index;
  CHECK(first > to.committed && first > to.segments_end().index, "a committed entry is never cut");
  CHECK(first <= to.last() + 1, "an append must follow on the log");
  if (first <= to.last()) {
    to.tail.cut(first);
    to.cut_terms(first);
  }
  Index next = first;
  for (const auto& entry : entries) {
    CHECK(entry.header.index == next, "indexes follow on one by one");
    wal_.stage_append(RecordType::kAppend, group, entry.header, entry.payload);
    mover_.count_fresh(kEntryHeaderBytes + entry.payload.size());
    to.push_term(entry.header.term, next);
    // Now, while the payload is in the processor's cache: when its file is emptied it would have to come
    // from memory once more, only for this.
    std::optional<std::uint32_t> kept_crc;
    if (entry.payload.size() >= options_.kept_payload_bytes_min)
      kept_crc = kept_entry_crc(group, entry.header, entry.payload);
    to.tail.push({entry, wal_.staging_file(), kept_crc});
    ++next;
  }
}

void StoreImpl::set_hard_state(GroupId group, const HardState& state) {
  Group& to = find(group);
  const bool settled = to.hard.doubt.open && !state.doubt.open;
  to.hard = state;
  stage_state(to);
  if (settled) drop_damaged(group);
}

void StoreImpl::drop_damaged(GroupId group) {
  after_flush([this, path = damaged_folder_of(group)] { require(disk_.remove_all(path), "remove", path); });
}

void StoreImpl::discard(GroupId group, const HardState& state) {
  CHECK(state.doubt.open, "without its data a member is in doubt");
  Group& to = find(group);
  if (to.folder) {
    const std::string folder = segments_.folder_of(group);
    files_.forget_all(folder);
    mover_.forget(folder);
    snapshots_.forget(group);
    storage::set_aside(disk_, folder, damaged_folder_of(group));
    to.folder = false;
  }
  to.hard = state;
  restart_log(to, {});
}

void StoreImpl::reset(GroupId group, const LogStart& start) {
  Group& to = find(group);
  restart_log(to, start);
  to.cleaning = to.folder;
  after_flush([this, group, until = start.index, epoch = to.epoch] {
    const auto it = groups_.find(group);
    if (it == groups_.end() || it->second->epoch != epoch) return;  // a later step cleans
    if (std::exchange(it->second->cleaning, false)) segments_.remove_all_files(group);
    kept_.release(group, until);
  });
}

void StoreImpl::restart_log(Group& to, const LogStart& start) {
  to.tail.cut(Index(0));
  to.terms.clear();
  to.segments.clear();
  to.start = start;
  to.durable = {.last = start, .first = Index(0), .bytes = 0};
  to.committed = start.index;
  to.damage.reset();
  to.hint = {};
  to.cleaning = false;
  ++to.epoch;
  stage_state(to, RecordType::kReset);
}

void StoreImpl::flush(env::Task done) {
  CHECK(!in_flight(), "one flush at a time");
  // The bound on the WAL: emptying goes on beside the load, but when it cannot keep up the load waits for it.
  if (mover_.is_due(2 * options_.wal_bytes_max, options_.wal_file_bytes / 2)) mover_.empty_oldest_now();
  waiting_ = std::move(done);
  if (!io_) start_flush();
}

void StoreImpl::flush_soon() {
  flush_wanted_ = true;
  if (!io_) start_flush();
}

void StoreImpl::start_flush() {
  io_ = true;
  flush_wanted_ = false;
  flushing_ = std::move(waiting_);
  waiting_ = nullptr;
  flushing_cleanups_ = std::move(cleanups_);
  cleanups_.clear();
  if (wal_.has_staged()) {
    wal_.flush([this] { flush_done(); });
    return;
  }
  executor_.post([this, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) flush_done();
  });
}

void StoreImpl::flush_done() {
  io_ = false;
  mover_.flushed();
  run_cleanups(std::move(flushing_cleanups_));
  flushing_cleanups_.clear();
  mover_.start_if_due(options_.wal_bytes_max, options_.wal_file_bytes / 2);
  env::Task done = std::move(flushing_);
  flushing_ = nullptr;
  if (waiting_ != nullptr || flush_wanted_) start_flush();
  if (done != nullptr) done();
}

void StoreImpl::run_cleanups(std::vector<env::Task> cleanups) {
  for (auto& cleanup : cleanups) cleanup();
}

void StoreImpl::set_committed(GroupId group, Index committed) {
  Group& to = find(group);
  to.committed = std::max(to.committed, std::min(committed, to.last()));
}

std::uint64_t StoreImpl::size_bytes(GroupId group) const {
  const Group& log = find(group);
  return log.segment_payload_bytes() + log.tail.bytes();
}

void StoreImpl::save_snapshot(GroupId group, Index applied, const Slice& state, env::Task done) {
  CHECK(has(group), "no such group");
  snapshots_.save(group, applied, state, std::move(done));
}

Result<std::optional<Store::Snapshot>, Error> StoreImpl::load_snapshot(GroupId group) {
  CHECK(has(group), "no such group");
  return snapshots_.load(group);
}

void StoreImpl::upkeep() {
  if (!wal_.has_staged()) wal_.seal();
  wal_.look_ahead();
  if (lengthening_ == env::TimerId::kNone) lengthen_wal();
  kept_.shrink_one();
  mover_.go_on_idle();
  mover_.start_if_due(options_.wal_bytes_max, options_.wal_file_bytes / 2);
}

void StoreImpl::lengthen_wal() {
  lengthening_ = env::TimerId::kNone;
  if (!wal_.lengthen()) return;
  lengthening_ = executor_.schedule(kLengthenPauseUs, [this, alive = std::weak_ptr(alive_)] {
    if (!alive.expired()) lengthen_wal();
  });
}

void StoreImpl::close() {
  executor_.cancel(std::exchange(lengthening_, env::TimerId::kNone));
  wal_.flush_now();
  mover_.move_all_now(kCloseMovesBytesMin);
  wal_.flush_now();
  mover_.flushed();
  run_cleanups(std::move(flushing_cleanups_));
  run_cleanups(std::move(cleanups_));
  flushing_cleanups_.clear();
  cleanups_.clear();
  wal_.seal();
  wal_.flush_now();
}

Stats StoreImpl::stats() const {
  std::uint64_t tail_bytes = 0;
  for (const auto& [id, group] : groups_) tail_bytes += group->tail.bytes();
  return {.wal_bytes = wal_.bytes(),
          .wal_files = wal_.files().size(),
          .kept_files = kept_.size(),
          .kept_bytes = kept_.bytes(),
          .flushes = wal_.syncs(),
          .flushed_bytes = wal_.synced_bytes(),
          .open_files = files_.size(),
          .tail_bytes = tail_bytes};
}

}  // namespace kontiki::storage
