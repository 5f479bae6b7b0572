// OffsetCommit (API key 8): a consumer says how far it has read. Answered when a majority of the
// coordinator's replicas has it on disk.

#include "broker/coordinators.h"
#include "broker/handlers.h"
#include "kafka/messages/offset_commit.h"

#include <utility>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;

struct Place {
  std::size_t topic = 0;
  std::size_t partition = 0;
};

struct CommitRun {
  ShardBroker& shard;
  Respond<kafka::OffsetCommitResponse> respond;
  kafka::OffsetCommitResponse response;
  std::vector<Place> places;  // in the response, by the coordinator's parts

  void finish() {
    for (const auto& topic : response.topics)
      for (const auto& partition : topic.partitions) shard.count_error(partition.error_code);
    respond(response);
  }
};

}  // namespace

void handle_offset_commit(const RequestContext& context, kafka::OffsetCommitRequest request,
                          Respond<kafka::OffsetCommitResponse> respond) {
  CommitRun run{context.shard, std::move(respond), {}, {}};
  group::CommitRequest commit{
      .caller = {std::move(request.group_id), request.generation_id_or_member_epoch,
                 std::move(request.member_id), std::move(request.group_instance_id)},
      .partitions = {},
      .retention_ms = request.retention_time_ms,
  };
  for (auto& topic : request.topics) {
    const metadata::Topic* known = context.shard.cluster().topic(topic.name);
    auto& shown = run.response.topics.emplace_back();
    shown.name = topic.name;
    for (auto& wanted : topic.partitions) {
      auto& partition = shown.partitions.emplace_back();
      partition.partition_index = wanted.partition_index;
      if (known == nullptr || wanted.partition_index < 0 ||
          static_cast<std::size_t>(wanted.partition_index) >= known->partitions.size()) {
        partition.error_code = ErrorCode::kUnknownTopicOrPartition;
        continue;
      }
      run.places.push_back({run.response.topics.size() - 1, shown.partitions.size() - 1});
      commit.partitions.push_back({.partition = {topic.name, wanted.partition_index},
                                   .offset = Offset(wanted.committed_offset),
                                   .leader_epoch = wanted.committed_leader_epoch,
                                   .metadata = std::move(wanted.committed_metadata).value_or(""),
                                   .topic_id = known->id});
    }
  }
  if (commit.partitions.empty()) return run.finish();
  const std::string group = commit.caller.group;
  ask_coordinator(context.shard, group, std::move(commit),
                  [run = std::move(run)](const group::ListAnswer& answer) mutable {
                    for (std::size_t i = 0; i < run.places.size(); ++i) {
                      const Place& place = run.places[i];
                      run.response.topics[place.topic].partitions[place.partition].error_code =
                          code_of(answer, i);
                    }
                    run.finish();
                  });
}

}  // namespace kontiki::broker
