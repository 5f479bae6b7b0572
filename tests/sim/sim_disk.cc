#include "sim/sim_disk.h"

#include "base/check.h"

#include <algorithm>
#include <map>
#include <utility>

namespace kontiki::sim {

using env::DiskError;
using env::DiskResult;
using env::OpenMode;

class SimFile : public env::File {
 public:
  SimFile(SimDisk& disk, std::string path, InodeRef inode, OpenMode mode)
      : disk_(disk), path_(std::move(path)), inode_(std::move(inode)), mode_(mode), life_(disk.life_) {
    auto& counters = disk_.counters_;
    ++counters.opens;
    counters.files_open_max = std::max(counters.files_open_max, ++counters.files_open);
  }
  ~SimFile() override {
    if (dead()) return;
    CHECK(*syncs_pending_ == 0,
          "a File must stay open until its sync_async answers (a simulated crash comes first)");
    --disk_.counters_.files_open;
  }

  DiskResult<void> write(std::uint64_t at, std::span<const Slice> pieces) override {
    if (auto error = refused(DiskOp::kWrite)) {
      if (!dead() && mode_ != OpenMode::kRead) write_part_of(at, pieces);
      return unexpected(*error);
    }
    const Slice all = joined(pieces);
    if (all.empty()) return {};
    if (!disk_.fits(*inode_, at + all.size())) {
      write_part_of(at, pieces);
      return unexpected(DiskError::kNoSpace);
    }
    ++disk_.counters_.writes;
    disk_.counters_.bytes_written += all.size();
    inode_->write(at, all);
    return {};
  }

  DiskResult<std::size_t> read(std::uint64_t at, std::span<std::byte> into) override {
    if (auto error = refused(DiskOp::kRead)) return unexpected(*error);
    const std::size_t n = inode_->content().read(at, into);
    ++disk_.counters_.reads;
    disk_.counters_.bytes_read += n;
    return n;
  }

  DiskResult<std::size_t> read_cached(std::uint64_t at, std::span<std::byte> into) override {
    const bool cold = !dead() && !disk_.faults_suspended_ && disk_.cold_.numerator > 0;
    if (!cold || into.empty()) return read(at, into);
    if (draw_cold()) cached_.clear();
    std::uint64_t end = at;
    while (end < at + into.size() && is_cached(end / kPageBytes)) end = (end / kPageBytes + 1) * kPageBytes;
    if (end > at) return read(at, into.first(std::min<std::size_t>(into.size(), end - at)));
    ++disk_.counters_.reads_refused;
    return unexpected(DiskError::kNotCached);
  }

  void cache_async(std::uint64_t at, std::size_t bytes, env::Executor& executor, env::Task done) override {
    if (dead()) return;
    ++disk_.counters_.loads;
    auto load = [alive = std::weak_ptr(syncs_pending_), this, at, bytes, &executor,
                 done = std::move(done)]() mutable {
      if (!alive.expired())
        for (std::uint64_t page = at / kPageBytes; page <= (at + bytes - 1) / kPageBytes; ++page)
          cached_[page] = true;
      executor.post(std::move(done));
    };
    disk_.answer_later(std::move(load));
  }

  void drop_cache() override { ++disk_.counters_.cache_drops; }

  DiskResult<std::uint64_t> size() override {
    if (dead()) return unexpected(DiskError::kIo);
    return inode_->content().size();
  }

  DiskResult<void> truncate(std::uint64_t size) override {
    if (auto error = refused(DiskOp::kTruncate)) return unexpected(*error);
    if (!disk_.fits(*inode_, size)) return unexpected(DiskError::kNoSpace);
    inode_->truncate(size);
    return {};
  }

  DiskResult<void> punch(std::uint64_t at, std::uint64_t bytes) override {
    if (auto error = refused(DiskOp::kWrite)) return unexpected(*error);
    const std::uint64_t size = inode_->content().size();
    if (at >= size) return {};
    Buffer zeros(static_cast<std::size_t>(std::min(bytes, size - at)));
    std::ranges::fill(zeros.span(), std::byte{0});
    inode_->write(at, Slice(zeros));
    return {};
  }

  DiskResult<void> sync() override {
    if (dead()) return unexpected(DiskError::kIo);
    ++disk_.counters_.syncs;
    return sync_now(inode_->changes_made());
  }

  void sync_async(env::Executor& executor, std::move_only_function<void(DiskResult<void>)> done) override {
    if (dead()) return;  // the process is gone, nobody is there to be answered
    ++disk_.counters_.syncs;
    ++*syncs_pending_;
    const std::uint64_t upto = inode_->changes_made();
    // Once answered the File may be gone, so the tasks hold what they need beside it.
    auto flush = [this, upto, &executor, pending = syncs_pending_, done = std::move(done)]() mutable {
      const DiskResult<void> result = sync_now(upto);
      executor.post([pending, result, done = std::move(done)]() mutable {
        --*pending;
        done(result);
      });
    };
    disk_.answer_later(std::move(flush));
  }

 private:
  static constexpr std::uint64_t kPageBytes = 4096;

  bool dead() const { return life_ != disk_.life_; }

  bool draw_cold() { return disk_.prng_.chance(disk_.cold_.numerator, disk_.cold_.denominator); }
  bool is_cached(std::uint64_t page) {
    const auto [known, is_new] = cached_.try_emplace(page, false);
    if (is_new) known->second = !draw_cold();
    return known->second;
  }

  std::optional<DiskError> refused(DiskOp op) {
    if (dead()) return DiskError::kIo;
    if (op != DiskOp::kRead && mode_ == OpenMode::kRead) return DiskError::kDenied;
    return disk_.fault(op, path_);
  }

  DiskResult<void> sync_now(std::uint64_t upto) {
    if (auto error = disk_.fault(DiskOp::kSync, path_)) {
      inode_->sync_failed(upto, disk_.prng_);
      return unexpected(*error);
    }
    inode_->sync_to(upto);
    return {};
  }

  static Slice joined(std::span<const Slice> pieces) {
    std::size_t size = 0;
    for (const Slice& piece : pieces) size += piece.size();
    Buffer all(size);
    std::size_t at = 0;
    for (const Slice& piece : pieces) {
      if (!piece.empty()) std::memcpy(all.data() + at, piece.data(), piece.size());
      at += piece.size();
    }
    return all;
  }

  // What a failing write may leave behind.
  void write_part_of(std::uint64_t at, std::span<const Slice> pieces) {
    const Slice all = joined(pieces);
    const Slice part = all.sub(0, disk_.prng_.below(all.size() + 1));
    if (!part.empty() && disk_.fits(*inode_, at + part.size())) inode_->write(at, part);
  }

  SimDisk& disk_;
  const std::string path_;
  const InodeRef inode_;
  const OpenMode mode_;
  const std::uint64_t life_;
  const std::shared_ptr<std::size_t> syncs_pending_ = std::make_shared<std::size_t>(0);
  std::map<std::uint64_t, bool> cached_;  // pages that read_cached asked for, or that were loaded
};

SimDisk::SimDisk(Scheduler& scheduler, std::uint64_t seed) : scheduler_(scheduler), prng_(seed) {}
SimDisk::~SimDisk() = default;

DiskResult<std::unique_ptr<env::File>> SimDisk::open(const std::string& path, OpenMode mode) {
  const std::string name = DiskImage::normal(path);
  if (auto error = fault(DiskOp::kOpen, name)) return unexpected(*error);
  if (image_.has_dir(name)) return unexpected(DiskError::kIo);
  InodeRef inode = image_.find(name);
  if (inode == nullptr) {
    if (mode != OpenMode::kCreate || !image_.has_dir(DiskImage::parent(name)))
      return unexpected(DiskError::kNotFound);
    inode = image_.create(name);
  }
  return std::make_unique<SimFile>(*this, name, std::move(inode), mode);
}

DiskResult<void> SimDisk::remove(const std::string& path) {
  const std::string name = DiskImage::normal(path);
  if (auto error = fault(DiskOp::kRemove, name)) return unexpected(*error);
  if (image_.find(name) == nullptr) return unexpected(DiskError::kNotFound);
  ++counters_.removes;
  image_.remove(name);
  return {};
}

DiskResult<void> SimDisk::remove_all(const std::string& path) {
  const std::string name = DiskImage::normal(path);
  if (auto error = fault(DiskOp::kRemove, name)) return unexpected(*error);
  ++counters_.removes;
  image_.remove_all(name);
  return {};
}

DiskResult<void> SimDisk::rename(const std::string& from, const std::string& to) {
  const std::string a = DiskImage::normal(from), b = DiskImage::normal(to);
  if (auto error = fault(DiskOp::kRename, a)) return unexpected(*error);
  const bool is_dir = image_.has_dir(a);
  if (!is_dir && image_.find(a) == nullptr) return unexpected(DiskError::kNotFound);
  if (!image_.has_dir(DiskImage::parent(b))) return unexpected(DiskError::kNotFound);
  if (is_dir ? image_.find(b) != nullptr || image_.has_dir(b) : image_.has_dir(b))
    return unexpected(DiskError::kExists);
  ++counters_.renames;
  image_.rename(a, b);
  return {};
}

DiskResult<void> SimDisk::make_dirs(const std::string& path) {
  const std::string name = DiskImage::normal(path);
  for (std::string dir = name; dir != "." && dir != "/"; dir = DiskImage::parent(dir))
    if (image_.find(dir) != nullptr) return unexpected(DiskError::kExists);
  image_.make_dirs(name);
  return {};
}

DiskResult<std::vector<std::string>> SimDisk::list(const std::string& dir) {
  const std::string name = DiskImage::normal(dir);
  if (!image_.has_dir(name)) return unexpected(DiskError::kNotFound);
  return image_.list(name);
}

DiskResult<void> SimDisk::sync_dir(const std::string& dir) {
  const std::string name = DiskImage::normal(dir);
  if (auto error = fault(DiskOp::kSyncDir, name)) return unexpected(*error);
  if (!image_.has_dir(name)) return unexpected(DiskError::kNotFound);
  ++counters_.dir_syncs;
  image_.sync_dir(name);
  return {};
}

DiskResult<env::DiskSpace> SimDisk::space(const std::string& dir) {
  if (!image_.has_dir(DiskImage::normal(dir))) return unexpected(DiskError::kNotFound);
  const std::uint64_t total = capacity_.value_or(1ull << 40);
  return env::DiskSpace{total, total - std::min(total, image_.bytes())};
}

void SimDisk::close_all() {
  ++life_;
  held_syncs_.clear();
  counters_.files_open = 0;
}

void SimDisk::crash_process() {
  close_all();
}

void SimDisk::power_loss(Prng& prng) {
  close_all();
  image_.power_loss(prng);
}

void SimDisk::wipe() {
  close_all();
  image_ = DiskImage();
}

std::unique_ptr<SimDisk> SimDisk::clone(std::uint64_t seed) const {
  auto twin = std::make_unique<SimDisk>(scheduler_, seed);
  twin->image_ = DiskImage(image_);
  twin->sync_delay_min_us_ = sync_delay_min_us_;
  twin->sync_delay_max_us_ = sync_delay_max_us_;
  return twin;
}

void SimDisk::fail_nth(DiskOp op, std::uint64_t nth, DiskError error, std::string path_part) {
  CHECK(nth >= 1, "counted from 1");
  faults_.push_back(Fault{op, nth, error, std::move(path_part)});
}

void SimDisk::fail_by_chance(DiskOp op, std::uint64_t numerator, std::uint64_t denominator, DiskError error) {
  chances_[static_cast<std::size_t>(op)] = Chance{numerator, denominator, error};
}

void SimDisk::clear_faults() {
  faults_.clear();
  chances_ = {};
  release_syncs();
}

std::optional<DiskError> SimDisk::fault(DiskOp op, const std::string& path) {
  if (faults_suspended_) return std::nullopt;
  std::optional<DiskError> error;
  for (auto it = faults_.begin(); it != faults_.end();) {
    const bool counts = it->op == op && path.find(it->path_part) != std::string::npos;
    if (!counts || --it->countdown > 0) {
      ++it;
      continue;
    }
    error = it->error;
    it = faults_.erase(it);
  }
  const Chance& chance = chances_[static_cast<std::size_t>(op)];
  if (!error && chance.numerator > 0 && prng_.chance(chance.numerator, chance.denominator))
    error = chance.error;
  return error;
}

bool SimDisk::fits(const Inode& inode, std::uint64_t new_size) const {
  const std::uint64_t size = inode.content().size();
  return !capacity_ || new_size <= size || image_.bytes() + (new_size - size) <= *capacity_;
}

bool SimDisk::flip_bit(const std::string& path, std::uint64_t at, unsigned bit) {
  const InodeRef inode = image_.find(DiskImage::normal(path));
  return inode != nullptr && inode->flip(at, std::byte{1} << (bit & 7));
}

bool SimDisk::truncate_file(const std::string& path, std::uint64_t size) {
  const InodeRef inode = image_.find(DiskImage::normal(path));
  if (inode == nullptr) return false;
  inode->cut(size);
  return true;
}

void SimDisk::set_sync_delay_us(std::int64_t min, std::int64_t max) {
  CHECK(0 <= min && min <= max);
  sync_delay_min_us_ = min;
  sync_delay_max_us_ = max;
}

void SimDisk::answer_later(env::Task answer) {
  const auto spread = static_cast<std::uint64_t>(sync_delay_max_us_ - sync_delay_min_us_ + 1);
  const auto delay_us = sync_delay_min_us_ + static_cast<std::int64_t>(prng_.below(spread));
  scheduler_.after(delay_us, [this, life = life_, answer = std::move(answer)]() mutable {
    if (life_ != life) return;
    if (hold_syncs_) {
      held_syncs_.push_back(std::move(answer));
    } else {
      answer();
    }
  });
}

void SimDisk::release_syncs() {
  hold_syncs_ = false;
  for (env::Task& flush : std::exchange(held_syncs_, {})) flush();
}

std::optional<Slice> SimDisk::contents(const std::string& path) const {
  const InodeRef inode = image_.find(DiskImage::normal(path));
  if (inode == nullptr) return std::nullopt;
  Buffer bytes(static_cast<std::size_t>(inode->content().size()));
  inode->content().read(0, bytes.span());
  return Slice(bytes);
}

}  // namespace kontiki::sim
