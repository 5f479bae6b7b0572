// What brokers ask each other beside the commands of the metadata (those: controller.h): that a partition's
// leader hands its lead over, and how far the metadata group's voters are. Nothing here has state. Used on
// shard 0, where multiraft::Node::call lives.
//
// A call: u8 version, u8 kind, then the fields of the kind. The answer: u8 version, u8 status, then, of
// kQuorum and if the status is kTaken, the state. Little-endian; see docs/format/peer.md for the frame around
// them.
#pragma once

#include "base/slice.h"
#include "base/uuid.h"
#include "model/ids.h"
#include "multiraft/node.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <vector>

namespace kontiki::broker {

class Broker;

inline constexpr std::uint8_t kPeerCallVersion = 1;
enum class PeerCall : std::uint8_t {  // never renumber
  kPropose = 1,                       // the controller's
  kHandOver = 2,                      // u64 group, i32 node
  kQuorum = 3,
};
enum class CallStatus : std::uint8_t {
  kTaken = 0,      // kPropose: proposed; whether it is committed shows in the log
  kNotLeader = 1,  // ask somebody else
  kBusy = 2,       // ask again
  kNotUnderstood = 3,
};

// The metadata group as its leader knows it.
struct QuorumState {
  struct Voter {
    NodeId node;  // kNoNode: nobody has come to this seat yet
    Index held;   // durable there
    bool alive = false;
    friend bool operator==(const Voter&, const Voter&) = default;
  };
  NodeId leader = kNoNode;
  Term term;
  Index committed;
  Index last;
  std::int64_t wall_ms = 0;  // of the leader, when it said this
  std::vector<Voter> voters;
  friend bool operator==(const QuorumState&, const QuorumState&) = default;
};
Slice encode(const QuorumState& state);
std::optional<QuorumState> decode_quorum(Bytes bytes);

// False if the call is none of these: then nothing has happened to `reply`.
bool answer_peer_call(Broker& broker, const Slice& request, multiraft::NodeEvents::Reply& reply);

// Asks `leader`, perhaps this broker itself, to hand the group's lead to `to`. Best effort; on shard 0.
void ask_to_hand_over(Broker& broker, NodeId leader, GroupId group, NodeId to);
// `done` on shard 0, with nothing if no leader can be reached. On shard 0.
void ask_quorum(Broker& broker, std::move_only_function<void(std::optional<QuorumState>)> done);

}  // namespace kontiki::broker
