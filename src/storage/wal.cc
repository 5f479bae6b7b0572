#include "storage/wal.h"

#include "storage/codec.h"
#include "storage/kept_files.h"

#include <algorithm>

namespace kontiki::storage {
namespace {

// A file that is written to slowly is kept longer than it needs to be by this much: what is written between
// two looks, and then some.
constexpr std::size_t kAheadBytesMin = 2u << 20;
constexpr std::size_t kAheadBytes = 3u << 20;
constexpr std::size_t kLengthenBytes = 128u << 10;  // in one go: pages that are new take the kernel a while
constexpr std::size_t kPageBytes = 4096;

std::uint64_t page_begin(std::uint64_t at) {
  return at / kPageBytes * kPageBytes;
}

std::uint64_t size_of(env::File& file, const std::string& path) {
  const auto size = file.size();
  if (!size) disk_fatal("read", path, size.error());
  return *size;
}

}  // namespace

Wal::Wal(env::Disk& disk, env::Executor& executor, std::string dir, const Uuid& store, const Options& options)
    : disk_(disk),
      executor_(executor),
      dir_(std::move(dir)),
      store_(store),
      file_bytes_(options.wal_file_bytes),
      batch_bytes_max_(options.wal_batch_bytes_max),
      large_bytes_min_(options.kept_payload_bytes_min),
      zeros_(Slice::copy_of(std::string(kPageBytes, '\0'))) {
  CHECK(large_bytes_min_ >= kKeptPlaceBytes, "what is kept is no smaller than its place");
}

std::string Wal::path_of(const std::string& dir, std::uint64_t number) {
  return dir + "/" + number_name(number, ".wal");
}

void Wal::create_file(env::Disk& disk, const std::string& dir, const WalFileHeader& header) {
  const std::string spare = spare_path(dir);
  auto file = disk.open(spare, env::OpenMode::kCreate);
  if (!file) disk_fatal("create", spare, file.error());
  const Slice bytes = encode_file_header(header);
  require((*file)->write(0, std::span(&bytes, 1)), "write", spare);
  require((*file)->sync(), "sync", spare);
  const std::string path = path_of(dir, header.number);
  require(disk.rename(spare, path), "rename to", path);
  require(disk.sync_dir(dir), "sync the folder", dir);
}

void Wal::start(const WalPosition& position, std::map<std::uint64_t, WalFile> files) {
  files_ = std::move(files);
  for (const auto& [number, file] : files_) bytes_ += file.bytes;
  sequence_ = position.sequence;
  synced_below_ = position.sequence;
  previous_crc_ = position.previous_crc;
  first_file_ = position.first_file;
  released_ = position.first_file;
  staging_file_ = position.file;
  file_number_ = position.file;
  file_end_ = position.bytes;
  const std::string path = path_of(dir_, file_number_);
  auto file = disk_.open(path, env::OpenMode::kWrite);
  if (!file) disk_fatal("open", path, file.error());
  file_ = std::move(*file);
  file_bytes_held_ = size_of(*file_, path);
  has_spare_ = disk_.open(spare_path(dir_), env::OpenMode::kRead).has_value();
  if (file_end_ >= file_bytes_) ++staging_file_;
}

Wal::Staged& Wal::staging() {
  if (staged_.empty() || staged_.back().batch.body_bytes() >= batch_bytes_max_) staged_.emplace_back();
  return staged_.back();
}

void Wal::count_staged(std::size_t before) {
  staged_bytes_ += staged_.back().batch.body_bytes() - before;
}

void Wal::stage_append(RecordType type, GroupId group, const EntryHeader& header, const Slice& payload) {
  files_[staging_file_].groups.insert(group);
  Staged& to = staging();
  const std::size_t before = to.batch.body_bytes();
  const std::size_t at = to.batch.append(type, group, header, payload);
  if (payload.size() >= large_bytes_min_)
    to.large.push_back({group, header.index, at, static_cast<std::uint32_t>(payload.size())});
  count_staged(before);
}

void Wal::stage_state(RecordType type, GroupId group, const GroupState& state) {
  files_[staging_file_].groups.insert(group);
  BatchBuilder& to = staging().batch;
  const std::size_t before = to.body_bytes();
  to.state(type, group, state);
  count_staged(before);
}

void Wal::stage_remove(GroupId group) {
  files_[staging_file_].groups.insert(group);
  BatchBuilder& to = staging().batch;
  const std::size_t before = to.body_bytes();
  to.plain(RecordType::kRemove, group);
  count_staged(before);
}

void Wal::stage_seal() {
  BatchBuilder& to = staging().batch;
  const std::size_t before = to.body_bytes();
  to.plain(RecordType::kSeal, GroupId(0));
  count_staged(before);
}

void Wal::roll() {
  // What is staged stays with the file that it was staged for, so only a flush in between can roll.
  if (!has_staged() && staging_file_ == file_number_ && file_end_ > kWalFileHeaderBytes) ++staging_file_;
}

void Wal::open_staging_file() {
  if (file_number_ == staging_file_) return;
  // The name of the new file says that all before it is durable: what is not yet (a seal, or a flush on its
  // way while close() writes) must become so first.
  if (synced_below_ < sequence_) {
    require(file_->sync(), "sync", path_of(dir_, file_number_));
    synced(sequence_);
  }
  const WalFileHeader header{.store = store_,
                             .number = staging_file_,
                             .first_sequence = sequence_,
                             .first_file = first_file_,
                             .previous_crc = previous_crc_};
  create_file(disk_, dir_, header);
  const std::string path = path_of(dir_, staging_file_);
  auto file = disk_.open(path, env::OpenMode::kWrite);
  if (!file) disk_fatal("open", path, file.error());
  file_ = std::move(*file);
  file_number_ = staging_file_;
  file_end_ = kWalFileHeaderBytes;
  file_bytes_held_ = size_of(*file_, path);
  has_spare_ = false;
  looked_at_ = 0;
  wanted_bytes_ = 0;
  files_[file_number_].bytes = file_end_;
  bytes_ += file_end_;
}

void Wal::write_batch(BatchBuilder& builder, const std::vector<WalPayload>& large) {
  WalBatchHeader header;
  header.sequence = sequence_;
  header.synced_below = synced_below_;
  header.first_file = first_file_;
  header.previous_crc = previous_crc_;
  auto pieces = builder.finish(header, store_);
  const std::size_t bytes = batch_bytes(header);
  const std::uint64_t end = file_end_ + bytes;
  const std::uint64_t page_end = (end + kPageBytes - 1) / kPageBytes * kPageBytes;
  if (end < file_bytes_held_)
    pieces.push_back(zeros_.sub(0, static_cast<std::size_t>(std::min(page_end, file_bytes_held_) - end)));
  require(file_->write(file_end_, pieces), "write", path_of(dir_, file_number_));
  WalFile& file = files_[file_number_];
  for (WalPayload payload : large) {
    payload.at += file_end_ + kWalBatchHeaderBytes;
    file.large.push_back(payload);
  }
  file_end_ = end;
  file_bytes_held_ = std::max(file_bytes_held_, end);
  bytes_ += bytes;
  synced_bytes_ += bytes;
  file.bytes = file_end_;
  previous_crc_ = header.header_crc;
  ++sequence_;
}

void Wal::write_staged() {
  open_staging_file();
  for (auto& staged : staged_) {
    // Only the last batch may say that files are not needed: what replaces them may stand in any of this
    // flush.
    if (&staged == &staged_.back()) first_file_ = released_;
    write_batch(staged.batch, staged.large);
  }
  staged_.clear();
  staged_bytes_ = 0;
  sealed_ = false;
  if (file_end_ >= file_bytes_) ++staging_file_;
}

void Wal::flush(env::Task done) {
  CHECK(!busy_, "one flush at a time");
  CHECK(has_staged(), "nothing to flush");
  write_staged();
  busy_ = true;
  auto finished = [this, alive = std::weak_ptr(alive_), file = file_, number = file_number_,
                   until = sequence_, done = std::move(done)](env::DiskResult<void> result) mutable {
    if (alive.expired()) return;
    require(result, "sync", path_of(dir_, number));
    busy_ = false;
    ++syncs_;
    synced(until);
    done();
  };
  file_->sync_async(executor_, std::move(finished));
}

void Wal::flush_now() {
  if (has_staged()) write_staged();
  if (synced_below_ == sequence_) return;
  require(file_->sync(), "sync", path_of(dir_, file_number_));
  ++syncs_;
  synced(sequence_);
}

void Wal::synced(std::uint64_t sequence) {
  synced_below_ = std::max(synced_below_, sequence);
}

void Wal::seal() {
  if (sealed_ || busy_ || synced_below_ != sequence_) return;
  BatchBuilder builder;
  builder.plain(RecordType::kSeal, GroupId(0));
  write_batch(builder, {});
  sealed_ = true;
}

void Wal::look_ahead() {
  const bool grows = file_end_ != std::exchange(looked_at_, file_end_);
  if (grows && file_bytes_held_ - file_end_ < kAheadBytesMin)
    wanted_bytes_ = std::min<std::uint64_t>(page_begin(file_end_ + kAheadBytes), file_bytes_);
}

bool Wal::lengthen() {
  const bool is_last = staging_file_ == file_number_;  // or no more will be written to it
  if (!is_last || file_bytes_held_ >= wanted_bytes_) return false;
  Buffer zeros(std::min(page_begin(file_bytes_held_ + kLengthenBytes), wanted_bytes_) - file_bytes_held_);
  std::ranges::fill(zeros.span(), std::byte{0});
  const Slice piece(zeros);
  const auto written = file_->write(file_bytes_held_, std::span(&piece, 1));
  // Only what has to be written is worth ending the process for.
  if (!written && written.error() == env::DiskError::kNoSpace) {
    wanted_bytes_ = 0;
    return false;
  }
  require(written, "lengthen", path_of(dir_, file_number_));
  file_bytes_held_ += piece.size();
  return file_bytes_held_ < wanted_bytes_;
}

std::vector<std::uint64_t> Wal::drop_files() {
  std::vector<std::uint64_t> kept;
  while (files_.begin()->first < first_file_) {
    const auto oldest = files_.begin();
    const std::string path = path_of(dir_, oldest->first);
    if (oldest->second.is_kept) {
      KeptFiles::give_name(disk_, dir_, oldest->first);
      kept.push_back(oldest->first);
    } else if (!keep_as_spare(path)) {
      const auto removed = disk_.remove(path);
      if (!removed && removed.error() != env::DiskError::kNotFound)
        disk_fatal("remove", path, removed.error());
    }
    bytes_ -= oldest->second.bytes;
    files_.erase(oldest);
  }
  return kept;
}

bool Wal::keep_as_spare(const std::string& path) {
  if (has_spare_) return false;
  const auto renamed = disk_.rename(path, spare_path(dir_));
  if (!renamed && renamed.error() == env::DiskError::kNotFound) return false;
  require(renamed, "rename", path);
  // Before anything else is written into it: after a power loss it must not stand there under its old name.
  require(disk_.sync_dir(dir_), "sync the folder", dir_);
  has_spare_ = true;
  return true;
}

}  // namespace kontiki::storage
