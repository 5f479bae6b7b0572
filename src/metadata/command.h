// The commands of the metadata group's log (EntryKind::kCommand of group 0). Values; encoded by the broker
// that proposes or forwards one, decoded by Cluster::apply on every shard of every broker.
//
// Encoding, little-endian: u8 version (1), u8 kind, token (16 bytes), then the fields of the kind; nothing
// after them. Counts and lengths are checked against what is left before anything is allocated.
#pragma once

#include "base/result.h"
#include "base/slice.h"
#include "metadata/types.h"

#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace kontiki::metadata {

struct SetClusterId {
  Uuid id;
  friend bool operator==(const SetClusterId&, const SetClusterId&) = default;
};

// A node announces itself, at each start. The same node may come back with another Kafka address, rack or
// seed slot.
struct RegisterNode {
  Node node;
  friend bool operator==(const RegisterNode&, const RegisterNode&) = default;
};

struct CreateTopic {
  std::string name;
  TopicId id;
  Configs configs;                   // checked by the proposer (topic_configs.h), not by apply
  std::vector<Replicas> partitions;  // placed by the proposer (placement.h)
  friend bool operator==(const CreateTopic&, const CreateTopic&) = default;
};

struct DeleteTopic {
  TopicId id;
  friend bool operator==(const DeleteTopic&, const DeleteTopic&) = default;
};

// Adds partitions after the `existing` ones; refused when the topic has another number by now.
struct CreatePartitions {
  TopicId id;
  std::int32_t existing = 0;
  std::vector<Replicas> added;
  friend bool operator==(const CreatePartitions&, const CreatePartitions&) = default;
};

struct SetTopicConfigs {
  TopicId id;
  Configs set;
  std::vector<std::string> remove;  // back to the default; applied after `set`
  friend bool operator==(const SetTopicConfigs&, const SetTopicConfigs&) = default;
};

struct AllocateProducerIds {
  NodeId node;
  std::int32_t count = 0;
  friend bool operator==(const AllocateProducerIds&, const AllocateProducerIds&) = default;
};

// Wishes other replicas for a partition; a wish that is under way is replaced. Empty: it is withdrawn.
struct ReassignPartition {
  TopicId id;
  std::int32_t partition = 0;
  Replicas target;
  friend bool operator==(const ReassignPartition&, const ReassignPartition&) = default;
};

// The partition's leader says that the wish `number` has come true: its configuration is committed, and this
// was known in `term`.
struct FinishReassignment {
  TopicId id;
  std::int32_t partition = 0;
  std::uint64_t number = 0;
  Term term;
  friend bool operator==(const FinishReassignment&, const FinishReassignment&) = default;
};

using CommandBody = std::variant<SetClusterId, RegisterNode, CreateTopic, DeleteTopic, CreatePartitions,
                                 SetTopicConfigs, AllocateProducerIds, ReassignPartition, FinishReassignment>;

struct Command {
  Uuid token;  // of the request: a retry carries the same one and is applied once. Zero: not remembered
  CommandBody body;
  friend bool operator==(const Command&, const Command&) = default;
};

enum class DecodeError : std::uint8_t {
  kDamaged,  // cut, trailing or out of range
  kNewer,    // an unknown version or kind
};

Slice encode(const Command& command);
Result<Command, DecodeError> decode(Bytes bytes);

}  // namespace kontiki::metadata
