#include "posix/spare_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <jemalloc/jemalloc.h>
#include <sys/resource.h>
#include <sys/types.h>
#include <utility>

// Builds with sanitizers have none of these.
#pragma weak mallctl
#pragma weak mallocx
#pragma weak dallocx

namespace kontiki::posix {
namespace {

constexpr ssize_t kGiveBackAfterMs = 10'000;
constexpr ssize_t kNever = -1;
constexpr std::size_t kPageBytes = 4096;
constexpr int kHugePageBits = 21;
constexpr int kLowestPriority = 19;

void give_back_after(ssize_t ms) {
  if (mallctl == nullptr) return;
  unsigned arenas = 0;
  std::size_t size = sizeof arenas;
  mallctl("arenas.narenas", &arenas, &size, nullptr, 0);
  mallctl("arenas.dirty_decay_ms", nullptr, nullptr, &ms, sizeof ms);  // of arenas to come
  // An arena that no thread has used yet refuses, and is one of those to come.
  for (unsigned i = 0; i < arenas; ++i)
    mallctl(fmt::format("arena.{}.dirty_decay_ms", i).c_str(), nullptr, nullptr, &ms, sizeof ms);
}

std::size_t freed_bytes(unsigned arena) {
  std::size_t pages = 0, size = sizeof pages;
  mallctl(fmt::format("stats.arenas.{}.pdirty", arena).c_str(), &pages, &size, nullptr, 0);
  return pages * kPageBytes;
}

// What is freed into an arena stays there, and its threads get of it before they get anything new.
void make_ready(unsigned arena) {
  if (freed_bytes(arena) >= SpareMemory::kReadyBytes) return;
  const int flags = MALLOCX_ARENA(arena) | MALLOCX_TCACHE_NONE;
  void* memory = mallocx(SpareMemory::kReadyBytes, flags | MALLOCX_LG_ALIGN(kHugePageBits));
  if (memory == nullptr) return;  // whoever needs it will say so
  auto* bytes = static_cast<volatile char*>(memory);
  for (std::size_t at = 0; at < SpareMemory::kReadyBytes; at += kPageBytes) bytes[at] = 0;
  dallocx(memory, flags);
}

}  // namespace

SpareMemory::SpareMemory() {
  decide(false);
}

void SpareMemory::serve_this_thread() {
  if (mallctl == nullptr) return;
  unsigned arena = 0;
  std::size_t size = sizeof arena;
  if (mallctl("thread.arena", &arena, &size, nullptr, 0) != 0) return;
  const std::lock_guard lock(mutex_);
  arenas_.push_back(arena);
}

void SpareMemory::second_passed(std::uint64_t transferred_bytes) {
  const std::uint64_t bytes = transferred_bytes - std::exchange(transferred_bytes_, transferred_bytes);
  quiet_seconds_ = bytes < kQuietBytes ? quiet_seconds_ + 1 : 0;
  steady_seconds_ = bytes < kQuietBytes ? 0 : std::min(steady_seconds_ + 1, kSteadySeconds);
  if (!stays_ && (bytes >= kBusyBytes || steady_seconds_ == kSteadySeconds)) decide(true);
  if (stays_ && quiet_seconds_ >= kQuietSeconds) decide(false);
  // At full speed there is no time for it, and a shard might wait for that thread where it waits for the
  // kernel.
  const bool is_slow = quiet_seconds_ == 0 && bytes < kBusyBytes;
  if (stays_ && is_slow && !is_making_ready_.exchange(true)) workers_.add([this] { make_ready(); });
}

void SpareMemory::make_ready() {
  ::setpriority(PRIO_PROCESS, 0, kLowestPriority);  // of this thread alone, and a wish
  std::vector<unsigned> arenas;
  {
    const std::lock_guard lock(mutex_);
    arenas = arenas_;
  }
  std::uint64_t epoch = 1;
  if (!arenas.empty()) mallctl("epoch", nullptr, nullptr, &epoch, sizeof epoch);  // counts anew
  for (const unsigned arena : arenas) posix::make_ready(arena);
  is_making_ready_ = false;
}

void SpareMemory::decide(bool stays) {
  stays_ = stays;
  give_back_after(stays ? kNever : kGiveBackAfterMs);
}

}  // namespace kontiki::posix
