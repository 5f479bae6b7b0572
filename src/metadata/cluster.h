// Cluster: the metadata of the whole cluster (nodes, topics, their settings and placement) as a pure state
// machine, the one of raft group 0. A function of the applied log entries and of nothing else. Every shard of
// every broker owns a copy, applies the same entries to it and reads it without asking anyone.
//
// Pointers and references into it are valid until the next apply() or restore().
#pragma once

#include "base/bytes_io.h"
#include "base/result.h"
#include "base/slice.h"
#include "metadata/command.h"
#include "metadata/types.h"
#include "model/entry.h"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <unordered_map>
#include <variant>
#include <vector>

namespace kontiki::metadata {

// ---- what an applied entry changed, for the broker to follow (create, remove and configure groups) ----

struct ClusterIdChanged {
  Uuid id;
  friend bool operator==(const ClusterIdChanged&, const ClusterIdChanged&) = default;
};
struct NodeChanged {  // new, or with another address
  NodeId node;
  friend bool operator==(const NodeChanged&, const NodeChanged&) = default;
};
struct TopicCreated {
  TopicId id;
  friend bool operator==(const TopicCreated&, const TopicCreated&) = default;
};
struct TopicDeleted {
  Topic topic;  // as it was
  friend bool operator==(const TopicDeleted&, const TopicDeleted&) = default;
};
struct PartitionsAdded {
  TopicId id;
  std::int32_t first = 0;  // the new ones are [first, size of the topic)
  friend bool operator==(const PartitionsAdded&, const PartitionsAdded&) = default;
};
struct ConfigChanged {
  TopicId id;
  friend bool operator==(const ConfigChanged&, const ConfigChanged&) = default;
};
struct ReplicasChanged {  // of one partition, or the wish for them
  TopicId id;
  std::int32_t partition = 0;
  friend bool operator==(const ReplicasChanged&, const ReplicasChanged&) = default;
};
using Change = std::variant<ClusterIdChanged, NodeChanged, TopicCreated, TopicDeleted, PartitionsAdded,
                            ConfigChanged, ReplicasChanged>;

// The answer to a command; remembered for its token.
struct Outcome {
  Error error = Error::kNone;
  TopicId topic_id;              // CreateTopic, when it succeeded
  ProducerIdBlock producer_ids;  // AllocateProducerIds
  friend bool operator==(const Outcome&, const Outcome&) = default;
};

struct ApplyResult {
  Uuid token;  // zero for entries that are no command
  Outcome outcome;
  bool repeated = false;        // the token was seen before: the old outcome, nothing changed
  std::vector<Change> changes;  // empty when refused or repeated
};

// Where a group belongs.
struct PartitionRef {
  const Topic* topic = nullptr;
  std::int32_t partition = 0;
  const PartitionInfo& info() const { return topic->partitions[static_cast<std::size_t>(partition)]; }
};

enum class RestoreError : std::uint8_t {
  kDamaged,  // cut, flipped or made-up bytes
  kNewer,    // made by a newer program
};
const char* to_string(RestoreError error);

class Cluster {
 public:
  // The next entry of the log, without gaps (a violation is a programmer's error). A command that this
  // program does not understand ends the process (Reason::kDataMismatch): to skip what others apply is to
  // diverge.
  ApplyResult apply(const Entry& entry);
  // What apply() would answer to this command now; changes nothing. For validate_only and early refusals.
  Error check(const CommandBody& command) const;

  // ---- queries ----
  Index applied() const { return applied_; }
  const Uuid& cluster_id() const { return cluster_id_; }  // zero until set
  const std::map<NodeId, Node>& nodes() const { return nodes_; }
  const Node* node(NodeId id) const;
  const Node* node_at_slot(std::int32_t seed_slot) const;
  const std::map<std::string, Topic, std::less<>>& topics() const { return topics_; }  // by name
  const Topic* topic(std::string_view name) const;
  const Topic* topic(const TopicId& id) const;
  std::optional<PartitionRef> partition(GroupId group) const;
  const PartitionInfo* partition(std::string_view topic, std::int32_t partition) const;
  // Partitions for which other replicas are wished.
  const std::set<GroupId>& reassigning() const { return reassigning_; }
  std::size_t partition_count() const { return groups_.size(); }  // of all topics
  GroupId next_group() const { return next_group_; }
  ProducerId next_producer_id() const { return next_producer_id_; }
  // The outcome of a command that was applied with this token, while it is remembered.
  std::optional<Outcome> outcome(const Uuid& token) const;

  // ---- snapshot ----
  // The whole state, with a version and a CRC. Format: docs/format/metadata-snapshot.md.
  Slice snapshot() const;
  // Replaces the whole state; on an error nothing is changed.
  Result<void, RestoreError> restore(Bytes snapshot);

  friend bool operator==(const Cluster&, const Cluster&) = default;

 private:
  struct Place {
    TopicId topic;
    std::int32_t partition = 0;
    friend bool operator==(const Place&, const Place&) = default;
  };

  Error check_command(const SetClusterId& command) const;
  Error check_command(const RegisterNode& command) const;
  Error check_command(const CreateTopic& command) const;
  Error check_command(const DeleteTopic& command) const;
  Error check_command(const CreatePartitions& command) const;
  Error check_command(const SetTopicConfigs& command) const;
  Error check_command(const AllocateProducerIds& command) const;
  Error check_command(const ReassignPartition& command) const;
  Error check_command(const FinishReassignment& command) const;
  Error check_replicas(const std::vector<Replicas>& partitions, std::size_t replication_factor) const;

  // Carry out a command that check_command() has passed.
  void execute(const SetClusterId& command, ApplyResult& result);
  void execute(const RegisterNode& command, ApplyResult& result);
  void execute(const CreateTopic& command, ApplyResult& result);
  void execute(const DeleteTopic& command, ApplyResult& result);
  void execute(const CreatePartitions& command, ApplyResult& result);
  void execute(const SetTopicConfigs& command, ApplyResult& result);
  void execute(const AllocateProducerIds& command, ApplyResult& result);
  void execute(const ReassignPartition& command, ApplyResult& result);
  void execute(const FinishReassignment& command, ApplyResult& result);

  const PartitionInfo* partition(const TopicId& id, std::int32_t partition) const;
  PartitionInfo& partition_for_change(const TopicId& id, std::int32_t partition);
  Topic& topic_for_change(const TopicId& id);
  void add_partitions(Topic& topic, const std::vector<Replicas>& partitions);
  void remember(const Uuid& token, const Outcome& outcome);
  void index_topic(const Topic& topic);
  void write_state(ByteWriter& out) const;
  // False, and an unspecified value, on bytes that write_state() does not make.
  bool read_state(ByteReader& in);
  bool read_nodes(ByteReader& in);
  bool read_topics(ByteReader& in);
  bool read_tokens(ByteReader& in);

  Index applied_;
  Uuid cluster_id_;
  std::map<NodeId, Node> nodes_;
  std::map<std::string, Topic, std::less<>> topics_;
  GroupId next_group_{1};  // Invariant: above every group ever given.
  ProducerId next_producer_id_{0};
  std::deque<Uuid> tokens_;  // oldest first; bounded by limits::kMetadataTokensRemembered

  // Derived from the above.
  std::unordered_map<Uuid, Outcome> outcomes_;               // of tokens_
  std::unordered_map<TopicId, std::string> names_;           // topic id -> name
  std::unordered_map<std::string, std::string> collisions_;  // name with '.' as '_' -> name
  std::unordered_map<GroupId, Place> groups_;
  std::set<GroupId> reassigning_;
};

}  // namespace kontiki::metadata
