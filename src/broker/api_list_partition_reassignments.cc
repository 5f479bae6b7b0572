// ListPartitionReassignments (API key 46): partitions whose replicas are being changed. Partitions that are
// not, or that do not exist, are left out of the answer.

#include "broker/handlers.h"
#include "broker/shard_broker.h"
#include "kafka/messages/list_partition_reassignments.h"

#include <map>
#include <set>
#include <string>
#include <utility>

namespace kontiki::broker {
namespace {

using Shown = kafka::ListPartitionReassignmentsResponse::Partition;

std::vector<std::int32_t> ids_of(const metadata::Replicas& replicas) {
  std::vector<std::int32_t> ids;
  for (const NodeId node : replicas) ids.push_back(node.value);
  return ids;
}

}  // namespace

void handle_list_partition_reassignments(const RequestContext& context,
                                         kafka::ListPartitionReassignmentsRequest request,
                                         Respond<kafka::ListPartitionReassignmentsResponse> respond) {
  const metadata::Cluster& cluster = context.shard.cluster();
  std::set<std::pair<std::string, std::int32_t>> asked;
  if (request.topics)
    for (const auto& topic : *request.topics)
      for (const std::int32_t partition : topic.partition_indexes) asked.emplace(topic.name, partition);

  std::map<std::string, std::map<std::int32_t, Shown>> found;
  for (const GroupId group : cluster.reassigning()) {
    const auto ref = cluster.partition(group);
    if (!ref || (request.topics && !asked.contains({ref->topic->name, ref->partition}))) continue;
    const metadata::PartitionInfo& info = ref->info();
    found[ref->topic->name][ref->partition] = {ref->partition, ids_of(info.replicas), ids_of(info.adding()),
                                               ids_of(info.removing())};
  }
  kafka::ListPartitionReassignmentsResponse response;
  response.error_message.reset();
  for (auto& [name, partitions] : found) {
    auto& topic = response.topics.emplace_back();
    topic.name = name;
    for (auto& [number, partition] : partitions) topic.partitions.push_back(std::move(partition));
  }
  respond(response);
}

}  // namespace kontiki::broker
