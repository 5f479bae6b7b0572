// Cluster: several raft cores of one group with a modelled disk each and one network, for golden scripts and
// the randomized test. Single-threaded; nothing happens unless it is asked for.
//
// A node's disk takes writes in the order of their steps. A write becomes durable by sync(), is acknowledged
// to the core by acknowledge(), or both by persist(). A crash loses what is not durable, and what was to be
// sent after it.
//
// Checked after every step, besides the invariants I* (by the core) and C* (ClusterInvariants):
//   C5  an entry is committed only when a quorum has it on disk
//   C6  the same payload is applied at one index everywhere
//   C7  a read is answered at an index not below what was committed when it was asked
#pragma once

#include "raft/core.h"
#include "raft/invariants.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kontiki::raft::test {

struct StoredEntry {
  Term term;
  std::uint64_t payload = 0;
  std::optional<Configuration> members;
};

// A log with its hard state, as it stands on disk or in memory.
struct Disk {
  HardState hard_state;
  Index start;
  Term start_term;
  Configuration base;
  std::vector<StoredEntry> entries;  // after start

  Index last() const { return start + entries.size(); }
  const StoredEntry& at(Index index) const { return entries.at(index - start - 1); }
  void append(Index first, const std::vector<StoredEntry>& more);
  void cut(Index index);
  Restored restored() const;
};

struct Packet {
  std::uint64_t id = 0;
  Message message;
  std::vector<StoredEntry> entries;
};

struct Write {
  std::uint64_t number = 0;
  std::optional<HardState> hard_state;
  Index first;
  std::vector<StoredEntry> entries;
  bool durable = false;
};

struct Node {
  NodeId id;
  Options options;
  Disk disk;    // durable
  Disk memory;  // as the core sees it
  std::optional<Core> core;
  std::deque<Write> writes;  // not acknowledged yet, in order
  std::vector<std::pair<std::uint64_t, Message>> held;
  std::vector<NodeId> snapshot_wanted;
  std::uint64_t fill_entries_max = UINT64_MAX;  // what fits into a message
  std::uint64_t incarnation = 0;
  std::vector<Disk> forgotten;  // what stood on disk before it was damaged
};

class Cluster {
 public:
  using Trace = std::function<void(const std::string&)>;

  Cluster(std::uint64_t seed, Options options, Trace trace);

  Node& add(NodeId id, const Disk& disk, std::uint64_t member_since = 0);  // and starts it
  Node& node(NodeId id);
  std::map<NodeId, Node>& nodes() { return nodes_; }
  std::deque<Packet>& network() { return network_; }
  bool auto_persist = false;  // every write is durable at once

  void step(NodeId id, const Event& event);
  void propose(NodeId id, std::uint32_t count) { step(id, Propose{count}); }
  void read(NodeId id, std::uint64_t context);
  void deliver(std::size_t position);  // the packet at that place of the network
  void post(Message message);          // a message of the driver's own making
  void set_link(NodeId a, NodeId b, bool up);
  void heal_links() { cut_.clear(); }
  bool linked(NodeId a, NodeId b) const;

  void sync(NodeId id, std::size_t count);  // the next `count` writes become durable
  void acknowledge(NodeId id, std::uint64_t number);
  void persist(NodeId id, std::size_t count);  // both, in order
  void crash(NodeId id);
  void restart(NodeId id);
  // The disk of a crashed node loses its hard state and what stands after `kept`; the store knows that it
  // did.
  void damage(NodeId id, Index kept);
  void compact(NodeId id, Index index);
  void send_snapshot(NodeId from, NodeId to);  // at once, from the start of the log of `from`

  const std::string& broken() const { return broken_; }  // the first broken invariant
  std::uint64_t payloads() const { return payload_; }
  Index committed() const { return invariants_.committed(); }

 private:
  void take(Node& node, const Effects& effects, const Configuration& members);
  void write(Node& node, const Effects& effects, const std::vector<StoredEntry>& received);
  void transmit(Node& node, Message message);
  void release(Node& node);
  void apply(Node& node, const CommitRange& range);
  void check_durable(Node& node, const CommitRange& range, const Configuration& members);
  void check(Node& node);
  void report(std::string what);

  Prng prng_;
  Options options_;
  Trace trace_;
  std::map<NodeId, Node> nodes_;
  std::deque<Packet> network_;
  Configuration first_;  // of an empty log
  std::vector<std::pair<NodeId, NodeId>> cut_;
  std::uint64_t packet_ = 0;
  std::uint64_t payload_ = 0;
  std::uint64_t doubts_ = 0;
  std::vector<StoredEntry> receiving_;  // the bytes beside the message that is being stepped
  Index receiving_prev_;
  std::map<Index, StoredEntry> applied_;
  std::map<std::uint64_t, Index> read_floor_;  // by context
  ClusterInvariants invariants_;
  std::string broken_;
};

// One line each, for traces.
std::string describe(const Message& message);
std::string describe(const Configuration& members);

}  // namespace kontiki::raft::test
