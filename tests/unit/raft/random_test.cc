// Safety and liveness of small groups under chance: a network that loses, duplicates and reorders, disks that
// lag, crashes that lose what was not durable, false alarms about peers, compaction, changes of members.
// Every invariant is checked after every step; then all is healed, and the group must elect, commit
// everything and fall silent.
//
// Runs many seeds; SEED=n runs one, with a trace.
#include "unit/raft/cluster.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>

namespace kontiki::raft::test {
namespace {

constexpr int kStormSteps = 500;
constexpr int kHealRounds = 400;

class Storm {
 public:
  Storm(std::uint64_t seed, bool trace)
      : prng_(seed),
        size_(prng_.chance(1, 2) ? 3 : 5),
        cluster_(seed + 1, options(), [trace](const std::string& line) {
          if (trace) std::printf("%s\n", line.c_str());
        }) {
    damages_ = prng_.chance(1, 2) ? 1 + prng_.below(3) : 0;
    bounded_ = damages_ == 0 || prng_.chance(1, 2);
    Disk disk;
    // Indexes must not be cut to 8 or 32 bits anywhere.
    static constexpr std::uint64_t kStarts[] = {0, 0, 120, 250, (1ull << 31) - 10, (1ull << 32) - 10};
    disk.start = Index{kStarts[prng_.below(std::size(kStarts))]};
    disk.start_term = Term{disk.start.value == 0 ? 0 : disk.start.value + 7};
    disk.hard_state.term = disk.start_term;
    for (int i = 1; i <= size_; ++i) {
      (i == size_ && !(damages_ > 0 && bounded_) && prng_.chance(1, 3) ? disk.base.learners
                                                                       : disk.base.voters)
          .emplace_back(i);
    }
    start_ = disk.start;
    for (int i = 1; i <= size_; ++i) cluster_.add(NodeId{i}, disk).fill_entries_max = 1 + prng_.below(4);
    lossy_ = prng_.below(4);
    lazy_disk_ = prng_.below(3) + 1;
  }

  // Empty, or what went wrong.
  std::string run() {
    for (int i = 0; i < kStormSteps && cluster_.broken().empty(); ++i) act();
    if (!cluster_.broken().empty()) return cluster_.broken();
    const std::string healed = heal();
    // A group with a majority in doubt stops, and has to.
    return bounded_ || !cluster_.broken().empty() ? healed : "";
  }

 private:
  Options options() {
    Options o;
    o.election_ticks = 6;
    o.retry_ticks = 2;
    o.entries_per_message_max = 1 + prng_.below(6);
    o.inflight_messages_max = 1 + prng_.below(4);
    o.inflight_bytes_max = 100 * (1 + prng_.below(8));
    return o;
  }

  NodeId any() { return NodeId{static_cast<int>(1 + prng_.below(size_))}; }
  Node& any_node() { return cluster_.node(any()); }

  NodeId some_leader() {
    for (auto& [id, node] : cluster_.nodes()) {
      if (node.core && node.core->role() == Role::kLeader && prng_.chance(2, 3)) return id;
    }
    return any();
  }

  void act() {
    const std::uint64_t dice = prng_.below(100);
    if (dice < 45) {
      network();
    } else if (dice < 60) {
      disk(any_node());
    } else if (dice < 78) {
      cluster_.step(any(), Tick{});
    } else if (dice < 90) {
      cluster_.propose(some_leader(), static_cast<std::uint32_t>(1 + prng_.below(5)));
    } else {
      rare();
    }
  }

  void network() {
    auto& packets = cluster_.network();
    if (packets.empty()) return;
    const std::size_t at = prng_.chance(3, 4) ? 0 : prng_.below(packets.size());
    if (prng_.chance(lossy_, 20)) {
      packets.erase(packets.begin() + static_cast<std::ptrdiff_t>(at));
      return;
    }
    if (prng_.chance(lossy_, 20)) packets.push_back(packets.at(at));
    cluster_.deliver(at);
  }

  void disk(Node& node) {
    if (node.writes.empty()) return;
    cluster_.sync(node.id, 1 + prng_.below(lazy_disk_));
    if (prng_.chance(1, 3)) {  // acknowledgements in any order
      cluster_.acknowledge(node.id, node.writes[prng_.below(node.writes.size())].number);
    } else if (node.writes.front().durable) {
      cluster_.acknowledge(node.id, node.writes.front().number);
    }
  }

  void rare() {
    Node& node = any_node();
    switch (prng_.below(10)) {
      case 0:
        if (prng_.chance(1, 2)) cluster_.sync(node.id, prng_.below(3));
        cluster_.crash(node.id);
        if (prng_.chance(damages_, 6)) damage(node.id);
        break;
      case 1:
      case 2:
        for (auto& [id, other] : cluster_.nodes()) {
          if (!other.core && prng_.chance(2, 3)) cluster_.restart(id);
        }
        break;
      case 3:
        cluster_.step(node.id, PeerDown{any()});
        break;
      case 4:
        cluster_.step(node.id, PeerUp{any()});
        break;
      case 5:
        cluster_.step(some_leader(), TransferLeader{any()});
        break;
      case 6:
        cluster_.read(some_leader(), ++context_);
        break;
      case 7:
        if (node.core) cluster_.compact(node.id, node.core->commit() - prng_.below(3));
        break;
      case 8:
        snapshots();
        break;
      case 9:
        prng_.chance(1, 2) ? reconfigure() : cut();
        break;
    }
  }

  // Who is in doubt may be damaged again.
  void damage(NodeId id) {
    int doubtful = 0;
    for (auto& [other, node] : cluster_.nodes())
      doubtful +=
          other != id && (node.core ? node.core->in_doubt() : node.disk.hard_state.doubt.open) ? 1 : 0;
    if (start_.value != 0 || (bounded_ && 2 * (doubtful + 1) >= size_)) return;
    const Disk& disk = cluster_.node(id).disk;
    cluster_.damage(id, Index{prng_.below(disk.last().value + 1)});
  }

  void cut() {
    const NodeId a = any();
    const NodeId b = any();
    if (a != b) cluster_.set_link(a, b, prng_.chance(1, 2));
  }

  void snapshots() {
    for (auto& [id, node] : cluster_.nodes()) {
      if (!node.core) continue;
      const auto wanted = node.snapshot_wanted;
      for (const NodeId to : wanted) cluster_.send_snapshot(id, to);
    }
  }

  void reconfigure() {
    if (damages_ > 0 && bounded_) return;
    Configuration next;
    for (int i = 1; i <= size_; ++i) {
      if (prng_.chance(3, 4)) {
        next.voters.emplace_back(i);
      } else if (prng_.chance(1, 2)) {
        next.learners.emplace_back(i);
      }
    }
    cluster_.step(some_leader(), ProposeConfiguration{next});
  }

  // What the driver's liveness between nodes would tell: who is up, and that who is followed does not lead.
  void tell_the_truth() {
    for (auto& [id, node] : cluster_.nodes()) {
      if (!node.core || node.core->role() != Role::kFollower || node.core->leader() == kNoNode) continue;
      Node& leader = cluster_.node(node.core->leader());
      if (leader.core->role() == Role::kLeader && leader.core->term() == node.core->term()) continue;
      cluster_.post({.from = leader.id, .to = id, .term = leader.core->term(), .body = NotLeader{}});
    }
  }

  std::string heal() {
    cluster_.heal_links();
    for (auto& [id, node] : cluster_.nodes()) {
      if (!node.core) cluster_.restart(id);
    }
    for (auto& [id, node] : cluster_.nodes()) {
      for (auto& [peer, other] : cluster_.nodes()) {
        if (peer != id) cluster_.step(id, PeerUp{peer});
      }
    }
    bool proposed = false;
    for (int round = 0; round < kHealRounds && cluster_.broken().empty(); ++round) {
      settle();
      tell_the_truth();
      settle();
      const Core* leader = agreed_leader();
      if (leader != nullptr && !proposed) {
        proposed = true;
        cluster_.propose(leader->self(), 3);
        continue;
      }
      if (leader != nullptr && proposed && quiet(*leader)) return cluster_.broken();
      for (auto& [id, node] : cluster_.nodes()) {
        if (node.core->needs_tick()) cluster_.step(id, Tick{});
      }
    }
    if (!cluster_.broken().empty()) return cluster_.broken();
    std::string states;
    for (auto& [id, node] : cluster_.nodes()) states += "\n" + node.core->describe();
    return "not live after healing:" + states;
  }

  void settle() {
    for (int i = 0; i < 5000 && cluster_.broken().empty(); ++i) {
      bool idle = cluster_.network().empty();
      if (!idle) cluster_.deliver(0);
      for (auto& [id, node] : cluster_.nodes()) {
        idle = idle && node.writes.empty() && node.snapshot_wanted.empty();
        cluster_.persist(id, node.writes.size());
      }
      snapshots();
      if (idle) return;
    }
  }

  const Core* agreed_leader() {
    const Core* leader = nullptr;
    for (auto& [id, node] : cluster_.nodes()) {
      const bool leads = node.core->role() == Role::kLeader;
      if (leads && (leader == nullptr || node.core->term() > leader->term())) leader = &*node.core;
    }
    return leader;
  }

  // Everybody in the leader's configuration has everything, knows that it is committed, and needs no tick.
  bool quiet(const Core& leader) {
    for (auto& [id, node] : cluster_.nodes()) {
      if (!leader.configuration().is_member(id)) continue;
      if (node.core->needs_tick() || node.core->commit() != leader.last_index()) return false;
      if (node.core->persisted() != leader.last_index()) return false;
    }
    return leader.configuration().outgoing.empty();
  }

  Prng prng_;
  int size_;
  Cluster cluster_;
  Index start_;
  std::uint64_t lossy_ = 0;
  std::uint64_t lazy_disk_ = 1;
  std::uint64_t context_ = 0;
  std::uint64_t damages_ = 0;  // how often a crash damages the disk
  bool bounded_ = true;        // a minority at a time, and members that stay: the group must come back
};

TEST(RaftRandom, GroupsAreSafeInAStormAndLiveAfterIt) {
  const char* only = std::getenv("SEED");
  const char* count = std::getenv("SEEDS");
  const std::uint64_t first = only != nullptr ? std::stoull(only) : 1;
  const std::uint64_t last = only != nullptr ? first : count != nullptr ? std::stoull(count) : 150;
  for (std::uint64_t seed = first; seed <= last; ++seed) {
    Storm storm(seed, only != nullptr);
    ASSERT_EQ(storm.run(), "") << "run again with SEED=" << seed;
  }
}

}  // namespace
}  // namespace kontiki::raft::test
