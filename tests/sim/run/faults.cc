#include "sim/run/faults.h"

#include "multiraft/group.h"
#include "storage/wal_scan.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace kontiki::sim {
namespace {

constexpr std::int64_t kSecond = 1'000'000;
constexpr std::int64_t kStopTimeoutUs = 15 * kSecond;
constexpr std::int64_t kWallJumpMaxMs =
    20 * 60'000;  // less than an hour in sum: see message.timestamp.after.max.ms
constexpr std::uint64_t kDriftMaxPpm = 50'000;

// Reasons for which a process may end when its disk fails.
bool of_disk(Reason reason) {
  return reason == Reason::kDiskFailed || reason == Reason::kDiskFull || reason == Reason::kDataNotWritable;
}

}  // namespace

Faults::Faults(Simulation& sim, BrokerCluster& cluster, const Plan& plan, Watch& watch,
               std::vector<std::string> client_hosts)
    : sim_(sim),
      cluster_(cluster),
      plan_(plan),
      watch_(watch),
      prng_(sim.prng().next()),
      nodes_(cluster.size()),
      hosts_(std::move(client_hosts)),
      victim_(prng_.below(cluster.size())) {
  for (std::size_t i = 0; i < nodes_.size(); ++i) hosts_.push_back(BrokerCluster::name(i));
}

void Faults::after(std::int64_t delay_us, env::Task task) {
  sim_.scheduler().after(delay_us, std::move(task));
}

std::int64_t Faults::span_us(std::int64_t max_us) {
  const auto max = static_cast<std::uint64_t>(max_us);
  return static_cast<std::int64_t>(prng_.chance(1, 5) ? max : 1 + prng_.below(max / 5));
}

std::string Faults::any_host() {
  return hosts_[prng_.below(hosts_.size())];
}

std::size_t Faults::ill() const {
  return static_cast<std::size_t>(
      std::count_if(nodes_.begin(), nodes_.end(), [](const Node& n) { return n.state != State::kWell; }));
}

bool Faults::all_running() const {
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (!cluster_.runs(i) || nodes_[i].state != State::kWell) return false;
  return true;
}

void Faults::begin() {
  for (std::size_t kind = 0; kind < kFaultKinds; ++kind)
    if (plan_.every_us[kind] > 0) arm(static_cast<FaultKind>(kind));
}

void Faults::arm(FaultKind kind) {
  const auto every = static_cast<std::uint64_t>(plan_.every_us[static_cast<std::size_t>(kind)]);
  after(static_cast<std::int64_t>(1 + prng_.below(2 * every)), [this, kind] {
    if (healed_) return;
    if (strike(kind)) ++counts_[static_cast<std::size_t>(kind)];
    arm(kind);
  });
}

bool Faults::strike(FaultKind kind) {
  switch (kind) {
    case FaultKind::kCrash:
    case FaultKind::kPowerLoss:
    case FaultKind::kStop:
    case FaultKind::kPause:
    case FaultKind::kIsolate:
      return strike_node(kind);
    case FaultKind::kPowerLossAll:
      lose_power_everywhere();
      return true;
    case FaultKind::kCut:
    case FaultKind::kCutOneWay:
    case FaultKind::kFlap:
    case FaultKind::kBreak:
    case FaultKind::kSlowLink:
      return strike_network(kind);
    case FaultKind::kSplit:
      return split();
    case FaultKind::kSlowDisk:
    case FaultKind::kStalledDisk:
    case FaultKind::kSyncError:
    case FaultKind::kWriteError:
    case FaultKind::kReadError:
    case FaultKind::kDiskFull:
      return strike_disk(kind);
    case FaultKind::kClockJump:
    case FaultKind::kClockDrift:
      return strike_clock(kind);
    case FaultKind::kTransfer:
      return transfer();
    case FaultKind::kReassign:
      return reassign();
    case FaultKind::kDamage:
    case FaultKind::kReplaceDisk:
      return strike_data(kind);
  }
  return false;
}

// ---- nodes ----------------------------------------------------------------------------------------------

bool Faults::strike_node(FaultKind kind) {
  const std::size_t i = any_node();
  if (nodes_[i].state != State::kWell || ill() >= plan_.ill_max) return false;
  note(fmt::format("fault: {} of n{}", name_of(kind), i));
  if (kind == FaultKind::kStop) return stop(i);
  if (kind == FaultKind::kIsolate) return isolate(i);
  if (kind == FaultKind::kPause) {
    nodes_[i].state = State::kPaused;
    cluster_.node(i).pause();
    after(span_us(12 * kSecond), [this, i] {
      if (nodes_[i].state != State::kPaused) return;
      cluster_.node(i).resume();
      nodes_[i].state = State::kWell;
      note(fmt::format("n{} goes on", i));
    });
    return true;
  }
  if (kind == FaultKind::kPowerLoss) {
    after(stall_before_the_end(i), [this, i] { lose_power(i); });
    return true;
  }
  nodes_[i].state = State::kDown;
  cluster_.crash(i);
  after(span_us(10 * kSecond), [this, i] { restart(i); });
  return true;
}

bool Faults::stop(std::size_t i) {
  nodes_[i].state = State::kStopping;
  const std::uint64_t life = cluster_.life(i);
  const auto stopped = [this, i, life](bool in_time) {
    if (nodes_[i].state != State::kStopping || cluster_.life(i) != life) return;
    note(fmt::format("n{} {}", i, in_time ? "has stopped" : "does not stop, and is killed"));
    nodes_[i].state = State::kDown;
    cluster_.crash(i);
    after(span_us(5 * kSecond), [this, i] { restart(i); });
  };
  cluster_.node(i).executor(0).post(
      [this, i, stopped] { cluster_.stop(i, [this, stopped] { after(0, [stopped] { stopped(true); }); }); });
  after(kStopTimeoutUs, [stopped] { stopped(false); });
  return true;
}

bool Faults::isolate(std::size_t i) {
  nodes_[i].state = State::kIsolated;
  const bool from_clients = prng_.chance(1, 2);
  const std::string name = BrokerCluster::name(i);
  for (const std::string& host : hosts_)
    if (host != name && (from_clients || host[0] == 'n')) sim_.network().cut(name, host);
  after(span_us(12 * kSecond), [this, i, name] {
    if (nodes_[i].state != State::kIsolated) return;
    for (const std::string& host : hosts_)
      if (host != name) sim_.network().heal(name, host);
    nodes_[i].state = State::kWell;
    note(fmt::format("n{} is connected again", i));
  });
  return true;
}

// What a broker acknowledges too early is lost only if the power goes before the sync ends, which mostly
// takes no longer than the answer's way to the client.
std::int64_t Faults::stall_before_the_end(std::size_t i) {
  if (prng_.chance(1, 2)) return 0;
  cluster_.node(i).disk().hold_syncs();
  return static_cast<std::int64_t>(200 + prng_.below(30'000));
}

void Faults::lose_power(std::size_t i) {
  if (nodes_[i].state == State::kDown) return cluster_.node(i).disk().release_syncs();
  nodes_[i].state = State::kDown;
  cluster_.power_off(i);
  cluster_.node(i).disk().release_syncs();  // none is left
  after(span_us(10 * kSecond), [this, i] { restart(i); });
}

void Faults::lose_power_everywhere() {
  note("fault: all nodes lose power");
  std::int64_t delay = 0;
  for (std::size_t i = 0; i < nodes_.size(); ++i)
    if (nodes_[i].state != State::kDown) delay = std::max(delay, stall_before_the_end(i));
  after(delay, [this] {
    for (std::size_t i = 0; i < nodes_.size(); ++i) lose_power(i);
  });
}

void Faults::restart(std::size_t i) {
  if (cluster_.runs(i)) return;
  nodes_[i].state = State::kDown;
  const auto started = cluster_.try_start(i);
  if (started) {
    nodes_[i].state = State::kWell;
    return note(fmt::format("n{} starts", i));
  }
  const auto& problem = started.error();
  note(fmt::format("n{} cannot start: {}", i, problem.message));
  // As it was told, the operator gives the node an empty disk. (A flipped bit can look like a newer format.)
  if (nodes_[i].damaged &&
      (problem.reason == Reason::kDataDamaged || problem.reason == Reason::kDataMismatch)) {
    cluster_.node(i).disk().wipe();
    return after(1, [this, i] { restart(i); });
  }
  if (!of_disk(problem.reason) || !nodes_[i].disk_suspect)
    watch_.verdicts.unsafe("start", fmt::format("n{} cannot start, though nothing was done to its data: {}",
                                                i, problem.message));
  after(1 + span_us(3 * kSecond), [this, i] { restart(i); });
}

void Faults::exited(const BrokerCluster::Exit& exit) {
  const std::size_t i = exit.node;
  ++exits_;
  note(fmt::format("n{} ends itself: {}", i, exit.message));
  nodes_[i].state = State::kDown;
  if (!of_disk(exit.reason) || !nodes_[i].disk_suspect)
    watch_.verdicts.unsafe(
        "exit", fmt::format("n{} ended itself, though nothing was done to its disk: {}", i, exit.message));
  after(span_us(5 * kSecond), [this, i] { restart(i); });
}

const metadata::Topic* Faults::any_topic() {
  const metadata::Cluster* cluster = cluster_.metadata();
  if (cluster == nullptr || cluster->topics().empty()) return nullptr;
  auto topic = cluster->topics().begin();
  std::advance(topic, static_cast<std::ptrdiff_t>(prng_.below(cluster->topics().size())));
  return &topic->second;
}

// Other replicas for a partition, as many as it has; or the wish for others is taken back.
bool Faults::reassign() {
  const metadata::Topic* topic = any_topic();
  const std::size_t asked = any_node();
  if (topic == nullptr || !cluster_.runs(asked) || nodes_[asked].state != State::kWell) return false;
  const auto partition = static_cast<std::int32_t>(prng_.below(topic->partitions.size()));
  const metadata::PartitionInfo& info = topic->partitions[static_cast<std::size_t>(partition)];
  metadata::Replicas target;
  while (target.size() < info.target().size()) {
    const NodeId node = BrokerCluster::node_id(any_node());
    if (std::find(target.begin(), target.end(), node) == target.end()) target.push_back(node);
  }
  note(fmt::format("fault: {}-{} shall be on {}", topic->name, partition, [&] {
    std::string list;
    for (const NodeId node : target) list += fmt::format("{}{}", list.empty() ? "" : ",", node.value);
    return list;
  }()));
  cluster_.node(asked).executor(0).post([this, asked, id = topic->id, partition, target] {
    if (!cluster_.runs(asked)) return;
    cluster_.broker(asked).shard(0).submit(metadata::ReassignPartition{id, partition, target}, 5 * kSecond,
                                           [](const broker::SubmitResult&) {});
  });
  return true;
}

bool Faults::transfer() {
  const metadata::Topic* topic = any_topic();
  if (topic == nullptr) return false;
  const auto& partitions = topic->partitions;
  const auto& partition = partitions[prng_.below(partitions.size())];
  const auto leader = cluster_.leader(partition.group);
  if (!leader) return false;
  const NodeId to = partition.replicas[prng_.below(partition.replicas.size())];
  const GroupId id = partition.group;
  const std::size_t shard = cluster_.broker(*leader).node().shard_of(id);
  cluster_.node(*leader).executor(shard).post([this, i = *leader, id, to] {
    if (multiraft::Group* group = cluster_.member(i, id)) group->transfer_leader(to);
  });
  note(fmt::format("fault: group {} shall be led by {}", id.value, to.value));
  return true;
}

// ---- data -----------------------------------------------------------------------------------------------

bool Faults::strike_data(FaultKind kind) {
  Node& node = nodes_[victim_];
  if (node.state != State::kWell || ill() >= plan_.ill_max || plan_.nodes < 3) return false;
  note(fmt::format("fault: {} of n{}", name_of(kind), victim_));
  node.state = State::kDown;
  node.damaged = true;
  cluster_.crash(victim_);
  SimDisk& disk = cluster_.node(victim_).disk();
  if (kind == FaultKind::kReplaceDisk) {
    disk.wipe();
  } else {
    for (std::uint64_t files = 1 + prng_.below(3); files > 0; --files) damage_file(disk);
  }
  after(span_us(5 * kSecond), [this] { restart(victim_); });
  return true;
}

// Where damage can be told from a write that was never finished: in the newest file of a WAL up to the last
// batch that is known to have been synced (docs/format/wal.md, "The ambiguous case"), elsewhere anywhere.
std::uint64_t Faults::detectable(SimDisk& disk, const std::vector<std::string>& files,
                                 const std::string& path) {
  const Slice bytes = *disk.contents(path);
  const auto slash = path.rfind('/');
  const bool newer = std::any_of(files.begin(), files.end(), [&](const std::string& other) {
    return other > path && other.ends_with(".wal") && other.compare(0, slash, path, 0, slash) == 0;
  });
  if (!path.ends_with(".wal") || newer) return bytes.size();
  const auto header = storage::decode_file_header(bytes.bytes());
  if (!header) return 0;
  std::vector<std::pair<std::uint64_t, std::uint64_t>> batches;  // sequence, place
  std::uint64_t synced_below = header->first_sequence;
  storage::follow_chain(bytes, *header,
                        [&](const storage::WalBatchHeader& batch, const Slice&, std::uint64_t at) {
                          batches.emplace_back(batch.sequence, at);
                          synced_below = std::max(synced_below, batch.synced_below);
                        });
  for (const auto& [sequence, at] : batches)
    if (sequence >= synced_below) return at;
  return 0;
}

void Faults::damage_file(SimDisk& disk) {
  const auto files = disk.files();
  if (files.empty()) return;
  const std::string& path = files[prng_.below(files.size())];
  const std::uint64_t whole = disk.contents(path)->size();
  const std::uint64_t size = detectable(disk, files, path);
  if (size == 0) return;
  if (size == whole && prng_.chance(1, 4)) {
    const std::uint64_t left = prng_.below(size);
    disk.truncate_file(path, left);
    return note(fmt::format("  {} is cut from {} to {} bytes", path, size, left));
  }
  const std::uint64_t at = prng_.below(size);
  disk.flip_bit(path, at, static_cast<unsigned>(prng_.below(8)));
  note(fmt::format("  a bit of byte {} of {} in {} is flipped", at, size, path));
}

// ---- network --------------------------------------------------------------------------------------------

bool Faults::strike_network(FaultKind kind) {
  const std::string a = BrokerCluster::name(any_node()), b = any_host();
  if (a == b) return false;
  note(fmt::format("fault: {} {} {}", name_of(kind), a, b));
  SimNetwork& network = sim_.network();
  switch (kind) {
    case FaultKind::kBreak:
      network.break_connections(a, b);
      return true;
    case FaultKind::kFlap:
      flap(a, b, 2 + prng_.below(30));
      return true;
    case FaultKind::kSlowLink: {
      LinkOptions slow;
      slow.latency_max_us = prng_.chance(1, 2) ? 10'000 : 300'000;
      slow.slow_per_million = 50'000;
      slow.slow_max_us = 1 * kSecond;
      slow.fragment_bytes_max = prng_.chance(1, 2) ? 512 : 64u << 10;
      slow.window_bytes = prng_.chance(1, 2) ? 16u << 10 : 1u << 20;
      network.set_link(a, b, slow);
      if (prng_.chance(1, 2)) network.set_link(b, a, slow);
      after(span_us(15 * kSecond), [&network, a, b] {
        network.set_link(a, b, {});
        network.set_link(b, a, {});
      });
      return true;
    }
    case FaultKind::kCutOneWay:
      if (prng_.chance(1, 2)) {
        network.cut_one_way(a, b);
      } else {
        network.cut_one_way(b, a);
      }
      break;
    default:
      network.cut(a, b);
  }
  after(span_us(12 * kSecond), [&network, a, b] { network.heal(a, b); });
  return true;
}

void Faults::flap(const std::string& a, const std::string& b, std::uint64_t times) {
  if (times == 0 || healed_) return sim_.network().heal(a, b);
  if (times % 2 == 0) {
    sim_.network().cut(a, b);
  } else {
    sim_.network().heal(a, b);
  }
  after(static_cast<std::int64_t>(20'000 + prng_.below(600'000)),
        [this, a, b, times] { flap(a, b, times - 1); });
}

bool Faults::split() {
  std::vector<std::pair<std::string, std::string>> cuts;
  std::vector<bool> side(hosts_.size());
  for (std::size_t i = 0; i < side.size(); ++i) side[i] = prng_.chance(1, 2);
  for (std::size_t i = 0; i < hosts_.size(); ++i)
    for (std::size_t j = 0; j < i; ++j)
      if (side[i] != side[j]) cuts.emplace_back(hosts_[i], hosts_[j]);
  note(fmt::format("fault: the network is split, {} links", cuts.size()));
  for (const auto& [a, b] : cuts) sim_.network().cut(a, b);
  after(span_us(12 * kSecond), [this, cuts] {
    for (const auto& [a, b] : cuts) sim_.network().heal(a, b);
  });
  return true;
}

// ---- disks and clocks -----------------------------------------------------------------------------------

bool Faults::strike_disk(FaultKind kind) {
  const std::size_t i = any_node();
  SimDisk& disk = cluster_.node(i).disk();
  note(fmt::format("fault: {} of n{}", name_of(kind), i));
  if (kind == FaultKind::kSlowDisk) {
    const auto slow = static_cast<std::int64_t>(5'000 + prng_.below(prng_.chance(1, 3) ? 900'000 : 60'000));
    disk.set_sync_delay_us(slow / 4, slow);
    after(span_us(15 * kSecond), [&disk] { disk.set_sync_delay_us(100, 300); });
    return true;
  }
  if (kind == FaultKind::kStalledDisk) {
    disk.hold_syncs();
    after(span_us(10 * kSecond), [&disk] { disk.release_syncs(); });
    return true;
  }
  nodes_[i].disk_suspect = true;
  if (kind == FaultKind::kDiskFull) {
    disk.set_capacity(disk.bytes_used() + prng_.below(100'000));
    after(span_us(10 * kSecond), [&disk] { disk.set_capacity(std::nullopt); });
  } else if (kind == FaultKind::kReadError) {
    disk.fail_by_chance(DiskOp::kRead, 1, 1 + prng_.below(20), env::DiskError::kIo);
    after(span_us(5 * kSecond), [&disk] { disk.fail_by_chance(DiskOp::kRead, 0, 1, env::DiskError::kIo); });
  } else {
    const bool of_dir = kind == FaultKind::kSyncError && prng_.chance(1, 6);
    const DiskOp op = kind == FaultKind::kWriteError ? DiskOp::kWrite
                      : of_dir                       ? DiskOp::kSyncDir
                                                     : DiskOp::kSync;
    disk.fail_nth(op, 1 + prng_.below(30), env::DiskError::kIo);
  }
  return true;
}

void Faults::jump(std::size_t i, std::int64_t by_ms) {
  cluster_.node(i).clock().jump_wall_ms(by_ms);
  nodes_[i].wall_jumped_ms += by_ms;
}

bool Faults::strike_clock(FaultKind kind) {
  const std::size_t i = any_node();
  if (kind == FaultKind::kClockDrift) {
    const auto ppm =
        static_cast<std::int64_t>(prng_.below(2 * kDriftMaxPpm)) - static_cast<std::int64_t>(kDriftMaxPpm);
    cluster_.node(i).clock().set_drift_ppm(ppm);
    note(fmt::format("fault: the clock of n{} drifts by {} ppm", i, ppm));
    return true;
  }
  const auto to_ms = static_cast<std::int64_t>(prng_.below(2 * kWallJumpMaxMs)) - kWallJumpMaxMs;
  note(fmt::format("fault: the clock of n{} jumps to {} ms", i, to_ms));
  jump(i, to_ms - nodes_[i].wall_jumped_ms);
  return true;
}

// ---- the end of it --------------------------------------------------------------------------------------

void Faults::heal() {
  healed_ = true;
  note("healed");
  sim_.network().heal_all();
  sim_.network().set_all_links({});
  for (std::size_t i = 0; i < nodes_.size(); ++i) {
    SimNode& node = cluster_.node(i);
    node.disk().clear_faults();
    node.disk().set_capacity(std::nullopt);
    node.disk().set_sync_delay_us(100, 300);
    jump(i, -nodes_[i].wall_jumped_ms);
    node.clock().set_drift_ppm(0);
    if (nodes_[i].state == State::kPaused) node.resume();
    if (nodes_[i].state == State::kPaused || nodes_[i].state == State::kIsolated)
      nodes_[i].state = State::kWell;
    if (nodes_[i].state == State::kDown) restart(i);
  }
}

}  // namespace kontiki::sim
