#include "broker/broker.h"

#include "base/log.h"
#include "broker/controller.h"
#include "broker/identity.h"
#include "broker/peer_calls.h"
#include "metadata/seeds.h"

#include <fmt/format.h>

#include <memory>
#include <utility>

namespace kontiki::broker {
namespace {

Problem storage_problem(const storage::Error& error) {
  switch (error.code) {
    case storage::ErrorCode::kFormat:
      return {Reason::kDataMismatch, error.message};
    case storage::ErrorCode::kIo:
    case storage::ErrorCode::kNotCached:  // not when a store is opened
      return {Reason::kDiskFailed, error.message};
    case storage::ErrorCode::kNotFound:
    case storage::ErrorCode::kDamaged:
      return {Reason::kDataDamaged, error.message};
  }
  return {Reason::kDataDamaged, error.message};
}

Problem listen_problem(const char* what, const env::Address& address, env::NetworkError error) {
  const bool in_use = error == env::NetworkError::kAddressInUse;
  const Reason reason = error == env::NetworkError::kBadAddress ? Reason::kUsage : Reason::kPortInUse;
  return {reason,
          fmt::format("Cannot listen on the {} address {}: {}.{}", what, address.text(),
                      env::to_string(error), in_use ? " Stop what uses it, or choose another port." : "")};
}

// Who this node is among the seeds, and who the others are.
Result<metadata::Seeds, Problem> apply_seeds(BrokerOptions& options) {
  std::string list;
  for (const env::Address& seed : options.seeds) list += (list.empty() ? "" : ",") + seed.text();
  auto seeds = metadata::Seeds::parse(list);
  if (!seeds) return unexpected(Problem{Reason::kUsage, seeds.error()});
  const std::int32_t slot = seeds->slot_of(options.peer.text());
  if (slot == metadata::kNoSlot)
    return unexpected(
        Problem{Reason::kUsage,
                fmt::format("This broker's peer address {} is not among the seeds ({}). Every broker "
                            "must be given the same seeds, and its own peer address must be one of them.",
                            options.peer.text(), list)});
  multiraft::NodeOptions& node = options.node;
  node.self = options.node_id;
  node.self_slot = metadata::Seeds::member(slot);
  node.listen = options.peer;
  node.seeds_hash = seeds->hash();
  node.peers.clear();
  for (const env::Address& seed : options.seeds) {
    const std::int32_t other = seeds->slot_of(seed.text());
    if (other != slot) node.peers.push_back({metadata::Seeds::member(other), seed});
  }
  return std::move(*seeds);
}

}  // namespace

Broker::Broker(env::Clock& clock, env::Disk& disk, BrokerOptions options)
    : clock_(clock),
      disk_(disk),
      options_(std::move(options)),
      door_(options_.limits.connections_max, options_.limits.connections_per_host_max) {
  // No two starts may draw the same tokens and ids: the log would take a new command for an old one's
  // repetition.
  Prng mixed(options_.seed ^ static_cast<std::uint64_t>(clock.wall_ms()) * 0x9E3779B97F4A7C15ull);
  options_.seed = mixed.next() ^ static_cast<std::uint64_t>(clock.monotonic_us()) ^
                  static_cast<std::uint64_t>(options_.node_id.value) << 32;
}

Broker::~Broker() = default;

Result<std::unique_ptr<Broker>, Problem> Broker::start(env::Clock& clock, env::Disk& disk,
                                                       env::Network& network,
                                                       std::vector<env::Executor*> executors,
                                                       BrokerOptions options) {
  CHECK(!executors.empty());
  std::unique_ptr<Broker> broker(new Broker(clock, disk, std::move(options)));
  if (auto opened = broker->open(network, executors); !opened) return unexpected(opened.error());
  if (auto created = broker->create_metadata_group(); !created) return unexpected(created.error());
  if (auto listening = broker->listen(network, executors); !listening) return unexpected(listening.error());
  broker->begin();
  return broker;
}

Result<void, Problem> Broker::open(env::Network& network, std::vector<env::Executor*> executors) {
  auto seeds = apply_seeds(options_);
  if (!seeds) return unexpected(seeds.error());
  voters_ = seeds->configuration();
  const auto identity = claim_folder(disk_, options_.data_dir, options_.node_id,
                                     static_cast<std::uint32_t>(executors.size()), Prng(options_.seed));
  if (!identity) return unexpected(Problem{identity.error().reason, identity.error().message});
  options_.node.incarnation = identity->incarnation;
  options_.node.dir = options_.data_dir;
  options_.node.seed = options_.seed;

  auto node = multiraft::Node::open(clock_, disk_, network, std::move(executors), options_.node, *this);
  if (!node) return unexpected(storage_problem(node.error()));
  node_ = std::move(*node);
  controller_ = std::make_unique<Controller>(*this);
  for (std::size_t i = 0; i < node_->shard_count(); ++i)
    shards_.push_back(std::make_unique<ShardBroker>(*this, i, node_->shard(i)));
  return {};
}

Result<void, Problem> Broker::create_metadata_group() {
  auto group = node_->shard(0).create_group(kMetadataGroup, options_.node.self_slot, voters_, *controller_,
                                            multiraft::Origin::kFounding);
  if (!group) {
    Problem problem = storage_problem(group.error());
    problem.message = "The cluster's metadata on this broker cannot be used: " + problem.message;
    return unexpected(std::move(problem));
  }
  controller_->set_group(*group);
  (*group)->set_segment_bytes(options_.state_log_bytes / 4);
  (*group)->set_retention({.bytes = static_cast<std::int64_t>(options_.state_log_bytes), .time_ms = -1});
  node_->founding().begin(kMetadataGroup);
  if (voters_.voters.size() == 1) (*group)->campaign();
  return {};
}

Result<void, Problem> Broker::listen(env::Network& network, std::vector<env::Executor*> executors) {
  if (auto started = node_->start(); !started)
    return unexpected(listen_problem("peer", options_.peer, started.error()));
  auto listener = network.listen(options_.kafka, std::move(executors),
                                 [this](std::size_t shard, std::unique_ptr<env::Connection> connection) {
                                   shards_[shard]->connections().accept(std::move(connection));
                                 });
  if (!listener) return unexpected(listen_problem("Kafka", options_.kafka, listener.error()));
  listener_ = std::move(*listener);
  return {};
}

void Broker::begin() {
  const env::Address advertised = options_.advertised.value_or(kafka_address());
  const metadata::Node self{.id = options_.node_id,
                            .incarnation = node_->incarnation(),
                            .host = advertised.host,
                            .port = advertised.port,
                            .peer_address = options_.peer.text(),
                            .seed_slot = metadata::Seeds::slot(options_.node.self_slot),
                            .rack = options_.rack};
  for (auto& shard : shards_) shard->executor().post([&shard = *shard] { shard.begin(); });
  shards_[0]->executor().post([this, self] { controller_->begin(self); });
}

void Broker::stop(env::Task done) {
  CHECK(!std::exchange(stopping_, true), "a broker is stopped once");
  listener_.reset();
  controller_->stop();
  for (auto& shard : shards_) shards_[0]->to_shard(shard->number(), [](ShardBroker& at) { at.stop(); });
  node_->close(std::move(done));
}

env::Address Broker::kafka_address() const {
  env::Address address = options_.kafka;
  if (listener_ != nullptr) address.port = listener_->address().port;
  return address;
}

bool Broker::ready() const {
  return !stopping_ && controller_->registered() && controller_->leader() != kNoNode &&
         !shards_[0]->cluster().cluster_id().is_zero();  // clients keep the id that they are told first
}

void Broker::collect(std::move_only_function<void(Metrics)> done) {
  struct Sum {
    Metrics metrics;
    std::size_t open = 0;
    std::move_only_function<void(Metrics)> done;
  };
  auto sum = std::make_shared<Sum>();  // read and written on shard 0 only
  sum->open = shards_.size();
  sum->done = std::move(done);
  const metadata::Cluster& cluster = shards_[0]->cluster();
  sum->metrics.nodes_known = cluster.nodes().size();
  sum->metrics.nodes_alive = shards_[0]->alive().size();
  sum->metrics.topics = cluster.topics().size();
  sum->metrics.partitions = cluster.partition_count();
  for (std::size_t i = 0; i < shards_.size(); ++i)
    shards_[0]->to_shard(i, [sum](ShardBroker& at) {
      at.to_shard(0, [sum, of_shard = at.collect()](ShardBroker&) {
        sum->metrics.add(of_shard);
        if (--sum->open == 0) sum->done(std::move(sum->metrics));
      });
    });
}

// ---- NodeEvents -----------------------------------------------------------------------------------------

void Broker::leadership_changed(std::size_t shard, const multiraft::Leadership& news) {
  if (shard < shards_.size()) shards_[shard]->leadership_changed(news);
}

void Broker::nodes_changed() {
  controller_->nodes_changed();
}

void Broker::metadata_leader_changed() {
  controller_->nodes_changed();
}

void Broker::call(NodeId, const Slice& request, Reply reply) {
  if (!answer_peer_call(*this, request, reply)) controller_->called(request, std::move(reply));
}

}  // namespace kontiki::broker
