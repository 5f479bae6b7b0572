// Metadata (API key 3): the brokers, and topics with their partitions and leaders. A topic that a client only
// asks about may be created by that (auto.create.topics.enable); the answer then waits a moment for the topic
// and its leaders, and says LEADER_NOT_AVAILABLE, which clients retry, for what is not there yet.
//
// A broker that is cut off from the majority ends the connection instead, unless it knows the leaders of all
// that was asked for; of no topics at all it knows nothing. That nobody leads, which is all that it could
// say, keeps clients from those who know better: librdkafka asks the broker that it used last, which is this
// one, again and again. A connection that ends makes any client turn to another broker.

#include "broker/cluster_view.h"
#include "broker/handlers.h"
#include "broker/leader_wait.h"
#include "broker/shard_broker.h"
#include "broker/topic_plan.h"
#include "kafka/messages/metadata.h"
#include "metadata/names.h"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;
using Asked = kafka::MetadataRequest::Topic;
using Shown = kafka::MetadataResponse::Topic;

// A client waits with everything else that it sent on the connection.
constexpr std::int64_t kCreateWaitUs = 1'000'000;
constexpr std::int64_t kNewLeaderWaitUs = 1'000'000;
constexpr std::size_t kCreationsMax = 100;  // by one request

struct MetadataRun {
  ShardBroker& shard;
  std::int16_t version;
  kafka::MetadataRequest request;
  Respond<kafka::MetadataResponse> respond;
  std::map<std::string, ErrorCode> refused;  // names that cannot be created
  std::vector<std::string> created;
  std::size_t open = 1;  // creations under way, and one while they are being started
};
using Run = std::shared_ptr<MetadataRun>;

bool wants_all(const MetadataRun& run) {
  return !run.request.topics || (run.version == 0 && run.request.topics->empty());
}
bool is_by_id(const Asked& asked) {
  return !asked.topic_id.is_zero();
}

// Each topic once, however often it is named: an answer is never larger than that for all topics.
std::vector<Asked> distinct(const std::vector<Asked>& asked) {
  std::set<std::pair<Uuid, std::string>> seen;
  std::vector<Asked> once;
  for (const auto& topic : asked)
    if (seen.emplace(topic.topic_id, topic.name.value_or("")).second) once.push_back(topic);
  return once;
}

bool knows(const ClusterView& view, const Asked& asked) {
  const auto* topic =
      is_by_id(asked) ? view.cluster.topic(asked.topic_id) : view.cluster.topic(asked.name.value_or(""));
  return topic != nullptr && view.is_led(*topic);
}

// Whether others may know what this broker cannot say.
bool should_ask_others(const MetadataRun& run, const ClusterView& view) {
  if (!view.is_cut_off()) return false;
  const auto is_led = [&](const auto& topic) { return view.is_led(topic.second); };
  const auto is_known = [&](const Asked& asked) { return knows(view, asked); };
  const auto& topics = view.cluster.topics();
  if (wants_all(run)) return topics.empty() || !std::ranges::all_of(topics, is_led);
  const auto& asked = *run.request.topics;
  return asked.empty() || !std::ranges::all_of(asked, is_known);
}

Shown failed(const Asked& asked, ErrorCode error) {
  Shown shown;
  shown.error_code = error;
  shown.topic_id = asked.topic_id;
  shown.name = is_by_id(asked) ? std::nullopt : asked.name;
  return shown;
}

bool may_create(const MetadataRun& run) {
  return run.request.allow_auto_topic_creation && run.shard.options().auto_create_topics;
}

ErrorCode why_missing(const MetadataRun& run, const Asked& asked) {
  if (is_by_id(asked)) return ErrorCode::kUnknownTopicId;
  if (!asked.name) return ErrorCode::kInvalidRequest;
  if (!metadata::is_valid_topic_name(*asked.name)) return ErrorCode::kInvalidTopicException;
  if (!may_create(run)) return ErrorCode::kUnknownTopicOrPartition;
  const auto refused = run.refused.find(*asked.name);
  return refused == run.refused.end() ? ErrorCode::kLeaderNotAvailable : refused->second;
}

Shown show(const MetadataRun& run, const ClusterView& view, const Asked& asked) {
  const auto* topic =
      is_by_id(asked) ? view.cluster.topic(asked.topic_id) : view.cluster.topic(asked.name.value_or(""));
  if (topic == nullptr) return failed(asked, why_missing(run, asked));
  return view.describe(*topic);
}

kafka::MetadataResponse show_brokers(const ClusterView& view) {
  kafka::MetadataResponse response;
  for (const auto* node : view.brokers()) {
    auto& broker = response.brokers.emplace_back();
    broker.node_id = node->id.value;
    broker.host = node->host;
    broker.port = node->port;
    if (!node->rack.empty()) broker.rack = node->rack;
  }
  response.cluster_id = view.cluster_id();
  response.controller_id = view.controller().value;
  return response;
}

void answer(const Run& run) {
  const auto view = view_of(run->shard);
  if (should_ask_others(*run, view)) return run->respond.close({});
  auto response = show_brokers(view);
  if (wants_all(*run)) {
    for (const auto& [name, topic] : view.cluster.topics()) response.topics.push_back(view.describe(topic));
  } else {
    for (const auto& asked : *run->request.topics) response.topics.push_back(show(*run, view, asked));
  }
  for (auto& topic : response.topics) {
    run->shard.count_error(topic.error_code);
    if (run->request.include_topic_authorized_operations && topic.error_code == ErrorCode::kNone)
      topic.topic_authorized_operations = kTopicOperations;
  }
  if (run->request.include_cluster_authorized_operations)
    response.cluster_authorized_operations = kClusterOperations;
  run->respond(response);
}

void wait_for_leaders(const Run& run) {
  std::vector<GroupId> groups;
  for (const auto& name : run->created)
    if (const auto* topic = run->shard.cluster().topic(name); topic != nullptr)
      for (const auto& partition : topic->partitions) groups.push_back(partition.group);
  when_led(run->shard, std::move(groups), kNewLeaderWaitUs, [run] { answer(run); });
}

void create_one_done(const Run& run) {
  if (--run->open == 0) wait_for_leaders(run);
}

// Whatever may go away by itself (too few brokers so far, no leader of the metadata) is answered with an
// error that clients retry; the name being impossible is final.
void refuse(const Run& run, const std::string& name, ErrorCode error) {
  if (error == ErrorCode::kTopicAlreadyExists) return;
  const bool is_final = error == ErrorCode::kInvalidTopicException;
  if (error != ErrorCode::kNone) run->refused[name] = is_final ? error : ErrorCode::kLeaderNotAvailable;
}

void create(const Run& run, const std::string& name, metadata::CreateTopic command) {
  ++run->open;
  run->created.push_back(name);
  run->shard.submit(std::move(command), kCreateWaitUs, [run, name](SubmitResult result) {
    refuse(run, name, explain(result).code);
    create_one_done(run);
  });
}

// What is left over is created when the client asks again.
void create_missing(const Run& run) {
  ShardBroker& shard = run->shard;
  const auto view = view_of(shard);
  TopicPlanner planner(view, shard.options(), shard.prng());
  std::map<std::string, metadata::CreateTopic> commands;
  for (const auto& asked : *run->request.topics) {
    if (commands.size() >= kCreationsMax) break;
    if (is_by_id(asked) || !asked.name || shard.cluster().topic(*asked.name) != nullptr) continue;
    auto plan = planner.create_default(*asked.name);
    if (plan)
      commands.emplace(*asked.name, std::move(*plan));
    else
      refuse(run, *asked.name, plan.error().code);
  }
  for (auto& [name, command] : commands) create(run, name, std::move(command));
  create_one_done(run);
}

}  // namespace

void handle_metadata(const RequestContext& context, kafka::MetadataRequest request,
                     Respond<kafka::MetadataResponse> respond) {
  if (request.topics) request.topics = distinct(*request.topics);
  const auto run = std::make_shared<MetadataRun>(
      MetadataRun{context.shard, context.version(), std::move(request), std::move(respond), {}, {}, 1});
  const bool is_waste = should_ask_others(*run, view_of(run->shard));  // to create anything
  if (wants_all(*run) || !may_create(*run) || is_waste) return answer(run);
  create_missing(run);
}

}  // namespace kontiki::broker
