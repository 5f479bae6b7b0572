#include "sim/run/observer.h"

#include "broker/coordinator_host.h"
#include "broker/partition_host.h"
#include "sim/check/replay.h"

#include <fmt/format.h>
#include <xxhash.h>

#include <algorithm>
#include <utility>

namespace kontiki::sim {
namespace {

constexpr std::size_t kReadBytes = 1u << 20;

class Undisturbed {
 public:
  explicit Undisturbed(SimDisk& disk) : disk_(disk) { disk_.suspend_faults(true); }
  ~Undisturbed() { disk_.suspend_faults(false); }
  Undisturbed(const Undisturbed&) = delete;
  Undisturbed& operator=(const Undisturbed&) = delete;

 private:
  SimDisk& disk_;
};

}  // namespace

std::vector<Observer::Group> Observer::groups() {
  std::vector<Group> all;
  const metadata::Cluster* cluster = cluster_.metadata();
  if (cluster == nullptr) return all;
  for (const auto& [name, topic] : cluster->topics())
    for (std::size_t p = 0; p < topic.partitions.size(); ++p) {
      Group group{.id = topic.partitions[p].group,
                  .key = {topic.id, static_cast<std::int32_t>(p)},
                  .name = fmt::format("{}-{}", name, p),
                  .replicas = {}};
      for (const NodeId id : topic.partitions[p].replicas)
        if (const auto i = BrokerCluster::number_of(id)) group.replicas.push_back(*i);
      all.push_back(std::move(group));
    }
  return all;
}

void Observer::sample_metadata() {
  for (std::size_t i = 0; i < cluster_.size(); ++i) {
    if (!may_observe(i)) continue;
    for (std::size_t s = 0; s < cluster_.broker(i).shard_count(); ++s) {
      const metadata::Cluster& cluster = cluster_.broker(i).shard(s).cluster();
      Index& seen = metadata_seen_[{i, cluster_.life(i), s}];
      if (cluster.applied() == seen) continue;
      const std::string who = fmt::format("n{} shard {}", i, s);
      if (cluster.applied() < seen)
        watch_.judge("metadata history", who + " has gone back to an earlier state of the metadata");
      seen = cluster.applied();
      const Slice state = cluster.snapshot();
      watch_.judge("metadata agreement",
                   watch_.metadata.observe(seen, XXH3_64bits(state.data(), state.size()), who));
    }
  }
}

// A replica that went and came back begins anew. Which of its lives it is in shows in the metadata that its
// broker follows.
std::uint64_t Observer::seat(std::size_t i, GroupId group) const {
  broker::Broker& broker = cluster_.broker(i);
  const auto ref = broker.shard(broker.node().shard_of(group)).cluster().partition(group);
  const metadata::Seat* seat = ref ? ref->info().seat(BrokerCluster::node_id(i)) : nullptr;
  return seat == nullptr ? 0 : seat->since;
}

void Observer::sample_watermarks() {
  for (const Group& group : groups())
    for (const std::size_t i : group.replicas) {
      broker::PartitionHost* host = may_observe(i) ? cluster_.host(i, group.id) : nullptr;
      if (host == nullptr || host->group() == nullptr) continue;
      watch_.judge("high watermark",
                   watch_.watermarks.observe({.group = group.id,
                                              .node = i,
                                              .life = cluster_.life(i) << 32 | seat(i, group.id),
                                              .term = host->group()->term(),
                                              .serves = host->serves(),
                                              .high_watermark = host->partition().high_watermark(),
                                              .log_start = host->log_start()}));
    }
}

// A replica may have a snapshot of its state that is ahead of its log, after it lost what it had not synced:
// then entries come again, and until then what stands in their place is not committed.
std::string Observer::read(std::size_t i, const Group& group, Offset& from, Offset to, Log* log) {
  broker::PartitionHost* host = cluster_.host(i, group.id);
  const std::string who = fmt::format("n{}", i);
  const Undisturbed quiet(cluster_.node(i).disk());
  while (from < to) {
    // Its snapshot may also tell of deletions that its log has yet to come to.
    if (log == nullptr && from >= host->group()->next_offset()) return {};
    const auto entries = host->group()->read_from_offset(from, kReadBytes);
    if (!entries)
      return fmt::format("{} on {}: cannot read offset {}: {}", group.name, who, from.value,
                         entries.error().message);
    const raft::Core& core = host->group()->core();
    if (log == nullptr && (entries->empty() || entries->front().header.index > core.commit())) return {};
    if (entries->empty())
      return fmt::format("{} on {}: nothing at offset {} below the high watermark {}", group.name, who,
                         from.value, to.value);
    for (const Entry& entry : *entries) {
      if (log == nullptr && entry.header.index > core.commit()) return {};
      const auto facts = facts_of(entry.payload.bytes());
      if (!facts || facts->base != entry.header.base_offset ||
          facts->count != static_cast<std::int32_t>(entry.header.offset_count))
        return fmt::format("{} on {}: entry {} does not hold the batch that its header speaks of", group.name,
                           who, entry.header.index.value);
      if (facts->base > from || facts->end() <= from)
        return fmt::format("{} on {}: {} where offset {} was due", group.name, who, facts->text(),
                           from.value);
      watch_.judge("log agreement", watch_.logs.observe(group.id, entry.header, facts->bytes, who));
      watch_.seen(group.key, *facts, who);
      if (log != nullptr) log->batches.emplace(facts->base, *facts);
      from = facts->end();
      if (from >= to) break;
    }
  }
  return {};
}

void Observer::sample_logs() {
  for (const Group& group : groups())
    for (const std::size_t i : group.replicas) {
      broker::PartitionHost* host = may_observe(i) ? cluster_.host(i, group.id) : nullptr;
      if (host == nullptr || host->group() == nullptr) continue;
      Offset& seen = log_seen_[{i, cluster_.life(i), group.id}];
      seen = std::max(seen, host->log_start());
      std::string what = read(i, group, seen, host->partition().high_watermark(), nullptr);
      if (!damage_expected_) watch_.judge("log agreement", std::move(what));
    }
}

std::string Observer::read_log(std::size_t i, const Group& group, Log& log) {
  broker::PartitionHost* host = cluster_.host(i, group.id);
  if (host == nullptr || host->group() == nullptr)
    return fmt::format("{} has no replica on n{}", group.name, i);
  log.start = host->log_start();
  log.end = host->partition().high_watermark();
  Offset from = log.start;
  return read(i, group, from, log.end, &log);
}

bool Observer::can_read_all(std::size_t i, const Group& group) {
  broker::PartitionHost* host = cluster_.host(i, group.id);
  if (host == nullptr || host->group() == nullptr) return false;
  for (Offset from = host->group()->log_start().next_offset; from < host->partition().high_watermark();) {
    const auto entries = host->group()->read_from_offset(from, kReadBytes);
    if (!entries || entries->empty()) return false;
    from = entries->back().header.next_offset();
  }
  return true;
}

std::string Observer::replay(std::size_t i) {
  const auto disk = cluster_.node(i).disk().clone(sim_.prng().next());
  disk->power_loss();
  for (std::size_t s = 0; s < cluster_.broker(i).shard_count(); ++s) {
    SimExecutor executor(sim_.scheduler());
    SimClock clock(sim_.scheduler());
    auto store = storage::Store::open(*disk, executor, clock, "/data/shard-" + std::to_string(s),
                                      cluster_.options_of(i).node.storage);
    if (!store) return fmt::format("n{} shard {} cannot be opened again: {}", i, s, store.error().message);
    const std::string what = replay(i, s, **store);
    executor.kill();
    disk->crash_process();
    if (!what.empty()) return what;
  }
  return {};
}

std::string Observer::replay(std::size_t i, std::size_t shard, storage::Store& store) {
  broker::Broker& broker = cluster_.broker(i);
  std::vector<Group> all = groups();
  if (shard == 0) all.push_back({.id = kMetadataGroup, .key = {}, .name = "metadata", .replicas = {i}});
  for (const Group& group : all) {
    const bool here = std::find(group.replicas.begin(), group.replicas.end(), i) != group.replicas.end();
    if (!here || broker.node().shard_of(group.id) != shard) continue;
    std::string what;
    const auto log = found_log(store, group.id, what);
    if (log && group.id == kMetadataGroup) {
      what = replay_metadata(*log, broker.shard(0).cluster());
    } else if (const auto* coordinator = cluster_.coordinator(i, group.id)) {
      // Damage to what stands before the snapshot shows only when somebody needs it.
      what = log ? replay_groups(*log, coordinator->groups()) : damage_expected_ ? "" : what;
    } else if (log) {
      what = replay_partition(*log, cluster_.host(i, group.id)->partition());
    }
    if (!what.empty()) return fmt::format("{} on n{}: {}", group.name, i, what);
  }
  return {};
}

void Observer::sample_cores() {
  std::vector<Group> all = groups();
  all.push_back({.id = kMetadataGroup, .key = {}, .name = "metadata", .replicas = {}});
  for (std::size_t i = 0; i < cluster_.size(); ++i) all.back().replicas.push_back(i);
  for (const Group& group : all) {
    std::vector<const raft::Core*> cores;
    for (const std::size_t i : group.replicas) {
      multiraft::Group* member = may_observe(i) ? cluster_.member(i, group.id) : nullptr;
      if (member != nullptr) cores.push_back(&member->core());
    }
    const std::string what = invariants_[group.id].observe(cores);
    if (!what.empty()) watch_.judge("raft invariants", fmt::format("{}: {}", group.name, what));
  }
}

}  // namespace kontiki::sim
