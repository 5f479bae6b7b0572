// OffsetDelete (API key 47): forgets what a group has committed for partitions that none of its members
// reads.

#include "broker/coordinators.h"
#include "broker/handlers.h"
#include "kafka/messages/offset_delete.h"

#include <utility>

namespace kontiki::broker {

void handle_offset_delete(const RequestContext& context, kafka::OffsetDeleteRequest request,
                          Respond<kafka::OffsetDeleteResponse> respond) {
  ShardBroker& shard = context.shard;
  group::DeleteOffsetsRequest forget{.group = request.group_id, .partitions = {}};
  for (const auto& topic : request.topics)
    for (const auto& partition : topic.partitions)
      forget.partitions.push_back({topic.name, partition.partition_index});
  ask_coordinator(shard, request.group_id, std::move(forget),
                  [&shard, topics = std::move(request.topics),
                   respond = std::move(respond)](const group::ListAnswer& answer) mutable {
                    kafka::OffsetDeleteResponse response;
                    response.error_code = code_of(answer.error);
                    shard.count_error(response.error_code);
                    if (answer.error != group::Error::kNone) return respond(response);
                    std::size_t part = 0;
                    for (auto& topic : topics) {
                      auto& shown = response.topics.emplace_back();
                      shown.name = std::move(topic.name);
                      for (const auto& partition : topic.partitions) {
                        const auto error = code_of(answer, part++);
                        shard.count_error(error);
                        shown.partitions.push_back({partition.partition_index, error});
                      }
                    }
                    respond(response);
                  });
}

}  // namespace kontiki::broker
