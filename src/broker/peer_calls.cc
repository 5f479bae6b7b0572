#include "broker/peer_calls.h"

#include "base/bytes_io.h"
#include "base/limits.h"
#include "broker/broker.h"
#include "broker/controller.h"
#include "broker/replica_host.h"
#include "broker/shard_broker.h"

#include <utility>

namespace kontiki::broker {
namespace {

constexpr std::int64_t kCallTimeoutUs = 2'000'000;

void begin(ByteWriter& out, std::uint8_t second) {
  out.fixed(kPeerCallVersion);
  out.fixed(second);
}

Slice answer_of(CallStatus status) {
  ByteWriter out;
  begin(out, static_cast<std::uint8_t>(status));
  return out.take();
}

void hand_over(Broker& broker, GroupId group, NodeId to) {
  ShardBroker& home = broker.shard(0);
  home.to_shard(home.shard_of(group), [group, to](ShardBroker& at) {
    ReplicaHost* host = at.replica(group);
    if (host != nullptr && host->leads()) host->group()->transfer_leader(to);
  });
}

// Nothing if this broker does not lead the metadata group.
std::optional<QuorumState> quorum_of(Broker& broker) {
  const multiraft::Group& group = broker.controller().group();
  if (!group.is_leader()) return std::nullopt;
  const raft::Core& core = group.core();
  QuorumState state{.leader = broker.options().node_id,
                    .term = core.term(),
                    .committed = core.commit(),
                    .last = core.last_index(),
                    .wall_ms = broker.clock().wall_ms(),
                    .voters = {}};
  const auto peers = core.peers();
  for (const NodeId voter : core.configuration().voters) {
    QuorumState::Voter one{.node = broker.node().broker_of(voter), .held = core.persisted(), .alive = true};
    if (voter != core.self()) {
      one = {.node = one.node, .held = Index(0), .alive = false};
      for (const raft::PeerStatus& peer : peers)
        if (peer.peer == voter) one = {.node = one.node, .held = peer.match, .alive = peer.alive};
    }
    state.voters.push_back(one);
  }
  return state;
}

}  // namespace

Slice encode(const QuorumState& state) {
  ByteWriter out;
  begin(out, static_cast<std::uint8_t>(CallStatus::kTaken));
  out.fixed(state.leader.value);
  out.fixed(state.term.value);
  out.fixed(state.committed.value);
  out.fixed(state.last.value);
  out.fixed(state.wall_ms);
  out.fixed(static_cast<std::uint16_t>(state.voters.size()));
  for (const auto& voter : state.voters) {
    out.fixed(voter.node.value);
    out.fixed(voter.held.value);
    out.fixed(static_cast<std::uint8_t>(voter.alive ? 1 : 0));
  }
  return out.take();
}

std::optional<QuorumState> decode_quorum(Bytes bytes) {
  ByteReader in(bytes);
  if (in.fixed<std::uint8_t>() != kPeerCallVersion) return std::nullopt;
  if (in.fixed<std::uint8_t>() != static_cast<std::uint8_t>(CallStatus::kTaken)) return std::nullopt;
  QuorumState state;
  state.leader = NodeId(in.fixed<std::int32_t>());
  state.term = Term(in.fixed<std::uint64_t>());
  state.committed = Index(in.fixed<std::uint64_t>());
  state.last = Index(in.fixed<std::uint64_t>());
  state.wall_ms = in.fixed<std::int64_t>();
  const auto count = in.fixed<std::uint16_t>();
  if (count > limits::kSeedsMax) return std::nullopt;
  for (std::uint16_t i = 0; i < count; ++i) {
    QuorumState::Voter voter;
    voter.node = NodeId(in.fixed<std::int32_t>());
    voter.held = Index(in.fixed<std::uint64_t>());
    voter.alive = in.fixed<std::uint8_t>() != 0;
    state.voters.push_back(voter);
  }
  return in.at_end() ? std::optional(state) : std::nullopt;
}

bool answer_peer_call(Broker& broker, const Slice& request, multiraft::NodeEvents::Reply& reply) {
  ByteReader in(request.bytes());
  if (in.fixed<std::uint8_t>() != kPeerCallVersion) return false;
  switch (static_cast<PeerCall>(in.fixed<std::uint8_t>())) {
    case PeerCall::kHandOver: {
      const GroupId group(in.fixed<std::uint64_t>());
      const NodeId to(in.fixed<std::int32_t>());
      if (!in.at_end()) return false;
      hand_over(broker, group, to);
      reply(answer_of(CallStatus::kTaken));
      return true;
    }
    case PeerCall::kQuorum: {
      if (!in.at_end()) return false;
      const auto state = quorum_of(broker);
      reply(state ? encode(*state) : answer_of(CallStatus::kNotLeader));
      return true;
    }
    case PeerCall::kPropose:
      break;
  }
  return false;
}

void ask_to_hand_over(Broker& broker, NodeId leader, GroupId group, NodeId to) {
  if (leader == broker.options().node_id) return hand_over(broker, group, to);
  ByteWriter out;
  begin(out, static_cast<std::uint8_t>(PeerCall::kHandOver));
  out.fixed(group.value);
  out.fixed(to.value);
  // Whether it worked shows in who leads.
  broker.node().call(leader, out.take(), kCallTimeoutUs, [](const std::optional<Slice>&) {});
}

void ask_quorum(Broker& broker, std::move_only_function<void(std::optional<QuorumState>)> done) {
  if (auto own = quorum_of(broker)) return done(std::move(own));
  const NodeId leader = broker.controller().leader();
  if (leader == kNoNode || leader == broker.options().node_id) return done(std::nullopt);
  ByteWriter out;
  begin(out, static_cast<std::uint8_t>(PeerCall::kQuorum));
  broker.node().call(leader, out.take(), kCallTimeoutUs,
                     [done = std::move(done)](const std::optional<Slice>& answer) mutable {
                       done(answer ? decode_quorum(answer->bytes()) : std::nullopt);
                     });
}

}  // namespace kontiki::broker
