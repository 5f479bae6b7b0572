#include "broker/shard_broker.h"

#include "base/limits.h"
#include "base/log.h"
#include "broker/broker.h"
#include "broker/controller.h"
#include "broker/coordinator_host.h"
#include "broker/fetch_run.h"
#include "broker/partition_host.h"
#include "broker/produce_run.h"
#include "metadata/names.h"

#include <algorithm>
#include <utility>

namespace kontiki::broker {
namespace {

constexpr std::int64_t kProducerIdsTimeoutUs = 5'000'000;

std::uint64_t seed_of(const BrokerOptions& options, std::size_t number) {
  return options.seed ^ (0x9E3779B97F4A7C15ull * (number + 1)) ^
         static_cast<std::uint64_t>(options.node_id.value);
}

}  // namespace

ShardBroker::ShardBroker(Broker& broker, std::size_t number, multiraft::Shard& shard)
    : broker_(broker),
      number_(number),
      shard_(shard),
      prng_(seed_of(broker.options(), number)),
      deadlines_(broker.clock(), shard.executor()),
      alive_({broker.options().node_id}),
      connections_(*this),
      sessions_(limits::kFetchSessionsMax, number, broker.node().shard_count(), Prng(prng_.next())),
      producer_ids_([this](SubmitDone done) {
        submit(metadata::AllocateProducerIds{self(), limits::kProducerIdBlock}, kProducerIdsTimeoutUs,
               std::move(done));
      }),
      decompression_(broker.options().limits.decompressed_bytes_per_second) {
  for (const GroupId group : shard.orphans()) recovered_.insert(group);
}

ShardBroker::~ShardBroker() = default;

const BrokerOptions& ShardBroker::options() const {
  return broker_.options();
}
env::Clock& ShardBroker::clock() {
  return broker_.clock();
}
std::size_t ShardBroker::seed_count() const {
  return broker_.node().options().peers.size() + 1;
}
std::size_t ShardBroker::shard_of(GroupId group) const {
  return broker_.node().shard_of(group);
}

void ShardBroker::to_shard(std::size_t number, ShardTask task) {
  if (number == number_) return task(*this);
  ShardBroker& other = broker_.shard(number);
  other.executor().post([&other, task = std::move(task)]() mutable { task(other); });
}

ShardBroker::Leader ShardBroker::leader_of(GroupId group) const {
  const multiraft::Leadership* known = shard_.leaders().find(group);
  if (known == nullptr || !std::binary_search(alive_.begin(), alive_.end(), known->leader)) return {};
  return {known->leader, known->term};
}

ReplicaHost* ShardBroker::replica(GroupId group) {
  const auto at = hosts_.find(group);
  return at == hosts_.end() ? nullptr : at->second.replica.get();
}

PartitionHost* ShardBroker::host(GroupId group) {
  const auto at = hosts_.find(group);
  return at == hosts_.end() ? nullptr : at->second.partition;
}

CoordinatorHost* ShardBroker::coordinator(GroupId group) {
  const auto at = hosts_.find(group);
  return at == hosts_.end() ? nullptr : at->second.coordinator;
}

std::vector<GroupId> ShardBroker::coordinators() const {
  std::vector<GroupId> found;
  const metadata::Topic* topic = cluster_.topic(metadata::kGroupsTopic);
  if (topic == nullptr) return found;
  for (const auto& partition : topic->partitions)
    if (hosts_.contains(partition.group)) found.push_back(partition.group);
  return found;
}

void ShardBroker::submit(metadata::CommandBody command, std::int64_t timeout_us, SubmitDone done) {
  metadata::Command whole{Uuid::random(prng_), std::move(command)};
  to_shard(0, [home = number_, whole = std::move(whole), timeout_us,
               done = std::move(done)](ShardBroker& at) mutable {
    // The controller answers when shard 0 has applied the command, and posts entries before answers: so the
    // shard that asked has applied it too.
    SubmitDone back = [&at, home, done = std::move(done)](SubmitResult result) mutable {
      at.to_shard(home, [done = std::move(done), result](ShardBroker&) mutable { done(result); });
    };
    at.broker().controller().submit(whole, timeout_us, std::move(back));
  });
}

// ---- requests under way ---------------------------------------------------------------------------------

std::uint64_t ShardBroker::add(std::unique_ptr<ProduceRun> run) {
  produces_.emplace(next_id_, std::move(run));
  return next_id_++;
}

ProduceRun* ShardBroker::produce_run(std::uint64_t id) {
  const auto at = produces_.find(id);
  return at == produces_.end() ? nullptr : at->second.get();
}

void ShardBroker::end_produce(std::uint64_t id) {
  auto ended = produces_.extract(id);
  if (!ended.empty()) ended.mapped()->finish();
}

std::uint64_t ShardBroker::add(std::unique_ptr<FetchRun> run) {
  fetches_.emplace(next_id_, std::move(run));
  return next_id_++;
}

FetchRun* ShardBroker::fetch_run(std::uint64_t id) {
  const auto at = fetches_.find(id);
  return at == fetches_.end() ? nullptr : at->second.get();
}

void ShardBroker::end_fetch(std::uint64_t id) {
  auto ended = fetches_.extract(id);
  if (!ended.empty()) ended.mapped()->leave_purgatories();
}

void ShardBroker::wake_fetches(std::size_t number, std::vector<std::uint64_t> fetches) {
  ShardBroker& other = broker_.shard(number);
  other.executor().post([&other, fetches = std::move(fetches)] {
    for (const std::uint64_t id : fetches)
      if (FetchRun* run = other.fetch_run(id)) run->wake();
  });
}

// ---- begin, end and counting ----------------------------------------------------------------------------

void ShardBroker::begin() {
  upkeep();
}

void ShardBroker::upkeep() {
  const std::int64_t now_ms = clock().wall_ms();
  for (const auto& [id, host] : hosts_) host.replica->upkeep(now_ms);
  deadlines_.after(60'000'000, [this] { upkeep(); });
}

Metrics ShardBroker::collect() {
  Metrics all = metrics_;
  connections_.count(all);
  all.fetch_waiters = fetches_.size();
  all.fetch_sessions = sessions_.size();
  all.groups = shard_.group_count();
  all.groups_in_doubt = shard_.groups_in_doubt();
  for (const auto& [id, host] : hosts_) {
    const multiraft::Leadership* known = leaders().find(id);
    if (known == nullptr || known->leader == kNoNode) ++all.partitions_offline;
    if (!host.replica->leads()) continue;
    if (host.coordinator != nullptr) all.consumer_groups += host.coordinator->groups().all().size();
    ++all.partitions_led;
    const auto ref = cluster_.partition(id);
    if (ref && known != nullptr && known->in_sync.size() < ref->info().target().size())
      ++all.under_replicated;
  }
  const auto storage = shard_.storage_stats();
  all.wal_bytes = storage.wal_bytes;
  all.wal_files = storage.wal_files;
  all.kept_files = storage.kept_files;
  all.kept_bytes = storage.kept_bytes;
  all.wal_flushes = storage.flushes;
  all.wal_flushed_bytes = storage.flushed_bytes;
  all.open_files = storage.open_files;
  all.tail_bytes = storage.tail_bytes;
  all.flush_times = shard_.flush_times();
  all.commit_times = shard_.commit_times();
  return all;
}

void ShardBroker::stop() {
  if (std::exchange(stopped_, true)) return;
  connections_.close_all();
  produces_.clear();
  fetches_.clear();
  deadlines_.clear();
}

}  // namespace kontiki::broker
