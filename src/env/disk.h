// Disk and File: durable bytes. What is written is visible to read() at once but survives a power loss only
// after a sync; a new, renamed or removed name only after sync_dir of its folder. One File is used by one
// shard. Errors are returned, never retried here; after a failed sync the file's unsynced content is unknown.
#pragma once

#include "base/result.h"
#include "base/slice.h"
#include "env/executor.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace kontiki::env {

enum class DiskError : std::uint8_t {
  kNotFound,
  kExists,
  kDenied,
  kNoSpace,
  kIo,
  kNotCached,  // only the device has it, and the read was not to wait for that
};
const char* to_string(DiskError error);

template <typename T>
using DiskResult = Result<T, DiskError>;

class File {
 public:
  virtual ~File() = default;  // closes, does not sync
  // Writes the pieces one after the other from byte `at` on, growing the file as needed. All or an error.
  virtual DiskResult<void> write(std::uint64_t at, std::span<const Slice> pieces) = 0;
  // Reads up to into.size() bytes from byte `at` on; fewer only at the end of the file.
  virtual DiskResult<std::size_t> read(std::uint64_t at, std::span<std::byte> into) = 0;
  // As read, without waiting for the device: only as far as the bytes are in the system's memory, kNotCached
  // if the first is not.
  virtual DiskResult<std::size_t> read_cached(std::uint64_t at, std::span<std::byte> into) = 0;
  // Brings a piece of the file into the system's memory, off the shard; `done` runs on `executor`. A failure
  // is for the next read() to find.
  virtual void cache_async(std::uint64_t at, std::size_t bytes, Executor& executor, Task done) = 0;
  virtual DiskResult<std::uint64_t> size() = 0;
  virtual DiskResult<void> truncate(std::uint64_t size) = 0;
  // fdatasync. Blocks the shard: for start-up and rare work only.
  virtual DiskResult<void> sync() = 0;
  // fdatasync off the shard; `done` runs on `executor`. Covers every write() that returned before the call.
  // The File must stay open until then.
  virtual void sync_async(Executor& executor, std::move_only_function<void(DiskResult<void>)> done) = 0;
  // The bytes are not needed any more: they read as zeros, or as before where the file system cannot give the
  // space back. The size stays.
  virtual DiskResult<void> punch(std::uint64_t at, std::uint64_t bytes) = 0;
  // A hint: what was synced of this file will hardly be read soon, so the system need not keep it in memory.
  virtual void drop_cache() = 0;
};

// Of the volume that holds a folder.
struct DiskSpace {
  std::uint64_t total_bytes = 0;
  std::uint64_t usable_bytes = 0;  // that this process could still write
};

enum class OpenMode : std::uint8_t { kRead, kWrite, kCreate /* read and write; made if missing */ };

class Disk {
 public:
  virtual ~Disk() = default;
  virtual DiskResult<std::unique_ptr<File>> open(const std::string& path, OpenMode mode) = 0;
  virtual DiskResult<void> remove(const std::string& path) = 0;  // a file
  virtual DiskResult<void> remove_all(
      const std::string& path) = 0;  // a folder and all below; fine if missing
  virtual DiskResult<void> rename(const std::string& from, const std::string& to) = 0;  // replaces `to`
  virtual DiskResult<void> make_dirs(
      const std::string& path) = 0;  // with parents; fine if present; durable at once
  virtual DiskResult<std::vector<std::string>> list(const std::string& dir) = 0;  // names, sorted
  virtual DiskResult<void> sync_dir(const std::string& dir) = 0;
  virtual DiskResult<DiskSpace> space(const std::string& dir) = 0;
};

}  // namespace kontiki::env
