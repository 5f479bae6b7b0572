#include "posix/page_cache.h"

#include "posix/descriptor.h"
#include "posix/posix_clock.h"

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

// Of one request to the device when a piece is brought into memory. What it flushes meanwhile waits for one
// of them; without flushes, one small one after the other would leave the device idle half of the time.
constexpr off_t kRequestBytes = 128 << 10;
constexpr off_t kRequestBytesAlone = 2 << 20;

#ifdef SYS_cachestat
constexpr long kCachestat = SYS_cachestat;
#else
constexpr long kCachestat = 451;  // x86-64, arm64 and most others
#endif

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

// The pages that hold these bytes.
struct Pages {
  std::uint64_t first = 0, count = 0;
};
Pages pages_of(std::uint64_t at, std::uint64_t bytes) {
  const std::uint64_t first = at / page_bytes();
  return {first, (at + bytes - 1) / page_bytes() + 1 - first};
}

enum class Cached : std::uint8_t { kAll, kNotAll, kUnknown };
Cached cached(int file, Pages pages) {
  CachestatRange range{pages.first * page_bytes(), pages.count * page_bytes()};
  Cachestat found{};
  if (::syscall(kCachestat, file, &range, &found, 0u) != 0) return Cached::kUnknown;
  return found.cached >= pages.count ? Cached::kAll : Cached::kNotAll;
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

void sleep_us(std::int64_t us) {
  if (us > 0) std::this_thread::sleep_for(std::chrono::microseconds(us));
}

}  // namespace

std::size_t cached_prefix(int file, std::uint64_t at, std::size_t bytes) {
  if (bytes == 0 || cached(file, pages_of(at, bytes)) != Cached::kNotAll) return bytes;
  struct stat info{};
  if (::fstat(file, &info) != 0) return bytes;
  const auto size = static_cast<std::uint64_t>(info.st_size);
  if (at >= size) return bytes;
  const Pages pages = pages_of(at, std::min<std::uint64_t>(bytes, size - at));
  std::uint64_t warm = 0, cold = pages.count + 1;  // so many are all cached, so many are not
  while (warm + 1 < cold) {
    const std::uint64_t middle = warm + (cold - warm) / 2;
    (cached(file, {pages.first, middle}) == Cached::kAll ? warm : cold) = middle;
  }
  if (warm == pages.count) return bytes;
  return warm == 0 ? 0 : static_cast<std::size_t>((pages.first + warm) * page_bytes() - at);
}

// Holes would take memory, and a segment may have many.
bool load(int file, std::uint64_t at, std::size_t bytes, LoadPacer& pacer) {
  const Descriptor nowhere(::open("/dev/null", O_WRONLY | O_CLOEXEC));
  const auto end = static_cast<off_t>(at + bytes);
  bool is_found = true;
  for (auto next = static_cast<off_t>(at); next < end;) {
    off_t data = ::lseek(file, next, SEEK_DATA);
    if (data < 0 && errno == ENXIO) break;  // nothing more but a hole
    if (data < 0) data = next;
    if (data >= end) break;
    const off_t hole = ::lseek(file, data, SEEK_HOLE);
    const bool alone = !pacer.is_flushing(PosixClock().monotonic_us());
    next = std::min({hole < 0 ? end : hole, end, data + (alone ? kRequestBytesAlone : kRequestBytes)});
    const Pages pages = pages_of(static_cast<std::uint64_t>(data), static_cast<std::uint64_t>(next - data));
    if (cached(file, pages) == Cached::kAll) continue;
    sleep_us(pacer.rest_us(PosixClock().monotonic_us()));
    const std::int64_t begun_us = PosixClock().monotonic_us();
    if (!read_to(nowhere.number(), file, data, next)) break;
    pacer.worked(begun_us, PosixClock().monotonic_us());
    is_found = cached_prefix(file, static_cast<std::uint64_t>(data), 1) != 0;
  }
  return is_found;
}

}  // namespace kontiki::posix
