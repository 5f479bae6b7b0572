// A cluster of multiraft nodes on the simulated environment, each group feeding a machine that remembers what
// it was told. No broker, no Kafka: what is tested is that entries committed once stay, on every replica, in
// order.
#pragma once

#include "base/bytes_io.h"
#include "base/crc32c.h"
#include "multiraft/node.h"
#include "sim/simulation.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace kontiki::multiraft::test {

// Remembers the payloads of all entries applied, or their number and checksum beyond a snapshot.
class Recorder : public StateMachine {
 public:
  void apply(std::span<const Entry> entries) override {
    for (const Entry& entry : entries) {
      EXPECT_EQ(entry.header.index, applied + 1) << "gap or repetition in what is applied";
      applied = entry.header.index;
      if (entry.header.kind != EntryKind::kData && entry.header.kind != EntryKind::kCommand) continue;
      applied_texts.emplace_back(entry.payload.text());
      ++count;
      checksum = crc32c(entry.payload.bytes(), checksum);
    }
  }
  void role_changed(const raft::RoleChange& change) override {
    role = change;
    ++role_changes;
  }
  Slice snapshot() const override {
    ByteWriter out;
    out.fixed(applied.value);
    out.fixed(count);
    out.fixed(checksum);
    return out.take();
  }
  bool restore(const Slice& snapshot) override {
    ByteReader in(snapshot.bytes());
    applied = Index(in.fixed<std::uint64_t>());
    count = in.fixed<std::uint64_t>();
    checksum = in.fixed<std::uint32_t>();
    applied_texts.clear();
    return in.at_end();
  }
  void log_start_moved(const LogStart& moved) override { start = moved; }

  Index applied;
  std::vector<std::string> applied_texts;  // since the last restore
  std::uint64_t count = 0;
  std::uint32_t checksum = 0;
  raft::RoleChange role;
  int role_changes = 0;
  LogStart start;
};

class Host : public NodeEvents {
 public:
  void leadership_changed(std::size_t shard, const Leadership& news) override {
    leaders[shard][news.group] = news;
  }
  void nodes_changed() override { ++node_changes; }
  void call(NodeId from, const Slice& request, Reply reply) override {
    reply(Slice::copy_of(fmt::format("{} from {}", request.text(), from.value)));
  }

  std::map<std::size_t, std::map<GroupId, Leadership>> leaders;
  int node_changes = 0;
  std::unique_ptr<Node> node;  // null while the process is down
  std::map<GroupId, std::unique_ptr<Recorder>> machines;
  std::map<GroupId, Group*> groups;
};

class World {
 public:
  explicit World(std::uint64_t seed, std::vector<int> ids = {7, 11, 42}, std::size_t shards = 2)
      : simulation(seed), ids_(std::move(ids)), shards_(shards) {
    for (int id : ids_) simulation.add_node(name(id), shards_);
  }
  ~World() {
    for (auto& [id, host] : hosts) machine_of(id).crash();
  }

  static std::string name(int id) { return fmt::format("n{}", id); }
  sim::SimNode& machine_of(int id) { return simulation.node(name(id)); }
  NodeId slot(std::size_t i) const { return NodeId(-2 - static_cast<int>(i)); }
  Host& host(int id) { return *hosts.at(id); }

  // Starts the process of a node with the groups given.
  void start(int id, Origin origin = Origin::kNew) {
    for (GroupId group : group_ids)
      if (!seats.contains(group))
        for (int founder : founders()) seats[group][founder] = {};
    NodeOptions options = base_options;
    options.self = NodeId(id);
    for (std::size_t i = 0; i < ids_.size(); ++i) {
      const env::Address address{name(ids_[i]), 9093};
      if (ids_[i] == id) {
        options.self_slot = slot(i);
        options.listen = address;
      } else {
        options.peers.push_back({slot(i), address});
      }
    }
    options.dir = "/data";
    options.seed = static_cast<std::uint64_t>(id);
    auto host = std::make_unique<Host>();
    sim::SimNode& machine = machine_of(id);
    auto node =
        Node::open(machine.clock(), machine.disk(), machine.network(), machine.executors(), options, *host);
    ASSERT_TRUE(node) << node.error().message;
    host->node = std::move(*node);
    hosts[id] = std::move(host);
    for (GroupId group : group_ids)
      if (seats[group].contains(id)) create(id, group, origin);
    ASSERT_TRUE(hosts[id]->node->start());
  }
  void create(int id, GroupId group, Origin origin = Origin::kNew) {
    Host& host = *hosts[id];
    auto machine = std::make_unique<Recorder>();
    Shard& shard = host.node->shard(host.node->shard_of(group));
    Configuration members;
    for (int member : founders()) members.voters.emplace_back(member);
    std::sort(members.voters.begin(), members.voters.end());
    auto created = shard.create_group(group, NodeId(id), members, *machine, origin, seats[group].at(id));
    ASSERT_TRUE(created) << created.error().message;
    host.groups[group] = *created;
    host.machines[group] = std::move(machine);
  }
  void start_all(std::vector<GroupId> groups) {
    group_ids = std::move(groups);
    for (int id : ids_) start(id);
  }
  // The node becomes a member of a group that runs already; its log is empty.
  void join(int id, GroupId group, const Seat& seat) {
    seats[group][id] = seat;
    if (hosts.contains(id)) create(id, group);
  }
  // Its data goes.
  void leave(int id, GroupId group) {
    seats[group].erase(id);
    if (!hosts.contains(id) || !host(id).groups.contains(group)) return;
    host(id).node->shard(host(id).node->shard_of(group)).remove_group(group);
    host(id).groups.erase(group);
    host(id).machines.erase(group);
  }
  bool is_running(int id) const { return hosts.contains(id); }
  const std::vector<int>& ids() const { return ids_; }
  const std::vector<int>& founders() const { return first_members.empty() ? ids_ : first_members; }
  void crash(int id) {
    machine_of(id).crash();
    forget(id);
  }
  void power_off(int id) {
    machine_of(id).power_off();
    forget(id);
  }
  void restart(int id, Origin origin = Origin::kLost) {
    machine_of(id).start();
    start(id, origin);
  }
  void forget(int id) { hosts.erase(id); }

  // The node that leads the group and has applied the entry that opened its term, or 0.
  int leader(GroupId group) {
    for (auto& [id, host] : hosts) {
      if (!host->groups.contains(group)) continue;
      Group* member = host->groups.at(group);
      const auto& core = member->core();
      if (member->is_leader() && core.term_at(member->applied()) == core.term()) return id;
    }
    return 0;
  }
  int wait_for_leader(GroupId group, std::int64_t timeout_us = 10'000'000) {
    simulation.run_until([&] { return leader(group) != 0; }, timeout_us);
    EXPECT_NE(leader(group), 0) << "no leader in time";
    return leader(group);
  }
  bool propose(int id, GroupId group, const std::string& text) {
    Proposal proposal;
    proposal.payload = Slice::copy_of(text);
    proposal.offset_count = 1;
    return host(id).groups.at(group)->propose(std::span(&proposal, 1)).has_value();
  }
  // Runs until every running node has applied `count` payloads of the group.
  bool wait_for_count(GroupId group, std::uint64_t count, std::int64_t timeout_us = 10'000'000) {
    return simulation.run_until(
        [&] {
          return std::all_of(hosts.begin(), hosts.end(), [&](const auto& host) {
            const auto machine = host.second->machines.find(group);
            return machine == host.second->machines.end() || machine->second->count >= count;
          });
        },
        timeout_us);
  }
  void expect_same_everywhere(GroupId group) {
    const Recorder* first = nullptr;
    for (auto& [id, host] : hosts) {
      if (!host->machines.contains(group)) continue;
      const Recorder& machine = *host->machines.at(group);
      if (first == nullptr) first = &machine;
      EXPECT_EQ(machine.count, first->count) << "node " << id;
      EXPECT_EQ(machine.checksum, first->checksum) << "node " << id;
    }
  }

  std::vector<int> first_members;  // of groups; empty: all nodes
  std::map<GroupId, std::map<int, Seat>> seats;
  NodeOptions base_options;
  sim::Simulation simulation;
  std::vector<GroupId> group_ids;
  std::map<int, std::unique_ptr<Host>> hosts;

 private:
  std::vector<int> ids_;
  std::size_t shards_;
};

}  // namespace kontiki::multiraft::test
