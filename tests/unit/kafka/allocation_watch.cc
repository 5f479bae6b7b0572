#include "unit/kafka/allocation_watch.h"

#include <algorithm>
#include <cstdlib>
#include <new>

namespace {
std::size_t largest = 0;
}  // namespace

void* operator new(std::size_t size) {
  largest = std::max(largest, size);
  void* memory = std::malloc(size == 0 ? 1 : size);
  if (memory == nullptr) std::abort();
  return memory;
}
void operator delete(void* memory) noexcept {
  std::free(memory);
}
void operator delete(void* memory, std::size_t) noexcept {
  std::free(memory);
}

namespace kontiki::kafka {

void watch_allocations() {
  largest = 0;
}
std::size_t largest_allocation() {
  return largest;
}

}  // namespace kontiki::kafka
