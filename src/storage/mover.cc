#include "storage/mover.h"

#include "storage/codec.h"

#include <algorithm>

namespace kontiki::storage {
namespace {

constexpr std::int64_t kStepBytesMax = 4 << 20;  // written between two syncs
constexpr std::int64_t kStepBytesMin = 1 << 20;  // less is not worth a sync
constexpr std::int64_t kMovedPerFreshByte = 2;
constexpr std::int64_t kCreditMax = 32 << 20;
constexpr std::size_t kStepGroups = 1024;  // looked at in one step
constexpr std::size_t kStepFiles = 16;     // waiting for a sync at once, which are also descriptors

}  // namespace

void Mover::start_if_due(std::uint64_t bytes_max, std::uint64_t fresh_bytes_min) {
  if (active()) {
    if (waiting_ && credit_ > 0) post_step();
    return;
  }
  if (!is_due(bytes_max, fresh_bytes_min)) return;
  begin();
  if (active()) post_step();
}

void Mover::go_on_idle() {
  if (!active() || !waiting_) return;
  credit_ = std::max(credit_, kStepBytesMax);
  post_step();
}

void Mover::count_fresh(std::size_t bytes) {
  fresh_bytes_ += bytes;
  credit_ = std::min(credit_ + kMovedPerFreshByte * static_cast<std::int64_t>(bytes), kCreditMax);
}

void Mover::post_step() {
  waiting_ = false;
  executor_.post([this, alive = std::weak_ptr(alive_), run = run_] {
    if (!alive.expired() && run == run_) step();
  });
}

void Mover::begin() {
  wal_.roll();
  const auto oldest = wal_.files().begin();
  if (oldest->first >= wal_.staging_file())
    return;  // the only one, with records staged for it: after the next flush
  fresh_bytes_ = 0;
  credit_ = 0;
  waiting_ = false;
  file_ = oldest->first;
  keep_if_worth(oldest->second);
  todo_.assign(oldest->second.groups.begin(), oldest->second.groups.end());
  std::ranges::sort(todo_, std::greater{});
  released_ = false;
  ++run_;
}

// What is kept once stays so, and for all that may be in it: there may be segments that point to it.
void Mover::keep_if_worth(const WalFile& file) {
  if (file.is_kept) return kept_.keep(file_, file.large);
  std::vector<WalPayload> wanted;
  std::uint64_t bytes = 0;
  for (const auto& payload : file.large) {
    const auto it = groups_.find(payload.group);
    if (it == groups_.end() || it->second->damage || it->second->cleaning) continue;
    const Group& group = *it->second;
    if (payload.index > group.committed || !group.tail.has(payload.index)) continue;
    if (group.tail.at(payload.index).file != file_) continue;
    wanted.push_back(payload);
    bytes += payload.bytes;
  }
  if (2 * bytes < file.bytes) return;
  wal_.keep(file_);
  kept_.keep(file_, std::move(wanted));
}

void Mover::step() {
  if (!active() || released_) return;
  write_some(static_cast<std::size_t>(std::clamp(credit_, kStepBytesMin, kStepBytesMax)));
  sync();
}

bool Mover::write_some(std::size_t bytes_max) {
  std::size_t budget = bytes_max;
  for (std::size_t looked = 0; !todo_.empty() && looked < kStepGroups && budget > 0; ++looked) {
    if (unsynced_.files.size() >= kStepFiles) break;
    const auto it = groups_.find(todo_.back());
    if (it == groups_.end() || write_group(*it->second, budget)) todo_.pop_back();
  }
  credit_ -= static_cast<std::int64_t>(bytes_max - budget);
  return todo_.empty();
}

// True when nothing of the group is left in the file, once what was written is synced and recorded.
bool Mover::write_group(Group& group, std::size_t& budget) {
  const bool fixed = group.damage || group.cleaning;  // no segment may be written
  Index to;
  if (!fixed && !group.tail.empty()) {
    for (Index i = std::min(group.committed, group.tail.last()); i >= group.tail.first(); i = i - 1) {
      if (group.tail.at(i).file > file_) continue;
      to = i;
      break;
    }
  }
  if (to != Index(0)) {
    const std::size_t written = segments_.write(group, to, budget, unsynced_);
    budget -= std::min(budget, written);
    moved_.push_back({group.id, group.epoch, segments_.end_of(group)});
    if (!group.tail.empty() && group.tail.first() <= to) return false;
  } else if (group.state_file <= file_) {
    hooks_.stage_state(group);
  }
  carry(group, fixed);
  return true;
}

void Mover::carry(Group& group, bool all) {
  if (group.tail.empty()) return;
  const Index first = all ? group.tail.first() : std::max(group.tail.first(), group.committed + 1);
  for (Index i = first; i <= group.tail.last(); ++i) {
    TailEntry& item = group.tail.at(i);
    if (item.file > file_) continue;
    wal_.stage_append(RecordType::kCarry, group.id, item.entry.header, item.entry.payload);
    item.file = wal_.staging_file();
  }
}

void Mover::sync() {
  segments_.sync_folders(unsynced_);
  syncs_left_ = unsynced_.files.size();
  if (syncs_left_ == 0) return synced();
  ++run_;
  for (auto& [path, file] : unsynced_.files) {
    auto done = [this, alive = std::weak_ptr(alive_), run = run_, name = path,
                 held = file](const env::DiskResult<void>& result) {
      if (alive.expired()) return;
      require(result, "sync", name);
      if (run == run_ && --syncs_left_ == 0) synced();
    };
    file->sync_async(executor_, std::move(done));
  }
}

void Mover::synced() {
  unsynced_.files.clear();
  record();
  if (todo_.empty()) return release();
  if (credit_ >= 0) return post_step();
  waiting_ = true;
}

void Mover::forget(const std::string& folder) {
  unsynced_.folders.erase(folder);
}

void Mover::record() {
  for (const auto& moved : moved_) {
    const auto it = groups_.find(moved.group);
    if (it == groups_.end() || it->second->epoch != moved.epoch) continue;
    Group& group = *it->second;
    // Retention may have moved the start meanwhile, but never past what was recorded as durable.
    group.durable = moved.end;
    hooks_.stage_state(group);
    // Readers that keep up are served from the tail. Memory for what nobody reads is not free: fresh pages
    // cost more than the copying, on a virtual machine several times as much.
    if (group.read_at < wal_.files().begin()->first) segments_.drop_cache(group);
  }
  moved_.clear();
}

void Mover::release() {
  released_ = true;
  wal_.release_below(file_ + 1);
  if (!wal_.has_staged()) wal_.stage_seal();  // the file held nothing that is still alive
  hooks_.flush();
}

void Mover::flushed() {
  for (const auto number : wal_.drop_files()) kept_.emptied(number);
  if (active() && wal_.files().begin()->first > file_) {
    file_ = 0;
    released_ = false;
  }
}

void Mover::sync_now() {
  ++run_;  // steps and syncs on their way are void; what they cover is synced here
  segments_.sync_folders(unsynced_);
  for (auto& [path, file] : unsynced_.files) require(file->sync(), "sync", path);
  unsynced_.files.clear();
  record();
}

void Mover::empty_oldest_now() {
  if (!active()) begin();
  if (!active()) return;
  while (!released_) {
    const bool all = write_some(kStepBytesMax);
    sync_now();
    if (!all) continue;
    released_ = true;
    wal_.release_below(file_ + 1);
  }
  if (!wal_.has_staged()) wal_.stage_seal();
  wal_.flush_now();
  flushed();
}

void Mover::move_all_now(std::size_t bytes_min) {
  sync_now();
  for (auto& [id, group] : groups_) {
    if (group->damage || group->cleaning || group->tail.empty() || group->tail.bytes() < bytes_min) continue;
    segments_.write(*group, group->committed, ~std::size_t{0}, unsynced_);
    moved_.push_back({id, group->epoch, segments_.end_of(*group)});
    sync_now();
  }
  if (released_) return;  // the flush to come finishes that run
  todo_.clear();
  file_ = 0;
}

}  // namespace kontiki::storage
