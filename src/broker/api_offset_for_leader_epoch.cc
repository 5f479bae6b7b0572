// OffsetForLeaderEpoch (API key 23): where a leader's epoch ends, for clients that check their position after
// a change of leader.

#include "broker/gather.h"
#include "broker/handlers.h"
#include "broker/partition_host.h"
#include "kafka/messages/offset_for_leader_epoch.h"

namespace kontiki::broker {
namespace {

struct Lookup {
  std::size_t shard = 0;
  GroupId group;
  std::size_t topic = 0;      // place in the response
  std::size_t partition = 0;  // likewise
  kafka::OffsetForLeaderEpochRequest::Partition want;
  kafka::OffsetForLeaderEpochResponse::Partition answer;
};

void look_up(ShardBroker& shard, Lookup& lookup) {
  if (PartitionHost* host = shard.host(lookup.group)) {
    lookup.answer = host->end_of_epoch(lookup.want);
    return;
  }
  lookup.answer.partition = lookup.want.partition;
  lookup.answer.error_code = kafka::ErrorCode::kNotLeaderOrFollower;
}

}  // namespace

void handle_offset_for_leader_epoch(const RequestContext& context, kafka::OffsetForLeaderEpochRequest request,
                                    Respond<kafka::OffsetForLeaderEpochResponse> respond) {
  ShardBroker& shard = context.shard;
  kafka::OffsetForLeaderEpochResponse response;
  std::vector<Lookup> lookups;
  for (const auto& topic : request.topics) {
    auto& to = response.topics.emplace_back();
    to.topic = topic.topic;
    for (const auto& want : topic.partitions) {
      auto& unknown = to.partitions.emplace_back();
      unknown.partition = want.partition;
      unknown.error_code = kafka::ErrorCode::kUnknownTopicOrPartition;
      const auto* info = shard.cluster().partition(topic.topic, want.partition);
      if (info == nullptr) continue;
      lookups.push_back({shard.shard_of(info->group),
                         info->group,
                         response.topics.size() - 1,
                         to.partitions.size() - 1,
                         want,
                         {}});
    }
  }
  gather<Lookup>(shard, std::move(lookups), &look_up,
                 [&shard, response = std::move(response),
                  respond = std::move(respond)](std::vector<Lookup> done) mutable {
                   for (Lookup& lookup : done)
                     response.topics[lookup.topic].partitions[lookup.partition] = lookup.answer;
                   for (const auto& topic : response.topics)
                     for (const auto& partition : topic.partitions) shard.count_error(partition.error_code);
                   respond(response);
                 });
}

}  // namespace kontiki::broker
