#include "multiraft/peer_server.h"

#include "base/log.h"
#include "multiraft/node.h"

#include <algorithm>
#include <utility>

namespace kontiki::multiraft {
namespace {
constexpr std::size_t kIncomingMaxPerExecutor = 256;
constexpr std::int64_t kGreetingTimeoutUs = 5'000'000;
}  // namespace

struct PeerServer::Incoming {
  std::size_t executor = 0;
  std::unique_ptr<env::Connection> connection;
  NodeId slot = kNoNode;  // kNoNode until it has said hello
  env::TimerId greeting_timer = env::TimerId::kNone;
  std::int64_t reported_us = 0;  // when Liveness was last told
  bool closed = false;
};

PeerServer::PeerServer(Node& node) : node_(node), places_(node.executors_.size()) {
  for (Place& place : places_) place.cluster_id = node.options_.cluster_id;
}

PeerServer::~PeerServer() = default;

Result<void, env::NetworkError> PeerServer::start() {
  auto listener = node_.network_.listen(
      node_.options_.listen, node_.executors_,
      [this](std::size_t executor, std::unique_ptr<env::Connection> c) { accepted(executor, std::move(c)); });
  if (!listener) return unexpected(listener.error());
  listener_ = std::move(*listener);
  return {};
}

void PeerServer::abandon(NodeId slot) {
  for (std::size_t i = 0; i < places_.size(); ++i)
    node_.executors_[i]->post([this, i, slot] {
      for (auto& incoming : places_[i].connections)
        if (incoming->slot == slot) close(*incoming, "silent for too long");
    });
}

void PeerServer::set_cluster_id(const Uuid& id) {
  for (std::size_t i = 0; i < places_.size(); ++i)
    node_.executors_[i]->post([this, i, id] { places_[i].cluster_id = id; });
}

bool PeerServer::has_room(std::size_t executor, const env::Connection& connection) const {
  const std::size_t open = places_[executor].connections.size();
  if (open < kIncomingMaxPerExecutor) return true;
  log(LogLevel::kWarning, "peer connection from {} refused: {} are open", connection.remote(), open);
  return false;
}

void PeerServer::accepted(std::size_t executor, std::unique_ptr<env::Connection> connection) {
  if (!has_room(executor, *connection)) return;
  auto incoming = std::make_unique<Incoming>();
  incoming->executor = executor;
  incoming->connection = std::move(connection);
  Incoming& from = *incoming;
  places_[executor].connections.push_back(std::move(incoming));
  from.greeting_timer = node_.executors_[executor]->schedule(
      kGreetingTimeoutUs, [this, &from] { close(from, "said nothing of itself in time"); });
  read(from);
}

void PeerServer::read(Incoming& from) {
  from.connection->read_exactly(kFrameHeaderBytes, [this, &from](Result<Slice, env::NetworkError> bytes) {
    if (from.closed) return;
    if (!bytes) return close(from, env::to_string(bytes.error()));
    const auto header = decode_frame_header(*bytes);
    if (!header) return close(from, "frame length out of bounds");
    from.connection->read_exactly(header->length, [this, &from, header = *header](auto body) {
      if (from.closed) return;
      if (!body) return close(from, env::to_string(body.error()));
      auto frame = decode_frame(header, *body);
      if (!frame) return close(from, to_string(frame.error()));
      if (handle(from, std::move(*frame))) read(from);
    });
  });
}

void PeerServer::close(Incoming& from, std::string_view why) {
  if (from.closed) return;
  from.closed = true;
  log(LogLevel::kInfo, "connection of peer {} closed: {}", from.connection->remote(), why);
  node_.executors_[from.executor]->cancel(from.greeting_timer);
  if (from.slot != kNoNode)
    node_.executors_[0]->post([this, slot = from.slot] { node_.liveness_->lost(slot); });
  forget(from);
}

// Its own callback may be running now: it goes when that has returned.
void PeerServer::forget(Incoming& from) {
  node_.executors_[from.executor]->post([this, &from] {
    places_[from.executor].connections.remove_if([&](const auto& c) { return c.get() == &from; });
  });
}

std::string PeerServer::objection(const Incoming& from, const Hello& hello) const {
  const NodeOptions& own = node_.options_;
  const Uuid& cluster = places_[from.executor].cluster_id;
  const auto known = [&](const PeerAddress& peer) { return peer.slot == hello.slot; };
  if (hello.magic != kPeerMagic || hello.version != kPeerVersion) return "peer protocol of another version";
  if (hello.seeds_hash != own.seeds_hash)
    return "its --seeds differ from mine: give every node the same list";
  if (hello.to_slot != own.self_slot) return "it looked for another node at my address";
  if (hello.node == own.self)
    return fmt::format("its --node-id {} is mine: every node needs its own", hello.node.value);
  if (std::none_of(own.peers.begin(), own.peers.end(), known))
    return "its --peer address is not among the --seeds";
  if (!cluster.is_zero() && !hello.cluster_id.is_zero() && cluster != hello.cluster_id)
    return fmt::format("it belongs to cluster {}, I to {}: its data folder is another cluster's",
                       hello.cluster_id.text(), cluster.text());
  return "";
}

bool PeerServer::greet(Incoming& from, const Hello& hello) {
  HelloReply reply;
  reply.node = node_.options_.self;
  reply.reason = objection(from, hello);
  reply.accepted = reply.reason.empty();
  from.connection->send(encode_frame(reply));
  if (!reply.accepted) {
    log(LogLevel::kWarning, "peer {} (node {}) refused: {}", from.connection->remote(), hello.node.value,
        reply.reason);
    // The reply must reach it before the connection goes.
    from.connection->when_unsent_at_most(0, [this, &from] { close(from, "refused"); });
    return false;
  }
  node_.executors_[from.executor]->cancel(from.greeting_timer);
  from.slot = hello.slot;
  node_.executors_[0]->post([this, hello] {
    node_.liveness_->met(hello.slot, hello.node, hello.process);
    node_.liveness_->heard(hello.slot);
    node_.founding_->met(hello.slot, hello.incarnation);
  });
  for (auto& shard : node_.shards_)
    shard->executor().post([&shard = *shard, slot = hello.slot] { shard.peer_greeted(slot); });
  from.reported_us = node_.clock_.monotonic_us();
  const std::size_t home = hello.shard % places_.size();
  if (home == from.executor) return true;
  move(from, home);
  return false;
}

// The executor that most of what comes is for: with as many shards on both sides nothing is handed over.
void PeerServer::move(Incoming& from, std::size_t executor) {
  auto moved = std::make_unique<Incoming>();
  moved->executor = executor;
  moved->connection = from.connection->move_to(*node_.executors_[executor]);
  moved->slot = from.slot;
  moved->reported_us = from.reported_us;
  from.closed = true;
  forget(from);
  node_.executors_[executor]->post([this, executor, moved = std::move(moved)]() mutable {
    if (has_room(executor, *moved->connection)) {
      read(*places_[executor].connections.emplace_back(std::move(moved)));
    } else {
      node_.executors_[0]->post([this, slot = moved->slot] { node_.liveness_->lost(slot); });
    }
  });
}

void PeerServer::heard(Incoming& from) {
  const std::int64_t now = node_.clock_.monotonic_us();
  if (now - from.reported_us < node_.options_.heartbeat_us / 2) return;
  from.reported_us = now;
  node_.executors_[0]->post([this, slot = from.slot] { node_.liveness_->heard(slot); });
}

bool PeerServer::handle(Incoming& from, Frame&& frame) {
  if (const auto* hello = std::get_if<Hello>(&frame); hello != nullptr && from.slot == kNoNode)
    return greet(from, *hello);
  if (from.slot == kNoNode) {
    close(from, "did not say hello first");
    return false;
  }
  heard(from);
  if (auto* messages = std::get_if<GroupMessages>(&frame)) {
    deliver(std::move(*messages), from.executor);
  } else if (auto* leaderships = std::get_if<Leaderships>(&frame)) {
    for (auto& shard : node_.shards_)
      shard->executor().post([&shard = *shard, news = leaderships->news] { shard.announced(news); });
  } else if (auto* snapshot = std::get_if<SnapshotTransfer>(&frame)) {
    Shard& shard = node_.shard(node_.shard_of(snapshot->group));
    shard.executor().post([&shard, snapshot = std::move(*snapshot)] { shard.install(snapshot); });
  } else if (auto* done = std::get_if<SnapshotDone>(&frame)) {
    Shard& shard = node_.shard(node_.shard_of(done->group));
    shard.executor().post([&shard, done = *done] { shard.snapshot_done(done); });
  } else if (auto* call = std::get_if<Call>(&frame)) {
    node_.executors_[0]->post(
        [this, slot = from.slot, call = std::move(*call)] { node_.called(slot, call); });
  } else if (auto* answer = std::get_if<Answer>(&frame)) {
    node_.executors_[0]->post([this, answer = std::move(*answer)] { node_.answered(answer); });
  } else if (const auto* heartbeat = std::get_if<Heartbeat>(&frame)) {
    node_.executors_[0]->post(
        [this, slot = from.slot, token = heartbeat->founding] { node_.founding_->told(slot, token); });
  } else {
    close(from, "unexpected frame");
    return false;
  }
  return true;
}

void PeerServer::deliver(GroupMessages&& frame, std::size_t executor) {
  std::vector<std::vector<GroupMessage>> by_shard(node_.shards_.size());
  for (GroupMessage& message : frame.messages)
    by_shard[node_.shard_of(message.group)].push_back(std::move(message));
  for (std::size_t i = 0; i < by_shard.size(); ++i) {
    if (by_shard[i].empty()) continue;
    Shard& shard = *node_.shards_[i];
    if (i == executor) {
      shard.receive(std::move(by_shard[i]));
    } else {
      shard.executor().post(
          [&shard, messages = std::move(by_shard[i])]() mutable { shard.receive(std::move(messages)); });
    }
  }
}

}  // namespace kontiki::multiraft
