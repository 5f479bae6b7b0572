// DescribeLogDirs (API key 35): this broker's one folder of data: the size of each replica in it, and the
// room on its volume.

#include "base/log.h"
#include "broker/broker.h"
#include "broker/gather.h"
#include "broker/handlers.h"
#include "broker/replica_host.h"
#include "kafka/messages/describe_log_dirs.h"

#include <map>
#include <optional>
#include <set>

namespace kontiki::broker {
namespace {

struct Lookup {
  std::size_t shard = 0;
  GroupId group;
  std::string topic;
  std::int32_t partition = 0;
  std::optional<std::uint64_t> bytes;  // none: there is no replica here
};

void look_up(ShardBroker& shard, Lookup& lookup) {
  ReplicaHost* host = shard.replica(lookup.group);
  if (host != nullptr && host->group() != nullptr) lookup.bytes = host->group()->size_bytes();
}

using Wanted = std::map<std::string, std::optional<std::set<std::int32_t>>>;  // none: all partitions

std::vector<Lookup> lookups_of(const ShardBroker& shard, const kafka::DescribeLogDirsRequest& request) {
  Wanted wanted;
  if (request.topics) {
    for (const auto& topic : *request.topics) {
      auto& partitions = wanted[topic.topic];
      if (!partitions) partitions.emplace();
      partitions->insert(topic.partitions.begin(), topic.partitions.end());
    }
  } else {
    for (const auto& [name, topic] : shard.cluster().topics()) wanted[name] = std::nullopt;
  }
  std::vector<Lookup> lookups;
  for (const auto& [name, partitions] : wanted) {
    const auto* topic = shard.cluster().topic(name);
    if (topic == nullptr) continue;
    std::int32_t number = -1;
    for (const auto& info : topic->partitions) {
      ++number;
      if (partitions && !partitions->contains(number)) continue;
      lookups.push_back({shard.shard_of(info.group), info.group, name, number, std::nullopt});
    }
  }
  return lookups;
}

kafka::DescribeLogDirsResponse::Result folder_of(ShardBroker& shard, const std::vector<Lookup>& found) {
  kafka::DescribeLogDirsResponse::Result folder;
  folder.log_dir = shard.options().data_dir;
  for (const Lookup& replica : found) {
    if (!replica.bytes) continue;
    if (folder.topics.empty() || folder.topics.back().name != replica.topic)
      folder.topics.push_back({replica.topic, {}});
    folder.topics.back().partitions.push_back(
        {.partition_index = replica.partition, .partition_size = static_cast<std::int64_t>(*replica.bytes)});
  }
  if (const auto space = shard.broker().disk().space(folder.log_dir)) {
    folder.total_bytes = static_cast<std::int64_t>(space->total_bytes);
    folder.usable_bytes = static_cast<std::int64_t>(space->usable_bytes);
  } else {
    log(LogLevel::kWarning, "Cannot ask how much room is left at {}: {}.", folder.log_dir,
        env::to_string(space.error()));
  }
  return folder;
}

}  // namespace

void handle_describe_log_dirs(const RequestContext& context, kafka::DescribeLogDirsRequest request,
                              Respond<kafka::DescribeLogDirsResponse> respond) {
  ShardBroker& shard = context.shard;
  gather<Lookup>(shard, lookups_of(shard, request), &look_up,
                 [&shard, respond = std::move(respond)](const std::vector<Lookup>& found) mutable {
                   kafka::DescribeLogDirsResponse response;
                   response.results.push_back(folder_of(shard, found));
                   respond(response);
                 });
}

}  // namespace kontiki::broker
