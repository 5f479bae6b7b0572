#include "posix/page_cache.h"

#include "posix/posix_clock.h"
#include "posix/retried.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <thread>
#include <unistd.h>

namespace kontiki::posix {
namespace {

// Of one request to the device when a piece is brought into memory: what it flushes meanwhile waits for one
// of them.
constexpr std::size_t kLoadBytes = 128u << 10;

constexpr long kCachestat = 451;  // the number of cachestat(2), on every architecture

struct CachestatRange {
  std::uint64_t offset, length;
};
struct Cachestat {
  std::uint64_t cached, dirty, writeback, evicted, recently_evicted;  // pages
};

std::uint64_t page_bytes() {
  static const auto bytes = static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return bytes;
}

bool is_cached(int file, std::uint64_t first_page, std::uint64_t pages, bool& can_tell) {
  CachestatRange range{first_page * page_bytes(), pages * page_bytes()};
  Cachestat found{};
  can_tell = ::syscall(kCachestat, file, &range, &found, 0u) == 0;
  return can_tell && found.cached >= pages;
}

// To nowhere, which saves the copy. False at the end of the file, or if it cannot be read.
bool read_to(int nowhere, int file, off_t next, off_t end) {
  ::posix_fadvise(file, next, end - next, POSIX_FADV_WILLNEED);
  while (next < end) {
    if (retried([&] { return ::sendfile(nowhere, file, &next, static_cast<std::size_t>(end - next)); }) <= 0)
      return false;
  }
  return true;
}

bool load_data(int nowhere, int file, off_t next, off_t end, LoadPacer& pacer) {
  while (next < end) {
    const off_t request_end = std::min(end, next + static_cast<off_t>(kLoadBytes));
    const std::int64_t begun_us = PosixClock().monotonic_us();
    if (!read_to(nowhere, file, next, request_end)) return false;
    const std::int64_t rest_us = pacer.rest_us(begun_us, PosixClock().monotonic_us());
    std::this_thread::sleep_for(std::chrono::microseconds(rest_us));
    next = request_end;
  }
  return true;
}

}  // namespace

std::size_t cached_prefix(int file, std::uint64_t at, std::size_t bytes) {
  struct stat info{};
  if (::fstat(file, &info) != 0) return bytes;
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (bytes == 0 || at >= size) return bytes;
  const std::uint64_t first = at / page_bytes();
  const std::uint64_t pages = (std::min(at + bytes, size) - 1) / page_bytes() + 1 - first;
  bool can_tell = true;
  if (is_cached(file, first, pages, can_tell) || !can_tell) return bytes;
  std::uint64_t cached = 0, cold = pages;  // so many are all cached, so many are not
  while (cached + 1 < cold) {
    const std::uint64_t middle = cached + (cold - cached) / 2;
    (is_cached(file, first, middle, can_tell) ? cached : cold) = middle;
  }
  return cached == 0 ? 0 : static_cast<std::size_t>((first + cached) * page_bytes() - at);
}

// Holes would take memory, and a segment may have many.
void load(int file, std::uint64_t at, std::size_t bytes, LoadPacer& pacer) {
  static const int nowhere = ::open("/dev/null", O_WRONLY | O_CLOEXEC);
  auto next = static_cast<off_t>(at);
  for (const off_t end = next + static_cast<off_t>(bytes); next < end;) {
    off_t data = ::lseek(file, next, SEEK_DATA);
    if (data < 0 && errno == ENXIO) return;  // nothing more but a hole
    if (data < 0) data = next;
    const off_t hole = ::lseek(file, data, SEEK_HOLE);
    next = hole < 0 ? end : std::min(hole, end);
    if (!load_data(nowhere, file, data, next, pacer)) return;
  }
}

}  // namespace kontiki::posix
