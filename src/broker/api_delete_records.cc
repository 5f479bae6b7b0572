// DeleteRecords (API key 21): moves the start of partitions' logs. Asked of their leaders.

#include "broker/admin_timeout.h"
#include "broker/handlers.h"
#include "broker/partition_host.h"
#include "broker/shard_broker.h"
#include "kafka/messages/delete_records.h"
#include "metadata/names.h"

#include <map>
#include <memory>
#include <utility>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;

struct DeleteRun {
  ShardBroker& shard;
  Respond<kafka::DeleteRecordsResponse> respond;
  std::int64_t deadline_us;
  kafka::DeleteRecordsResponse response;
  std::size_t open = 1;  // deletions under way, and one while they are being started
};
using Run = std::shared_ptr<DeleteRun>;

void one_done(const Run& run) {
  if (--run->open > 0) return;
  for (const auto& topic : run->response.topics)
    for (const auto& partition : topic.partitions) run->shard.count_error(partition.error_code);
  run->respond(run->response);
}

struct Wanted {
  GroupId group;
  Offset offset;
  std::size_t topic;      // place in the response
  std::size_t partition;  // likewise
};

void start(const Run& run, const Wanted& wanted) {
  ++run->open;
  // The answer comes home from the partition's shard; what is counted is touched here only.
  auto done = [run, wanted, home = run->shard.number()](ShardBroker& at, ErrorCode error, Offset start) {
    at.to_shard(home, [run, wanted, error, start](ShardBroker&) {
      auto& answer = run->response.topics[wanted.topic].partitions[wanted.partition];
      answer.error_code = error;
      answer.low_watermark = start.value;
      one_done(run);
    });
  };
  run->shard.to_shard(run->shard.shard_of(wanted.group), [wanted, deadline_us = run->deadline_us,
                                                          done = std::move(done)](ShardBroker& at) {
    PartitionHost* host = at.host(wanted.group);
    if (host == nullptr) return done(at, ErrorCode::kNotLeaderOrFollower, kNoOffset);
    host->delete_records(wanted.offset, deadline_us,
                         [&at, done](ErrorCode error, Offset start) { done(at, error, start); });
  });
}

}  // namespace

void handle_delete_records(const RequestContext& context, kafka::DeleteRecordsRequest request,
                           Respond<kafka::DeleteRecordsResponse> respond) {
  ShardBroker& shard = context.shard;
  const auto run = std::make_shared<DeleteRun>(DeleteRun{
      shard, std::move(respond), shard.clock().monotonic_us() + admin_timeout_us(request.timeout_ms), {}, 1});
  std::vector<Wanted> found;
  for (const auto& topic : request.topics) {
    auto& to = run->response.topics.emplace_back();
    to.name = topic.name;
    for (const auto& wanted : topic.partitions) {
      auto& answer = to.partitions.emplace_back();
      answer.partition_index = wanted.partition_index;
      answer.low_watermark = -1;
      answer.error_code = ErrorCode::kUnknownTopicOrPartition;
      const auto* info = shard.cluster().partition(topic.name, wanted.partition_index);
      if (metadata::is_internal_topic(topic.name))
        answer.error_code = ErrorCode::kInvalidTopicException;
      else if (info != nullptr)
        found.push_back(
            {info->group, Offset(wanted.offset), run->response.topics.size() - 1, to.partitions.size() - 1});
    }
  }
  for (const Wanted& wanted : found) start(run, wanted);
  one_done(run);
}

}  // namespace kontiki::broker
