// ScratchFile: a file for the measure of the machine's limits.
#pragma once

#include "driver.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <string>
#include <string_view>
#include <unistd.h>

namespace kontiki::bench {

// A file that is gone with the object; it has no name any more after it was opened.
class ScratchFile {
 public:
  explicit ScratchFile(const std::string& folder) {
    std::string path = folder + "/kontiki-bench-XXXXXX";
    fd_ = ::mkstemp(path.data());
    if (fd_ < 0) fail(fmt::format("cannot create a file in {}: {}", folder, std::strerror(errno)));
    ::unlink(path.c_str());
  }
  ~ScratchFile() { ::close(fd_); }
  ScratchFile(const ScratchFile&) = delete;
  ScratchFile& operator=(const ScratchFile&) = delete;

  void write(std::string_view bytes, std::size_t at) {
    while (!bytes.empty()) {
      const ssize_t done = ::pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(at));
      if (done < 0) fail(fmt::format("cannot write: {}", std::strerror(errno)));
      bytes.remove_prefix(static_cast<std::size_t>(done));
      at += static_cast<std::size_t>(done);
    }
  }
  void flush() {
    if (::fdatasync(fd_) != 0) fail(fmt::format("fdatasync: {}", std::strerror(errno)));
  }
  void truncate() {
    if (::ftruncate(fd_, 0) != 0) fail(fmt::format("cannot truncate: {}", std::strerror(errno)));
  }

 private:
  int fd_ = -1;
};

// Bytes that a disk cannot compress.
inline std::string noise(std::size_t bytes) {
  std::string text(bytes, '\0');
  std::uint64_t state = 1;
  for (char& c : text) {
    state = state * 6364136223846793005ull + 1442695040888963407ull;
    c = static_cast<char>(state >> 56);
  }
  return text;
}

}  // namespace kontiki::bench
