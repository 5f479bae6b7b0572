// DeleteTopics (API key 20), by name or, from version 6 on, by id. Any broker takes it. Answered when this
// broker knows the topic no more; its replicas' files go in their own time, and the name is free at once.

#include "broker/admin_error.h"
#include "broker/admin_timeout.h"
#include "broker/handlers.h"
#include "broker/shard_broker.h"
#include "kafka/messages/delete_topics.h"
#include "metadata/names.h"

#include <map>
#include <memory>
#include <set>
#include <utility>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;
using Wanted = kafka::DeleteTopicsRequest::Topic;
using Deleted = kafka::DeleteTopicsResponse::Topic;

struct DeleteRun {
  ShardBroker& shard;
  Respond<kafka::DeleteTopicsResponse> respond;
  kafka::DeleteTopicsResponse response;
  std::size_t open = 1;  // deletions under way, and one while they are being started
};
using Run = std::shared_ptr<DeleteRun>;

void fail(Deleted& deleted, ErrorCode code, std::string message) {
  deleted.error_code = code;
  deleted.error_message = std::move(message);
}

void one_done(const Run& run) {
  if (--run->open > 0) return;
  for (const auto& deleted : run->response.responses) run->shard.count_error(deleted.error_code);
  run->respond(run->response);
}

std::vector<Wanted> wanted_of(kafka::DeleteTopicsRequest& request, std::int16_t version) {
  if (version >= 6) return std::move(request.topics);
  std::vector<Wanted> wanted;
  for (auto& name : request.topic_names) wanted.push_back({std::move(name), Uuid{}});
  return wanted;
}

// The topic that is meant, or nothing and why in `deleted`.
const metadata::Topic* resolve(const metadata::Cluster& cluster, const Wanted& wanted, Deleted& deleted) {
  deleted.name = wanted.name;
  deleted.topic_id = wanted.topic_id;
  const bool by_id = !wanted.topic_id.is_zero();
  if (by_id == wanted.name.has_value()) {
    fail(deleted, ErrorCode::kInvalidRequest, "A topic must be named by its name or by its id, not by both.");
    return nullptr;
  }
  const auto* topic = by_id ? cluster.topic(wanted.topic_id) : cluster.topic(*wanted.name);
  if (topic == nullptr) {
    fail(deleted, by_id ? ErrorCode::kUnknownTopicId : ErrorCode::kUnknownTopicOrPartition,
         explain(metadata::Error::kUnknownTopic).message);
    return nullptr;
  }
  deleted.name = topic->name;
  deleted.topic_id = topic->id;
  if (metadata::is_internal_topic(topic->name)) {
    auto error = internal_topic(topic->name);
    fail(deleted, error.code, std::move(error.message));
    return nullptr;
  }
  return topic;
}

void remove(const Run& run, std::size_t place, const TopicId& id, bool by_id, std::int64_t timeout_us) {
  ++run->open;
  run->shard.submit(metadata::DeleteTopic{id}, timeout_us, [run, place, by_id](SubmitResult result) {
    auto error = explain(result);
    if (by_id && error.code == ErrorCode::kUnknownTopicOrPartition) error.code = ErrorCode::kUnknownTopicId;
    if (error.code != ErrorCode::kNone)
      fail(run->response.responses[place], error.code, std::move(error.message));
    one_done(run);
  });
}

}  // namespace

void handle_delete_topics(const RequestContext& context, kafka::DeleteTopicsRequest request,
                          Respond<kafka::DeleteTopicsResponse> respond) {
  ShardBroker& shard = context.shard;
  const auto timeout_us = admin_timeout_us(request.timeout_ms);
  const auto run = std::make_shared<DeleteRun>(DeleteRun{shard, std::move(respond), {}, 1});
  struct Removal {
    TopicId id;
    bool by_id;
  };
  std::map<std::size_t, Removal> removals;  // by place in the answer
  std::set<TopicId> seen;
  for (const auto& wanted : wanted_of(request, context.version())) {
    auto& deleted = run->response.responses.emplace_back();
    const auto* topic = resolve(shard.cluster(), wanted, deleted);
    if (topic == nullptr) continue;
    if (!seen.insert(topic->id).second)
      fail(deleted, ErrorCode::kInvalidRequest, "The topic stands in the request more than once.");
    else
      removals.emplace(run->response.responses.size() - 1, Removal{topic->id, !wanted.topic_id.is_zero()});
  }
  for (const auto& [place, removal] : removals) remove(run, place, removal.id, removal.by_id, timeout_us);
  one_done(run);
}

}  // namespace kontiki::broker
