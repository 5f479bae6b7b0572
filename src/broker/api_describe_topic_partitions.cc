// DescribeTopicPartitions (API key 75): topics in the order of their names, in pages. A page ends after so
// many partitions, with a cursor to the next.

#include "broker/admin_error.h"
#include "broker/cluster_view.h"
#include "broker/config_entries.h"
#include "broker/handlers.h"
#include "broker/shard_broker.h"
#include "kafka/messages/describe_topic_partitions.h"
#include "metadata/names.h"

#include <algorithm>
#include <set>
#include <utility>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;
using Response = kafka::DescribeTopicPartitionsResponse;

Response::Partition described(kafka::MetadataResponse::Partition shown) {
  return {.error_code = shown.error_code,
          .partition_index = shown.partition_index,
          .leader_id = shown.leader_id,
          .leader_epoch = shown.leader_epoch,
          .replica_nodes = std::move(shown.replica_nodes),
          .isr_nodes = std::move(shown.isr_nodes),
          .eligible_leader_replicas = std::vector<std::int32_t>(),  // a majority always decides
          .last_known_elr = std::vector<std::int32_t>(),
          .offline_replicas = std::move(shown.offline_replicas)};
}

Response::Topic not_there(const std::string& name) {
  Response::Topic topic;
  topic.error_code = metadata::is_valid_topic_name(name) ? ErrorCode::kUnknownTopicOrPartition
                                                         : ErrorCode::kInvalidTopicException;
  topic.name = name;
  return topic;
}

class Page {
 public:
  Page(const ClusterView& view, std::int32_t limit, Response& response)
      : view_(view), room_(limit), response_(response) {}

  // False once the page is full: the cursor stands at what did not fit.
  bool add(const metadata::Topic& topic, std::int32_t from) {
    const auto count = static_cast<std::int32_t>(topic.partitions.size());
    if (room_ == 0) return end_at(topic.name, 0);
    Response::Topic& shown = response_.topics.emplace_back();
    shown.name = topic.name;
    shown.topic_id = topic.id;
    shown.is_internal = metadata::is_internal_topic(topic.name);
    shown.topic_authorized_operations = kTopicOperations;
    for (; from < count; ++from) {
      if (room_ == 0) return end_at(topic.name, from);
      --room_;
      shown.partitions.push_back(
          described(view_.describe(from, topic.partitions[static_cast<std::size_t>(from)])));
    }
    return true;
  }

 private:
  bool end_at(const std::string& topic, std::int32_t partition) {
    response_.next_cursor = {topic, partition};
    return false;
  }

  const ClusterView& view_;
  std::int32_t room_;
  Response& response_;
};

}  // namespace

void handle_describe_topic_partitions(const RequestContext& context,
                                      kafka::DescribeTopicPartitionsRequest request,
                                      Respond<Response> respond) {
  ShardBroker& shard = context.shard;
  Response response;
  std::set<std::string> names;
  for (const auto& topic : request.topics) names.insert(topic.name);
  const auto view = view_of(shard);
  Page page(view, std::clamp(request.response_partition_limit, 1, kDescribedPartitionsMax), response);
  const std::string begin = request.cursor ? request.cursor->topic_name : std::string();
  const auto from = [&](const std::string& name) {
    return request.cursor && name == begin ? request.cursor->partition_index : 0;
  };

  if (request.cursor && request.cursor->partition_index < 0) {
    for (const auto& name : names) {
      auto& refused = response.topics.emplace_back();
      refused.error_code = ErrorCode::kInvalidRequest;
      refused.name = name;
    }
  } else if (names.empty()) {
    const auto& topics = shard.cluster().topics();
    for (auto at = topics.lower_bound(begin); at != topics.end(); ++at)
      if (!page.add(at->second, from(at->first))) break;
  } else {
    for (auto name = names.lower_bound(begin); name != names.end(); ++name) {
      const metadata::Topic* topic = shard.cluster().topic(*name);
      if (topic == nullptr)
        response.topics.push_back(not_there(*name));
      else if (!page.add(*topic, from(*name)))
        break;
    }
  }
  for (const auto& topic : response.topics) shard.count_error(topic.error_code);
  respond(response);
}

}  // namespace kontiki::broker
