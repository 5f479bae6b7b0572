// The nouns of the cluster's metadata: nodes, topics, partitions, and the one closed list of what can go
// wrong. Values.
#pragma once

#include "base/uuid.h"
#include "model/ids.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace kontiki::metadata {

inline constexpr std::int32_t kNoSlot = -1;

// A broker, as it registered itself.
struct Node {
  NodeId id;                         // >= 0, any
  Uuid incarnation;                  // of its data folder; a folder is not two nodes
  std::string host;                  // advertised to Kafka clients
  std::uint16_t port = 0;            // likewise
  std::string peer_address;          // "host:port" where other brokers reach it
  std::int32_t seed_slot = kNoSlot;  // its slot among the seeds, if it votes in the metadata group
  std::string rack;                  // empty: none
  // Groups below are older than the data folder: what this node once had of them it may have forgotten. Given
  // by the cluster when the folder is registered.
  GroupId first_group{0};
  friend bool operator==(const Node&, const Node&) = default;
};

using Replicas = std::vector<NodeId>;  // the first is the preferred leader
bool has(const Replicas& replicas, NodeId node);

// A replica that was not there when its partition was created.
struct Seat {
  NodeId node;
  std::uint64_t since = 0;  // number of the reassignment that added it
  Term term;                // PartitionInfo::term at that time: where an empty replica starts
  friend bool operator==(const Seat&, const Seat&) = default;
};

// A wish for other replicas that has not come true yet.
struct Reassignment {
  Replicas before;  // what it is withdrawn to
  Replicas target;
  friend bool operator==(const Reassignment&, const Reassignment&) = default;
};

struct PartitionInfo {
  GroupId group;
  // Every node that may hold data: during a reassignment those wished, then those to be removed. Whoever is
  // not among them deletes what it has.
  Replicas replicas;
  Replicas founders = {};           // the replicas at its creation: the group's first members
  std::vector<Seat> seats = {};     // of the replicas that were added later
  std::uint64_t reassignments = 0;  // so many were wished; the number of the newest
  Term term = {};                   // in which the newest that came true was known to be committed
  std::optional<Reassignment> reassignment = {};

  const Replicas& target() const { return reassignment ? reassignment->target : replicas; }
  Replicas adding() const;    // wished, and not there before
  Replicas removing() const;  // not wished any more
  const Seat* seat(NodeId node) const;
  friend bool operator==(const PartitionInfo&, const PartitionInfo&) = default;
};

using Configs = std::map<std::string, std::string>;  // only what differs from the defaults

struct Topic {
  TopicId id;
  std::string name;
  Configs configs;
  std::vector<PartitionInfo> partitions;  // by partition number
  friend bool operator==(const Topic&, const Topic&) = default;
};

struct ProducerIdBlock {
  ProducerId first = kNoProducer;
  std::int32_t count = 0;
  friend bool operator==(const ProducerIdBlock&, const ProducerIdBlock&) = default;
};

// Values are part of snapshots (results of remembered commands): never renumber. In brackets, the Kafka
// error.
enum class Error : std::uint8_t {
  kNone = 0,
  kClusterIdSet = 1,        // the cluster has an id already
  kNodeIdInUse = 2,         // registered with another peer address (101)
  kPeerAddressInUse = 3,    // another node registered with this peer address, seed slot or data folder (101)
  kInvalidNode = 4,         // negative id, no address, too long (119)
  kUnknownNode = 5,         // not registered (102)
  kInvalidName = 6,         // of a topic (17)
  kCollides = 7,            // differs from an existing topic only by '.' and '_' (17)
  kTopicExists = 8,         // (36)
  kUnknownTopic = 9,        // (3, or 100 when asked for by id)
  kInvalidPartitions = 10,  // none, too many, or not what the topic has (37)
  kInvalidReplicationFactor = 11,  // none, or more than there are nodes (38)
  kInvalidAssignment = 12,         // a replica twice, an unknown node, uneven lists (39)
  kInvalidConfig = 13,             // unknown setting or value (40); too many or too long
  kInvalidRequest = 14,            // a zero topic id or one in use, a count out of range (42)
  kLimit = 15,                     // the cluster's bound on nodes or partitions is reached (44)
  kNoReassignment = 16,            // none is under way, or another one by now (85)
};
const char* to_string(Error error);

}  // namespace kontiki::metadata
