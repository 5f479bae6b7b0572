// SimDisk: an env::Disk in memory that fails in the ways disks do, on request and repeatably. What a crash
// may do to its content stands in sim/disk_image.h. Owned by the node (or test); the same SimDisk serves the
// restarted process, while Files that were open at a crash are dead: every call fails and pending syncs never
// answer. Outlives its Files.
#pragma once

#include "env/disk.h"
#include "sim/disk_image.h"
#include "sim/scheduler.h"

#include <array>
#include <cstdint>
#include <list>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace kontiki::sim {

enum class DiskOp : std::uint8_t { kOpen, kRead, kWrite, kTruncate, kSync, kSyncDir, kRename, kRemove };

class SimDisk : public env::Disk {
 public:
  struct Counters {
    std::uint64_t opens = 0, reads = 0, bytes_read = 0, writes = 0, bytes_written = 0;
    std::uint64_t syncs = 0;                     // of files, of either kind, when they are asked for
    std::uint64_t reads_refused = 0, loads = 0;  // of what was not in memory
    std::uint64_t dir_syncs = 0, renames = 0, removes = 0, cache_drops = 0;
    std::size_t files_open = 0, files_open_max = 0;
  };

  SimDisk(Scheduler& scheduler, std::uint64_t seed);
  ~SimDisk() override;

  env::DiskResult<std::unique_ptr<env::File>> open(const std::string& path, env::OpenMode mode) override;
  env::DiskResult<void> remove(const std::string& path) override;
  env::DiskResult<void> remove_all(const std::string& path) override;
  env::DiskResult<void> rename(const std::string& from, const std::string& to) override;
  env::DiskResult<void> make_dirs(const std::string& path) override;
  env::DiskResult<std::vector<std::string>> list(const std::string& dir) override;
  env::DiskResult<void> sync_dir(const std::string& dir) override;
  // As large as set_capacity says, or 1 TiB.
  env::DiskResult<env::DiskSpace> space(const std::string& dir) override;

  // The process dies and the machine does not: all that was written is still there, synced or not.
  void crash_process();
  // The machine dies; see disk_image.h. The second form draws from the disk's own seed.
  void power_loss(Prng& prng);
  void power_loss() { power_loss(prng_); }
  // Another, empty disk is put in its place. The process must be dead.
  void wipe();
  // A disk with the same content and the same unsynced changes, without faults, open files or pending syncs:
  // to try several power losses of one moment.
  std::unique_ptr<SimDisk> clone(std::uint64_t seed) const;

  // The `nth` operation of that kind from now on (1 = the next) fails with `error`, once; with `path_part`,
  // only operations on paths that contain it count. A failed write may have written a part; a failed sync
  // leaves what it covered readable but never durable.
  void fail_nth(DiskOp op, std::uint64_t nth, env::DiskError error, std::string path_part = "");
  // Each operation of that kind fails with this chance. A numerator of 0 ends it.
  void fail_by_chance(DiskOp op, std::uint64_t numerator, std::uint64_t denominator, env::DiskError error);
  void clear_faults();  // of both kinds, and releases held syncs
  // While suspended, no operation fails or counts: for an onlooker who reads through the product.
  void suspend_faults(bool suspended) { faults_suspended_ = suspended; }
  // Sum of all file sizes that fit; growing beyond is kNoSpace. None: no bound.
  void set_capacity(std::optional<std::uint64_t> bytes) { capacity_ = bytes; }
  // Damage on the medium. False if there is no such byte or file.
  bool flip_bit(const std::string& path, std::uint64_t at, unsigned bit);
  bool truncate_file(const std::string& path, std::uint64_t size);

  // A page of an open file that read_cached has not asked for before is not in memory with this chance, until
  // it is loaded; and with the same chance a read finds that the system has taken all pages of the file away
  // since.
  void set_cold(std::uint64_t numerator, std::uint64_t denominator) { cold_ = {numerator, denominator}; }

  // sync_async and cache_async answer after a delay drawn evenly from here.
  void set_sync_delay_us(std::int64_t min, std::int64_t max);
  // A stalled device: no sync_async or cache_async answers until release_syncs().
  void hold_syncs() { hold_syncs_ = true; }
  void release_syncs();

  const Counters& counters() const { return counters_; }
  std::uint64_t bytes_used() const { return image_.bytes(); }
  std::vector<std::string> files() const { return image_.files(); }  // every path, sorted
  bool exists(const std::string& path) const { return image_.find(DiskImage::normal(path)) != nullptr; }
  std::optional<Slice> contents(const std::string& path) const;

 private:
  friend class SimFile;
  struct Fault {
    DiskOp op;
    std::uint64_t countdown;
    env::DiskError error;
    std::string path_part;
  };
  struct Chance {
    std::uint64_t numerator = 0, denominator = 1;
    env::DiskError error = env::DiskError::kIo;
  };
  // Once the device is done: after a delay, not while it is stalled, and never if the process dies before.
  void answer_later(env::Task answer);
  std::optional<env::DiskError> fault(DiskOp op, const std::string& path);
  bool fits(const Inode& inode, std::uint64_t new_size) const;
  void close_all();

  Scheduler& scheduler_;
  Prng prng_;
  DiskImage image_;
  std::uint64_t life_ = 0;  // counts crashes; a File of an earlier life is dead
  Counters counters_;

  std::list<Fault> faults_;
  bool faults_suspended_ = false;
  std::array<Chance, 8> chances_;  // by DiskOp
  Chance cold_;
  std::optional<std::uint64_t> capacity_;
  std::int64_t sync_delay_min_us_ = 100, sync_delay_max_us_ = 300;
  bool hold_syncs_ = false;
  std::vector<env::Task> held_syncs_;
};

}  // namespace kontiki::sim
