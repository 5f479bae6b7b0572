#include "posix/posix_disk.h"

#include "posix/descriptor.h"
#include "posix/page_cache.h"
#include "posix/posix_clock.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdio>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>
#include <utility>

namespace kontiki::posix {

using env::DiskError;
using env::DiskResult;
using env::OpenMode;

DiskError disk_error_of(int error_number) {
  switch (error_number) {
    case ENOENT:
    case ENOTDIR:
      return DiskError::kNotFound;
    case EEXIST:
    case ENOTEMPTY:
      return DiskError::kExists;
    case EACCES:
    case EPERM:
    case EROFS:
    case EBADF:
      return DiskError::kDenied;  // EBADF: written to, but opened for reading
    case ENOSPC:
    case EDQUOT:
      return DiskError::kNoSpace;
    default:
      return DiskError::kIo;
  }
}

namespace {

constexpr std::size_t kPiecesPerCall = 64;  // of one pwritev

auto failed() {
  return unexpected(disk_error_of(errno));
}

DiskResult<void> flush(const Descriptor& file) {
  // A failure is not retried: Linux has marked the pages clean by then, and a second call would lie.
  if (retried([&] { return ::fdatasync(file.number()); }) != 0) return failed();
  return {};
}

struct OpenFile : Descriptor {
  using Descriptor::Descriptor;
  std::atomic<bool> is_told = true;  // the system says what it has of the file in memory
};

class PosixFile : public env::File {
 public:
  PosixFile(int descriptor, Workers& syncs, Workers& loads, LoadPacer& pacer)
      : file_(std::make_shared<OpenFile>(descriptor)), syncs_(syncs), loads_(loads), pacer_(pacer) {}

  DiskResult<void> write(std::uint64_t at, std::span<const Slice> pieces) override {
    std::size_t skip = 0;  // bytes of the first piece that a short write took
    while (!pieces.empty()) {
      if (skip == pieces.front().size()) {
        pieces = pieces.subspan(1);
        skip = 0;
        continue;
      }
      const auto n = write_some(at, pieces, skip);
      if (!n) return unexpected(n.error());
      at += *n;
      for (std::size_t left = *n + std::exchange(skip, 0); left > 0;) {
        if (left < pieces.front().size()) {
          skip = left;
          break;
        }
        left -= pieces.front().size();
        pieces = pieces.subspan(1);
      }
    }
    return {};
  }

  DiskResult<std::size_t> read(std::uint64_t at, std::span<std::byte> into) override {
    read_ahead(true);
    std::size_t total = 0;
    while (total < into.size()) {
      const ssize_t n = retried([&] {
        return ::pread(file_->number(), into.data() + total, into.size() - total,
                       static_cast<off_t>(at + total));
      });
      if (n < 0) return failed();
      if (n == 0) break;
      total += static_cast<std::size_t>(n);
    }
    return total;
  }

  DiskResult<std::size_t> read_cached(std::uint64_t at, std::span<std::byte> into) override {
    read_ahead(false);
    const bool is_wanted = !into.empty();
    if (file_->is_told) into = into.first(cached_prefix(file_->number(), at, into.size()));
    std::size_t total = 0;
    while (total < into.size()) {
      const iovec part{into.data() + total, into.size() - total};
      const ssize_t n = retried(
          [&] { return ::preadv2(file_->number(), &part, 1, static_cast<off_t>(at + total), RWF_NOWAIT); });
      if (n < 0 && errno == EAGAIN) break;
      // A file system that cannot tell; who is not allowed to ask; and the end of the file, which 5.9
      // and 5.10 also say where there is more.
      if (n == 0 || (n < 0 && (errno == EOPNOTSUPP || errno == ENOSYS || errno == EPERM)))
        return read(at, into);
      if (n < 0) return failed();
      total += static_cast<std::size_t>(n);
    }
    if (total == 0 && is_wanted) return unexpected(DiskError::kNotCached);
    return total;
  }

  void cache_async(std::uint64_t at, std::size_t bytes, env::Executor& executor, env::Task done) override {
    loads_.add([file = file_, at, bytes, &pacer = pacer_, &executor, done = std::move(done)]() mutable {
      if (!load(file->number(), at, bytes, pacer)) file->is_told = false;
      executor.post(std::move(done));
    });
  }

  DiskResult<std::uint64_t> size() override {
    struct stat info{};
    if (::fstat(file_->number(), &info) != 0) return failed();
    return static_cast<std::uint64_t>(info.st_size);
  }

  DiskResult<void> truncate(std::uint64_t size) override {
    if (retried([&] { return ::ftruncate(file_->number(), static_cast<off_t>(size)); }) != 0) {
      if (errno == EINVAL) return unexpected(DiskError::kDenied);  // opened for reading
      return failed();
    }
    return {};
  }

  DiskResult<void> punch(std::uint64_t at, std::uint64_t bytes) override {
    const auto call = [&] {
      return ::fallocate(file_->number(), FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, static_cast<off_t>(at),
                         static_cast<off_t>(bytes));
    };
    if (bytes != 0 && retried(call) != 0 && errno != EOPNOTSUPP && errno != ENOSYS) return failed();
    return {};
  }

  DiskResult<void> sync() override { return flush(*file_); }

  void drop_cache() override { ::posix_fadvise(file_->number(), 0, 0, POSIX_FADV_DONTNEED); }

  void sync_async(env::Executor& executor, std::move_only_function<void(DiskResult<void>)> done) override {
    pacer_.flushes(PosixClock().monotonic_us());
    syncs_.add([file = file_, &pacer = pacer_, &executor, done = std::move(done)]() mutable {
      const auto result = flush(*file);
      pacer.flushes(PosixClock().monotonic_us());
      executor.post([result, done = std::move(done)]() mutable { done(result); });
    });
  }

 private:
  DiskResult<std::size_t> write_some(std::uint64_t at, std::span<const Slice> pieces, std::size_t skip) {
    iovec parts[kPiecesPerCall];
    const std::size_t count = std::min(pieces.size(), kPiecesPerCall);
    for (std::size_t i = 0; i < count; ++i) {
      const Bytes bytes = pieces[i].bytes().subspan(i == 0 ? skip : 0);
      parts[i] = {const_cast<std::byte*>(bytes.data()), bytes.size()};
    }
    const ssize_t n = retried(
        [&] { return ::pwritev(file_->number(), parts, static_cast<int>(count), static_cast<off_t>(at)); });
    if (n < 0) return failed();
    if (n == 0) return unexpected(DiskError::kIo);  // of some bytes none written: would repeat for ever
    return static_cast<std::size_t>(n);
  }

  // Who does not wait says what is to be loaded; more than that is not worth what it does to the flushes.
  void read_ahead(bool on) {
    if (std::exchange(read_ahead_, on) != on)
      ::posix_fadvise(file_->number(), 0, 0, on ? POSIX_FADV_NORMAL : POSIX_FADV_RANDOM);
  }

  const std::shared_ptr<OpenFile> file_;  // shared with what is under way in the background
  Workers& syncs_;
  Workers& loads_;
  LoadPacer& pacer_;
  bool read_ahead_ = true;
};

DiskResult<void> make_one_dir(const std::string& path) {
  if (::mkdir(path.c_str(), 0755) == 0) return {};
  const int error = errno;
  struct stat info{};
  if (error == EEXIST && ::stat(path.c_str(), &info) == 0 && S_ISDIR(info.st_mode))
    return unexpected(DiskError::kExists);
  // Something in the way that is no folder reads better as "exists" than as "not found".
  return unexpected(error == EEXIST || error == ENOTDIR ? DiskError::kIo : disk_error_of(error));
}

std::string parent_of(const std::string& path) {
  const std::string parent = std::filesystem::path(path).parent_path().string();
  return parent.empty() ? "." : parent;
}

}  // namespace

DiskResult<std::unique_ptr<env::File>> PosixDisk::open(const std::string& path, OpenMode mode) {
  int flags = O_CLOEXEC;
  switch (mode) {
    case OpenMode::kRead:
      flags |= O_RDONLY;
      break;
    case OpenMode::kWrite:
      flags |= O_RDWR;
      break;
    case OpenMode::kCreate:
      flags |= O_RDWR | O_CREAT;
      break;
  }
  const int descriptor = retried([&] { return ::open(path.c_str(), flags, 0644); });
  if (descriptor < 0) return failed();
  return std::make_unique<PosixFile>(descriptor, syncs_, loads_, pacer_);
}

DiskResult<void> PosixDisk::remove(const std::string& path) {
  if (::unlink(path.c_str()) != 0) return failed();
  return {};
}

DiskResult<void> PosixDisk::remove_all(const std::string& path) {
  std::error_code error;
  std::filesystem::remove_all(path, error);
  if (error) return unexpected(disk_error_of(error.value()));
  return {};
}

DiskResult<void> PosixDisk::rename(const std::string& from, const std::string& to) {
  if (std::rename(from.c_str(), to.c_str()) != 0) return failed();
  return {};
}

DiskResult<void> PosixDisk::make_dirs(const std::string& path) {
  std::string made;
  for (const auto& part : std::filesystem::path(path)) {
    if (part.empty()) continue;  // a trailing slash
    made = (std::filesystem::path(made) / part).string();
    if (auto result = make_one_dir(made); !result) {
      if (result.error() == DiskError::kExists) continue;
      return unexpected(result.error() == DiskError::kIo ? DiskError::kExists : result.error());
    }
    if (auto result = sync_dir(parent_of(made)); !result) return result;
  }
  return {};
}

DiskResult<std::vector<std::string>> PosixDisk::list(const std::string& dir) {
  std::error_code error;
  std::vector<std::string> names;
  auto it = std::filesystem::directory_iterator(dir, error);
  for (; !error && it != std::filesystem::directory_iterator(); it.increment(error))
    names.push_back(it->path().filename().string());
  if (error) return unexpected(disk_error_of(error.value()));
  std::sort(names.begin(), names.end());
  return names;
}

DiskResult<void> PosixDisk::sync_dir(const std::string& dir) {
  const Descriptor folder(retried([&] { return ::open(dir.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC); }));
  if (folder.number() < 0) return failed();
  if (retried([&] { return ::fsync(folder.number()); }) != 0) return failed();
  return {};
}

DiskResult<env::DiskSpace> PosixDisk::space(const std::string& dir) {
  struct statvfs volume{};
  if (retried([&] { return ::statvfs(dir.c_str(), &volume); }) != 0) return failed();
  const std::uint64_t block = volume.f_frsize;
  return env::DiskSpace{block * volume.f_blocks, block * volume.f_bavail};
}

}  // namespace kontiki::posix
