// DescribeProducers (API key 61): the producers that a partition remembers. Asked of the leader.

#include "broker/gather.h"
#include "broker/handlers.h"
#include "broker/partition_host.h"
#include "kafka/messages/describe_producers.h"
#include "metadata/names.h"

#include <algorithm>
#include <set>
#include <string>
#include <utility>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;
using Answer = kafka::DescribeProducersResponse::Partition;

struct Lookup {
  std::size_t shard = 0;
  GroupId group;
  std::size_t topic = 0;      // place in the response
  std::size_t partition = 0;  // likewise
  Answer answer;
};

void look_up(ShardBroker& shard, Lookup& lookup) {
  const PartitionHost* host = shard.host(lookup.group);
  if (host == nullptr || !host->serves()) {
    lookup.answer.error_code = ErrorCode::kNotLeaderOrFollower;
    return;
  }
  const auto& table = host->partition().producers();
  for (const auto& [offset, id] : table.by_age()) {
    const partition::Producer* producer = table.find(id);
    // -1: no transaction coordinator has ever written for it.
    lookup.answer.active_producers.push_back({.producer_id = id.value,
                                              .producer_epoch = producer->epoch(),
                                              .last_sequence = producer->last().last_sequence,
                                              .last_timestamp = producer->last().max_timestamp,
                                              .coordinator_epoch = -1});
  }
}

}  // namespace

void handle_describe_producers(const RequestContext& context, kafka::DescribeProducersRequest request,
                               Respond<kafka::DescribeProducersResponse> respond) {
  ShardBroker& shard = context.shard;
  kafka::DescribeProducersResponse response;
  std::vector<Lookup> lookups;
  // Each once, however often it is named: what is known of it is much larger than its name.
  std::set<std::pair<std::string, std::int32_t>> seen;
  for (const auto& topic : request.topics) {
    auto& to = response.topics.emplace_back();
    to.name = topic.name;
    for (const std::int32_t number : topic.partition_indexes) {
      if (!seen.emplace(topic.name, number).second) continue;
      Answer answer;
      answer.partition_index = number;
      const auto* info = shard.cluster().partition(topic.name, number);
      if (metadata::is_internal_topic(topic.name))
        answer.error_code = ErrorCode::kInvalidTopicException;
      else if (info == nullptr)
        answer.error_code = ErrorCode::kUnknownTopicOrPartition;
      else
        lookups.push_back({shard.shard_of(info->group), info->group, response.topics.size() - 1,
                           to.partitions.size(), answer});
      to.partitions.push_back(std::move(answer));
    }
  }
  gather<Lookup>(shard, std::move(lookups), &look_up,
                 [&shard, response = std::move(response),
                  respond = std::move(respond)](std::vector<Lookup> done) mutable {
                   for (Lookup& lookup : done)
                     response.topics[lookup.topic].partitions[lookup.partition] = std::move(lookup.answer);
                   for (const auto& topic : response.topics)
                     for (const auto& partition : topic.partitions) shard.count_error(partition.error_code);
                   respond(response);
                 });
}

}  // namespace kontiki::broker
