#include "raft/message.h"

#include "base/check.h"
#include "raft/quorum.h"
#include "raft/trail.h"

#include <limits>

namespace kontiki::raft {

void shorten(AppendRequest& request, std::uint64_t count) {
  CHECK(count <= request.count, "shorten cannot add entries");
  if (count == request.count) return;
  const Index last = request.prev_index + count;
  request.count = count;
  while (!request.runs.empty() && request.runs.back().last > last) {
    const auto size = request.runs.size();
    const Index before = size > 1 ? request.runs[size - 2].last : request.prev_index;
    if (before >= last) {
      request.runs.pop_back();
    } else {
      request.runs.back().last = last;
    }
  }
  std::erase_if(request.configurations, [&](const auto& c) { return c.first > last; });
}

bool is_well_formed(const AppendRequest& request) {
  if (request.prev_index == Index{0} && request.prev_term != Term{0}) return false;
  if (request.count > std::numeric_limits<std::uint64_t>::max() - request.prev_index.value) return false;
  const Index last = request.prev_index + request.count;
  if (!is_trail(request.runs, request.prev_index, request.prev_term, last)) return false;
  Index before = request.prev_index;
  for (const auto& [index, configuration] : request.configurations) {
    if (index <= before || index > last || !is_valid(configuration)) return false;
    before = index;
  }
  return true;
}

}  // namespace kontiki::raft
