// A leader brings any follower in line: every place at which two short logs can part, with every lengths and
// terms of what follows, and at every width of an index.
#include "unit/raft/cluster.h"

#include <gtest/gtest.h>

namespace kontiki::raft::test {
namespace {

constexpr int kLength = 4;
constexpr int kTerms = 3;

using Terms = std::vector<std::uint64_t>;

// All rising sequences of terms, up to kLength long.
void all_logs(Terms& log, std::vector<Terms>& out) {
  out.push_back(log);
  if (log.size() == kLength) return;
  for (std::uint64_t term = log.empty() ? 1 : log.back(); term <= kTerms; ++term) {
    log.push_back(term);
    all_logs(log, out);
    log.pop_back();
  }
}

// Two logs that can exist at once: where they have the same term at an index, they are the same before it.
bool can_coexist(const Terms& a, const Terms& b) {
  bool parted = false;
  for (std::size_t i = 0; i < std::min(a.size(), b.size()); ++i) {
    if (a[i] == b[i] && parted) return false;
    parted = parted || a[i] != b[i];
  }
  return true;
}

Disk disk_of(const Terms& log, Index start) {
  Disk disk;
  disk.base.voters = {NodeId{1}, NodeId{2}, NodeId{3}};
  disk.start = start;
  for (const std::uint64_t term : log) {
    disk.entries.push_back(
        {.term = Term{term}, .payload = term * 1000 + disk.last().value + 1, .members = {}});
  }
  disk.hard_state.term = Term{kTerms};
  return disk;
}

void bring_in_line(const Terms& leader, const Terms& follower, Index start) {
  Cluster cluster(7, Options{}, [](const std::string&) {});
  cluster.auto_persist = true;
  cluster.add(NodeId{1}, disk_of(leader, start));
  cluster.add(NodeId{2}, disk_of(follower, start));
  cluster.add(NodeId{3}, disk_of(leader, start));  // whose vote elects 1, whatever 2 has
  cluster.step(NodeId{1}, Campaign{});
  for (int tick = 0; tick < 3; ++tick) {
    while (!cluster.network().empty()) cluster.deliver(0);
    cluster.step(NodeId{1}, Tick{});
  }
  ASSERT_EQ(cluster.broken(), "");
  const Core& a = *cluster.node(NodeId{1}).core;
  const Core& b = *cluster.node(NodeId{2}).core;
  ASSERT_EQ(a.role(), Role::kLeader);
  EXPECT_EQ(a.last_index(), start + leader.size() + 1);
  EXPECT_EQ(a.trail(), b.trail());
  EXPECT_EQ(b.commit(), a.last_index());
  EXPECT_FALSE(a.needs_tick());
}

TEST(RaftConflict, AnyFollowerIsBroughtInLine) {
  std::vector<Terms> logs;
  Terms log;
  all_logs(log, logs);
  for (const std::uint64_t start : {std::uint64_t{0}, (std::uint64_t{1} << 32) - 3}) {
    for (const Terms& leader : logs) {
      for (const Terms& follower : logs) {
        if (!can_coexist(leader, follower)) continue;
        ASSERT_NO_FATAL_FAILURE(bring_in_line(leader, follower, Index{start}));
      }
    }
  }
}

}  // namespace
}  // namespace kontiki::raft::test
