// DescribeQuorum (API key 55): how far the voters of the metadata are, by the name that Kafka has for the log
// of the metadata. Any broker takes it and asks the leader.

#include "broker/broker.h"
#include "broker/cluster_view.h"
#include "broker/handlers.h"
#include "broker/peer_calls.h"
#include "broker/shard_broker.h"
#include "kafka/messages/describe_quorum.h"

#include <utility>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;
using Response = kafka::DescribeQuorumResponse;

constexpr std::string_view kMetadataTopic = "__cluster_metadata";

// Kafka counts the offset after the last record; the first index is 1, so index n ends at offset n.
std::int64_t end_of(Index index) {
  return static_cast<std::int64_t>(index.value);
}

Response::Partition described(const metadata::Cluster& cluster, const QuorumState& state) {
  Response::Partition partition;
  partition.error_message.reset();
  partition.leader_id = state.leader.value;
  partition.leader_epoch = leader_epoch_of(state.term);
  partition.high_watermark = end_of(state.committed);
  for (const auto& voter : state.voters) {
    if (voter.node == kNoNode) continue;
    Response::ReplicaState replica;
    replica.replica_id = voter.node.value;
    replica.log_end_offset = end_of(voter.held);
    if (const auto* node = cluster.node(voter.node)) replica.replica_directory_id = node->incarnation;
    if (voter.alive) replica.last_fetch_timestamp = state.wall_ms;
    if (voter.alive && voter.held >= state.committed) replica.last_caught_up_timestamp = state.wall_ms;
    partition.current_voters.push_back(replica);
  }
  return partition;
}

void add_nodes(const metadata::Cluster& cluster, const QuorumState& state, Response& response) {
  for (const auto& voter : state.voters)
    if (const auto* node = cluster.node(voter.node))
      response.nodes.push_back({node->id.value, {{"PLAINTEXT", node->host, node->port}}});
}

Response answer(const ShardBroker& shard, const kafka::DescribeQuorumRequest& request,
                const std::optional<QuorumState>& state) {
  Response response;
  response.error_message.reset();
  for (const auto& topic : request.topics) {
    auto& to = response.topics.emplace_back();
    to.topic_name = topic.topic_name;
    for (const auto& wanted : topic.partitions) {
      Response::Partition partition;
      if (topic.topic_name != kMetadataTopic || wanted.partition_index != 0) {
        partition.error_code = ErrorCode::kUnknownTopicOrPartition;
        partition.error_message = "Only partition 0 of __cluster_metadata can be asked for.";
      } else if (!state) {
        partition.error_code = ErrorCode::kNotLeaderOrFollower;
        partition.error_message = "The leader of the metadata cannot be reached.";
        partition.leader_id = kNoNode.value;
      } else {
        partition = described(shard.cluster(), *state);
      }
      partition.partition_index = wanted.partition_index;
      to.partitions.push_back(std::move(partition));
    }
  }
  if (state) add_nodes(shard.cluster(), *state, response);
  return response;
}

}  // namespace

void handle_describe_quorum(const RequestContext& context, kafka::DescribeQuorumRequest request,
                            Respond<Response> respond) {
  context.shard.to_shard(0, [home = context.shard.number(), request = std::move(request),
                             respond = std::move(respond)](ShardBroker& at) mutable {
    ask_quorum(at.broker(), [&at, home, request = std::move(request),
                             respond = std::move(respond)](std::optional<QuorumState> state) mutable {
      at.to_shard(home, [request = std::move(request), respond = std::move(respond),
                         state = std::move(state)](ShardBroker& shard) mutable {
        const Response response = answer(shard, request, state);
        for (const auto& topic : response.topics)
          for (const auto& partition : topic.partitions) shard.count_error(partition.error_code);
        respond(response);
      });
    });
  });
}

}  // namespace kontiki::broker
