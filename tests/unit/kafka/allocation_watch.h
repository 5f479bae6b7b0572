// The largest single allocation of this test program since the last call of watch_allocations(): what a
// decoder took on the word of hostile bytes. The program has one thread.
#pragma once

#include <cstddef>

namespace kontiki::kafka {

void watch_allocations();
std::size_t largest_allocation();

}  // namespace kontiki::kafka
