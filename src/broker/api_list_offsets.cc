// ListOffsets (API key 2): the first and the last offset of partitions, and the first one since a time.

#include "broker/coordinator_host.h"
#include "broker/gather.h"
#include "broker/handlers.h"
#include "broker/partition_host.h"
#include "kafka/messages/list_offsets.h"

namespace kontiki::broker {
namespace {

struct Lookup {
  std::size_t shard = 0;
  GroupId group;
  std::size_t topic = 0;      // place in the response
  std::size_t partition = 0;  // likewise
  std::int16_t version = 0;
  kafka::ListOffsetsRequest::Partition want;
  kafka::ListOffsetsResponse::Partition answer;
};

void look_up(ShardBroker& shard, Lookup& lookup) {
  if (PartitionHost* host = shard.host(lookup.group)) {
    lookup.answer = host->list_offsets(lookup.want, lookup.version);
    return;
  }
  lookup.answer.partition_index = lookup.want.partition_index;
  if (const CoordinatorHost* coordinator = shard.coordinator(lookup.group);
      coordinator != nullptr && coordinator->leads()) {
    // It keeps no messages, now or ever: the ends are the same, and no time is found.
    if (lookup.want.timestamp == -1 || lookup.want.timestamp == -2) lookup.answer.offset = 0;
    return;
  }
  lookup.answer.error_code = kafka::ErrorCode::kNotLeaderOrFollower;
}

}  // namespace

void handle_list_offsets(const RequestContext& context, kafka::ListOffsetsRequest request,
                         Respond<kafka::ListOffsetsResponse> respond) {
  ShardBroker& shard = context.shard;
  kafka::ListOffsetsResponse response;
  std::vector<Lookup> lookups;
  for (const auto& topic : request.topics) {
    auto& to = response.topics.emplace_back();
    to.name = topic.name;
    for (const auto& want : topic.partitions) {
      auto& unknown = to.partitions.emplace_back();
      unknown.partition_index = want.partition_index;
      unknown.error_code = kafka::ErrorCode::kUnknownTopicOrPartition;
      const auto* info = shard.cluster().partition(topic.name, want.partition_index);
      if (info == nullptr) continue;
      lookups.push_back({shard.shard_of(info->group),
                         info->group,
                         response.topics.size() - 1,
                         to.partitions.size() - 1,
                         context.version(),
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
