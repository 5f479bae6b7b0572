// Cluster: other replicas for a partition. Only the wish and its end stand here; the partition's leader
// brings it about (docs/adr/0007-change-of-members.md).
#include "base/limits.h"
#include "metadata/cluster.h"
#include "metadata/replica_lists.h"

#include <algorithm>

namespace kontiki::metadata {
namespace {

// Whoever held data when wishes followed on each other faster than they came true is among the replicas until
// one does.
constexpr std::size_t kReplicasUnderWayMax = 4 * limits::kReplicasMax;

// Those of `a` that are not in `b`, in their order.
Replicas without(const Replicas& a, const Replicas& b) {
  Replicas rest;
  std::copy_if(a.begin(), a.end(), std::back_inserter(rest), [&](NodeId node) { return !has(b, node); });
  return rest;
}

Replicas both(Replicas first, const Replicas& then) {
  const Replicas more = without(then, first);
  first.insert(first.end(), more.begin(), more.end());
  return first;
}

}  // namespace

bool has(const Replicas& replicas, NodeId node) {
  return std::find(replicas.begin(), replicas.end(), node) != replicas.end();
}

bool has_repeats(Replicas replicas) {
  std::sort(replicas.begin(), replicas.end());
  return std::adjacent_find(replicas.begin(), replicas.end()) != replicas.end();
}

Replicas PartitionInfo::adding() const {
  return reassignment ? without(reassignment->target, reassignment->before) : Replicas();
}

Replicas PartitionInfo::removing() const {
  return reassignment ? without(replicas, reassignment->target) : Replicas();
}

const Seat* PartitionInfo::seat(NodeId node) const {
  const auto found = std::find_if(seats.begin(), seats.end(), [&](const Seat& s) { return s.node == node; });
  return found == seats.end() ? nullptr : &*found;
}

const PartitionInfo* Cluster::partition(const TopicId& id, std::int32_t number) const {
  const Topic* found = topic(id);
  return found == nullptr ? nullptr : partition(found->name, number);
}

PartitionInfo& Cluster::partition_for_change(const TopicId& id, std::int32_t number) {
  return topic_for_change(id).partitions[static_cast<std::size_t>(number)];
}

Error Cluster::check_command(const ReassignPartition& command) const {
  const PartitionInfo* found = partition(command.id, command.partition);
  if (found == nullptr) return Error::kUnknownTopic;
  if (command.target.empty()) return found->reassignment ? Error::kNone : Error::kNoReassignment;
  if (command.target.size() > limits::kReplicasMax || has_repeats(command.target))
    return Error::kInvalidAssignment;
  for (const NodeId node : command.target)
    if (!nodes_.contains(node)) return Error::kInvalidAssignment;
  return both(command.target, found->replicas).size() <= kReplicasUnderWayMax ? Error::kNone : Error::kLimit;
}

void Cluster::execute(const ReassignPartition& command, ApplyResult& result) {
  PartitionInfo& info = partition_for_change(command.id, command.partition);
  const Replicas target = command.target.empty() ? info.reassignment->before : command.target;
  if (target == info.target()) return;
  result.changes.push_back(ReplicasChanged{command.id, command.partition});
  const bool same_nodes = without(target, info.replicas).empty() && without(info.replicas, target).empty();
  if (!info.reassignment && same_nodes) {
    info.replicas = target;  // another preferred leader
    return;
  }
  ++info.reassignments;
  for (const NodeId node : without(target, info.replicas))
    info.seats.push_back({.node = node, .since = info.reassignments, .term = info.term});
  const Replicas before = info.reassignment ? info.reassignment->before : info.replicas;
  info.replicas = both(target, info.replicas);
  info.reassignment = Reassignment{before, target};
  reassigning_.insert(info.group);
}

Error Cluster::check_command(const FinishReassignment& command) const {
  const PartitionInfo* found = partition(command.id, command.partition);
  if (found == nullptr) return Error::kUnknownTopic;
  return found->reassignment && found->reassignments == command.number ? Error::kNone
                                                                       : Error::kNoReassignment;
}

void Cluster::execute(const FinishReassignment& command, ApplyResult& result) {
  PartitionInfo& info = partition_for_change(command.id, command.partition);
  info.replicas = std::move(info.reassignment->target);
  info.reassignment.reset();
  std::erase_if(info.seats, [&](const Seat& seat) { return !has(info.replicas, seat.node); });
  info.term = std::max(info.term, command.term);
  reassigning_.erase(info.group);
  result.changes.push_back(ReplicasChanged{command.id, command.partition});
}

}  // namespace kontiki::metadata
