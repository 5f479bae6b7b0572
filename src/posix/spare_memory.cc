#include "posix/spare_memory.h"

#include <fmt/format.h>

#include <algorithm>
#include <sys/types.h>
#include <utility>

// jemalloc's, if it is there: mallctl(3).
extern "C" int mallctl(const char* name, void* old, std::size_t* old_size, void* now, std::size_t now_size)
    __attribute__((weak));

namespace kontiki::posix {
namespace {

constexpr ssize_t kGiveBackAfterMs = 10'000;
constexpr ssize_t kNever = -1;

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

}  // namespace

SpareMemory::SpareMemory() {
  decide(false);
}

void SpareMemory::second_passed(std::uint64_t transferred_bytes) {
  const std::uint64_t bytes = transferred_bytes - std::exchange(transferred_bytes_, transferred_bytes);
  quiet_seconds_ = bytes < kQuietBytes ? quiet_seconds_ + 1 : 0;
  steady_seconds_ = bytes < kQuietBytes ? 0 : std::min(steady_seconds_ + 1, kSteadySeconds);
  if (!stays_ && (bytes >= kBusyBytes || steady_seconds_ == kSteadySeconds)) decide(true);
  if (stays_ && quiet_seconds_ >= kQuietSeconds) decide(false);
}

void SpareMemory::decide(bool stays) {
  stays_ = stays;
  give_back_after(stays ? kNever : kGiveBackAfterMs);
}

}  // namespace kontiki::posix
