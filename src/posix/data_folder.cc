#include "posix/data_folder.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace kontiki::posix {
namespace {

Result<DataFolder, DataFolderError> refused(const std::string& path, const std::string& what, int error) {
  const bool full = error == ENOSPC || error == EDQUOT;
  const std::string why = std::generic_category().message(error);
  if (full)
    return unexpected(
        DataFolderError{Reason::kDiskFull,
                        what + " (" + why + "): free some space on the disk of data folder " + path + "."});
  return unexpected(DataFolderError{
      Reason::kDataNotWritable,
      what + " (" + why + "): let this user write to data folder " + path + ", or name another one."});
}

// Whom the lock file names, for the message only: the lock itself is the kernel's.
std::string owner_of(int lock) {
  char text[32] = {};
  const ssize_t n = ::pread(lock, text, sizeof(text) - 1, 0);
  const std::size_t digits = n > 0 ? std::strspn(text, "0123456789") : 0;
  return digits > 0 ? "process " + std::string(text, digits) : "another process";
}

}  // namespace

Result<DataFolder, DataFolderError> DataFolder::open(const std::string& path) {
  std::error_code error;
  std::filesystem::create_directories(path, error);
  if (error) return refused(path, "The data folder cannot be created", error.value());
  const std::string lock_path = path + "/lock";
  const int lock = ::open(lock_path.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0644);
  if (lock < 0) return refused(path, "The file " + lock_path + " cannot be opened for writing", errno);
  DataFolder folder(path, lock);
  if (::flock(lock, LOCK_EX | LOCK_NB) != 0) {
    if (errno != EWOULDBLOCK) return refused(path, "The file " + lock_path + " cannot be locked", errno);
    return unexpected(DataFolderError{Reason::kDataOwned, "The data folder " + path + " is in use by " +
                                                              owner_of(lock) +
                                                              ": stop it, or name another folder."});
  }
  const std::string pid = std::to_string(::getpid()) + "\n";
  if (::ftruncate(lock, 0) != 0 ||
      ::pwrite(lock, pid.data(), pid.size(), 0) != static_cast<ssize_t>(pid.size()) || ::fsync(lock) != 0)
    return refused(path, "The file " + lock_path + " cannot be written", errno);
  return folder;
}

DataFolder::DataFolder(DataFolder&& other) noexcept
    : path_(std::move(other.path_)), lock_(std::exchange(other.lock_, -1)) {}

DataFolder::~DataFolder() {
  if (lock_ >= 0)
    ::close(lock_);  // releases the lock; the file stays, removing it would race with the next owner
}

}  // namespace kontiki::posix
