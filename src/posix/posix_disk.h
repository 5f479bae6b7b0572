// PosixDisk: files of the machine's file system by pread, pwritev and fdatasync. Owned by cli/; may be used
// from every shard at once, each File by one. Outlives its Files; destroyed before the executors that its
// syncs answer on.
#pragma once

#include "env/disk.h"
#include "posix/load_pacer.h"
#include "posix/workers.h"

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

namespace kontiki::posix {

// The kind of an errno value that a file operation left.
env::DiskError disk_error_of(int error_number);

class PosixDisk : public env::Disk {
 public:
  explicit PosixDisk(std::size_t sync_threads = 2) : syncs_(sync_threads, "disk-sync") {}

  ~PosixDisk() override {
    loads_.drop_waiting();
    pacer_.end();
  }

  env::DiskResult<std::unique_ptr<env::File>> open(const std::string& path, env::OpenMode mode) override;
  env::DiskResult<void> remove(const std::string& path) override;
  env::DiskResult<void> remove_all(const std::string& path) override;
  env::DiskResult<void> rename(const std::string& from, const std::string& to) override;
  env::DiskResult<void> make_dirs(const std::string& path) override;
  env::DiskResult<std::vector<std::string>> list(const std::string& dir) override;
  env::DiskResult<void> sync_dir(const std::string& dir) override;
  env::DiskResult<env::DiskSpace> space(const std::string& dir) override;

 private:
  LoadPacer pacer_;
  Workers syncs_;
  Workers loads_{1, "disk-load"};  // apart, since a flush must not wait for what somebody reads
};

}  // namespace kontiki::posix
