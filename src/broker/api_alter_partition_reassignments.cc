// AlterPartitionReassignments (API key 45): other replicas for partitions, or null to withdraw what is under
// way. Any broker takes it. Answered when the wish stands in the metadata; ListPartitionReassignments and
// Metadata tell when it has come true.

#include "base/limits.h"
#include "broker/admin_error.h"
#include "broker/admin_timeout.h"
#include "broker/handlers.h"
#include "broker/shard_broker.h"
#include "kafka/messages/alter_partition_reassignments.h"

#include <memory>
#include <set>
#include <utility>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;
using Wanted = kafka::AlterPartitionReassignmentsRequest::Partition;
using Answered = kafka::AlterPartitionReassignmentsResponse::Partition;

struct ReassignRun {
  ShardBroker& shard;
  Respond<kafka::AlterPartitionReassignmentsResponse> respond;
  kafka::AlterPartitionReassignmentsResponse response;
  std::size_t open = 1;  // commands under way, and one while they are being started
};
using Run = std::shared_ptr<ReassignRun>;

void fail(Answered& answered, const AdminError& error) {
  answered.error_code = error.code;
  answered.error_message = error.message;
}

void one_done(const Run& run) {
  if (--run->open > 0) return;
  for (const auto& topic : run->response.responses)
    for (const auto& partition : topic.partitions) run->shard.count_error(partition.error_code);
  run->respond(run->response);
}

// In Kafka's words; kInvalidReplicaAssignment covers all that a list can be wrong in.
AdminError explain_assignment(metadata::Error error) {
  if (error == metadata::Error::kInvalidAssignment)
    return {ErrorCode::kInvalidReplicaAssignment, "The replicas must be one to " +
                                                      std::to_string(limits::kReplicasMax) +
                                                      " different brokers that are registered."};
  if (error == metadata::Error::kUnknownTopic)
    return {ErrorCode::kUnknownTopicOrPartition, "There is no such partition."};
  return explain(error);
}

AdminResult<metadata::ReassignPartition> plan(const metadata::Cluster& cluster, const std::string& topic_name,
                                              const Wanted& wanted) {
  const metadata::Topic* topic = cluster.topic(topic_name);
  if (topic == nullptr) return unexpected(explain_assignment(metadata::Error::kUnknownTopic));
  metadata::ReassignPartition command{.id = topic->id, .partition = wanted.partition_index, .target = {}};
  // To the metadata an empty list is no list.
  if (wanted.replicas && wanted.replicas->empty())
    return unexpected(explain_assignment(metadata::Error::kInvalidAssignment));
  for (const std::int32_t node : wanted.replicas.value_or(std::vector<std::int32_t>()))
    command.target.emplace_back(node);
  if (const auto error = cluster.check(command); error != metadata::Error::kNone)
    return unexpected(explain_assignment(error));
  return command;
}

void reassign(const Run& run, std::size_t topic, std::size_t partition, metadata::ReassignPartition command,
              std::int64_t timeout_us) {
  ++run->open;
  run->shard.submit(std::move(command), timeout_us, [run, topic, partition](const SubmitResult& result) {
    const AdminError error = result ? explain_assignment(result->error) : explain(result.error());
    if (error.code != ErrorCode::kNone) fail(run->response.responses[topic].partitions[partition], error);
    one_done(run);
  });
}

}  // namespace

void handle_alter_partition_reassignments(const RequestContext& context,
                                          kafka::AlterPartitionReassignmentsRequest request,
                                          Respond<kafka::AlterPartitionReassignmentsResponse> respond) {
  ShardBroker& shard = context.shard;
  const auto timeout_us = admin_timeout_us(request.timeout_ms);
  const auto run = std::make_shared<ReassignRun>(ReassignRun{shard, std::move(respond), {}, 1});
  run->response.error_message.reset();
  std::set<std::pair<std::string, std::int32_t>> seen;
  struct Planned {
    std::size_t topic;
    std::size_t partition;
    metadata::ReassignPartition command;
  };
  std::vector<Planned> planned;
  for (const auto& topic : request.topics) {
    auto& answered = run->response.responses.emplace_back();
    answered.name = topic.name;
    for (const Wanted& wanted : topic.partitions) {
      Answered& one = answered.partitions.emplace_back();
      one.partition_index = wanted.partition_index;
      if (!seen.emplace(topic.name, wanted.partition_index).second) {
        fail(one, {ErrorCode::kInvalidRequest, "The partition stands in the request more than once."});
        continue;
      }
      auto command = plan(shard.cluster(), topic.name, wanted);
      if (!command)
        fail(one, command.error());
      else
        planned.push_back(
            {run->response.responses.size() - 1, answered.partitions.size() - 1, std::move(*command)});
    }
  }
  for (Planned& one : planned) reassign(run, one.topic, one.partition, std::move(one.command), timeout_us);
  one_done(run);
}

}  // namespace kontiki::broker
