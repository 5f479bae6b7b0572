#include "multiraft/node.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace kontiki::multiraft {
namespace {
constexpr std::size_t kCallsMax = 4096;
}

Node::Node(env::Clock& clock, env::Network& network, std::vector<env::Executor*> executors,
           const NodeOptions& options, NodeEvents& events)
    : clock_(clock),
      network_(network),
      executors_(std::move(executors)),
      options_(options),
      events_(events),
      cluster_id_(options.cluster_id),
      incarnation_(options.incarnation) {
  // Differs from the process before: a clock that stood still over a restart would need the same microsecond
  // too.
  process_ = static_cast<std::uint64_t>(clock.wall_ms()) * 1'000'003u ^
             static_cast<std::uint64_t>(clock.monotonic_us());
  process_ |= 1;  // 0 means unknown
  liveness_ = std::make_unique<Liveness>(*this);
  founding_ = std::make_unique<Founding>(*this);
  server_ = std::make_unique<PeerServer>(*this);
}

Node::~Node() = default;

Result<std::unique_ptr<Node>, storage::Error> Node::open(env::Clock& clock, env::Disk& disk,
                                                         env::Network& network,
                                                         std::vector<env::Executor*> executors,
                                                         const NodeOptions& options, NodeEvents& events) {
  CHECK(!executors.empty());
  std::unique_ptr<Node> node(new Node(clock, network, std::move(executors), options, events));
  std::vector<std::unique_ptr<storage::Store>> stores;
  storage::Options of_store = options.storage;
  of_store.seed = options.seed;
  for (std::size_t i = 0; i < node->executors_.size(); ++i) {
    auto store = storage::Store::open(disk, *node->executors_[i], clock,
                                      fmt::format("{}/shard-{}", options.dir, i), of_store);
    if (!store) return unexpected(store.error());
    for (std::size_t byte = 0; byte < node->incarnation_.bytes.size(); ++byte)
      node->incarnation_.bytes[byte] ^= (*store)->id().bytes[byte];
    stores.push_back(std::move(*store));
  }
  for (std::size_t i = 0; i < stores.size(); ++i)
    node->shards_.push_back(
        std::make_unique<Shard>(*node, i, clock, *node->executors_[i], std::move(stores[i])));
  return node;
}

Introduction Node::introduction(std::size_t shard) const {
  return {.node = options_.self,
          .slot = options_.self_slot,
          .cluster_id = options_.cluster_id,
          .incarnation = incarnation_,
          .process = process_,
          .seeds_hash = options_.seeds_hash,
          .shard = static_cast<std::uint32_t>(shard)};
}

Result<void, env::NetworkError> Node::start() {
  if (!options_.peers.empty()) {
    if (auto listening = server_->start(); !listening) return listening;
  }
  for (auto& shard : shards_) shard->executor().post([&shard = *shard] { shard.start(); });
  executors_[0]->post([this] { liveness_->start(); });
  return {};
}

void Node::close(env::Task done) {
  server_->stop_listening();
  liveness_->stop();
  auto left = std::make_shared<std::size_t>(shards_.size());
  auto finished = std::make_shared<env::Task>(std::move(done));
  for (auto& shard : shards_) {
    shard->executor().post([this, &shard = *shard, left, finished] {
      shard.close();
      executors_[0]->post([left, finished] {
        if (--*left == 0) (*finished)();
      });
    });
  }
}

void Node::set_cluster_id(const Uuid& id) {
  if (id == cluster_id_) return;
  cluster_id_ = id;
  server_->set_cluster_id(id);
  for (auto& shard : shards_) shard->executor().post([&shard = *shard, id] { shard.set_cluster_id(id); });
}

std::vector<NodeId> Node::alive() const {
  std::vector<NodeId> brokers = liveness_->alive_brokers();
  brokers.push_back(options_.self);
  std::sort(brokers.begin(), brokers.end());
  return brokers;
}

NodeId Node::broker_of(NodeId member) const {
  if (member == options_.self || member == options_.self_slot) return options_.self;
  return liveness_->broker_of(member);
}

// ---- calls between nodes
// --------------------------------------------------------------------------------------------

void Node::call(NodeId node, const Slice& request, std::int64_t timeout_us, CallDone done) {
  const NodeId slot = liveness_->slot_of(node);
  const std::uint64_t id = next_call_++;
  if (slot == kNoNode || calls_.size() >= kCallsMax ||
      !shards_[0]->transport().send_frame(slot, Call{id, request})) {
    executors_[0]->post([done = std::move(done)]() mutable { done(std::nullopt); });
    return;
  }
  Waiting& waiting = calls_[id];
  waiting.slot = slot;
  waiting.done = std::move(done);
  waiting.timer = executors_[0]->schedule(timeout_us, [this, id] { finish_call(id, std::nullopt); });
}

void Node::called(NodeId slot, const Call& call) {
  const NodeId from = liveness_->broker_of(slot);
  events_.call(from, call.request, [this, slot, id = call.id](const Slice& answer) {
    shards_[0]->transport().send_frame(slot, Answer{id, answer});
  });
}

void Node::answered(const Answer& answer) {
  finish_call(answer.id, answer.answer);
}

void Node::fail_calls(NodeId slot) {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, waiting] : calls_)
    if (waiting.slot == slot) ids.push_back(id);
  std::sort(ids.begin(), ids.end());
  for (std::uint64_t id : ids) finish_call(id, std::nullopt);
}

void Node::finish_call(std::uint64_t id, std::optional<Slice> answer) {
  const auto at = calls_.find(id);
  if (at == calls_.end()) return;
  CallDone done = std::move(at->second.done);
  executors_[0]->cancel(at->second.timer);
  calls_.erase(at);
  done(std::move(answer));
}

}  // namespace kontiki::multiraft
