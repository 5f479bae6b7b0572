// CreateTopics (API key 19). Any broker takes it: the command goes to the leader of the metadata group. The
// answer waits until this broker knows the new topics and their leaders, so that what the client does next
// works at the first try.

#include "broker/admin_timeout.h"
#include "broker/cluster_view.h"
#include "broker/config_entries.h"
#include "broker/handlers.h"
#include "broker/leader_wait.h"
#include "broker/shard_broker.h"
#include "broker/topic_plan.h"
#include "kafka/messages/create_topics.h"

#include <map>
#include <memory>
#include <set>
#include <utility>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;
using Wanted = kafka::CreateTopicsRequest::Topic;
using Made = kafka::CreateTopicsResponse::Topic;

struct CreateRun {
  ShardBroker& shard;
  Respond<kafka::CreateTopicsResponse> respond;
  std::int64_t deadline_us;
  kafka::CreateTopicsResponse response;
  std::size_t open = 1;  // creations under way, and one while they are being started
};
using Run = std::shared_ptr<CreateRun>;

void fail(Made& made, const AdminError& error) {
  made.error_code = error.code;
  made.error_message = error.message;
}

void succeed(Made& made, const metadata::CreateTopic& command) {
  made.error_code = ErrorCode::kNone;
  made.num_partitions = static_cast<std::int32_t>(command.partitions.size());
  made.replication_factor = static_cast<std::int16_t>(command.partitions.front().size());
  made.configs.emplace();
  for (auto& entry : topic_config_entries(command.configs, {})) {
    auto& config = made.configs->emplace_back();
    config.name = std::move(entry.name);
    config.value = std::move(entry.value);
    config.config_source = entry.config_source;
  }
}

void answer(const Run& run) {
  for (const auto& made : run->response.topics) run->shard.count_error(made.error_code);
  run->respond(run->response);
}

void wait_for_leaders(const Run& run) {
  std::vector<GroupId> groups;
  for (const auto& made : run->response.topics) {
    if (made.error_code != ErrorCode::kNone) continue;
    const auto* topic = run->shard.cluster().topic(made.topic_id);
    if (topic == nullptr) continue;  // deleted meanwhile
    for (const auto& partition : topic->partitions) groups.push_back(partition.group);
  }
  const auto left_us = run->deadline_us - run->shard.clock().monotonic_us();
  when_led(run->shard, std::move(groups), left_us, [run] { answer(run); });
}

void one_done(const Run& run) {
  if (--run->open == 0) wait_for_leaders(run);
}

void create(const Run& run, std::size_t place, metadata::CreateTopic command, std::int64_t timeout_us) {
  ++run->open;
  // Said of the command as it was planned: nothing in it changes when it is carried out.
  succeed(run->response.topics[place], command);
  run->shard.submit(std::move(command), timeout_us, [run, place](SubmitResult result) {
    auto& made = run->response.topics[place];
    if (const auto error = explain(result); error.code != ErrorCode::kNone) {
      Made not_made;
      not_made.name = std::move(made.name);
      fail(not_made, error);
      made = std::move(not_made);
    } else {
      made.topic_id = result->topic_id;
    }
    one_done(run);
  });
}

// Names that stand in the request more than once: none of them is created.
std::set<std::string> repeated(const std::vector<Wanted>& topics) {
  std::set<std::string> seen;
  std::set<std::string> twice;
  for (const auto& topic : topics)
    if (!seen.insert(topic.name).second) twice.insert(topic.name);
  return twice;
}

}  // namespace

void handle_create_topics(const RequestContext& context, kafka::CreateTopicsRequest request,
                          Respond<kafka::CreateTopicsResponse> respond) {
  ShardBroker& shard = context.shard;
  const auto timeout_us = admin_timeout_us(request.timeout_ms);
  const auto run = std::make_shared<CreateRun>(
      CreateRun{shard, std::move(respond), shard.clock().monotonic_us() + timeout_us, {}, 1});
  const auto view = view_of(shard);
  TopicPlanner planner(view, shard.options(), shard.prng());
  auto twice = repeated(request.topics);
  for (const auto& name : twice) {
    auto& made = run->response.topics.emplace_back();
    made.name = name;
    fail(made, {ErrorCode::kInvalidRequest, "The topic stands in the request more than once."});
  }
  std::map<std::size_t, metadata::CreateTopic> commands;  // by place in the answer
  for (const auto& wanted : request.topics) {
    if (twice.contains(wanted.name)) continue;
    auto& made = run->response.topics.emplace_back();
    made.name = wanted.name;
    auto plan = planner.create(wanted);
    if (!plan)
      fail(made, plan.error());
    else if (request.validate_only)
      succeed(made, *plan);
    else
      commands.emplace(run->response.topics.size() - 1, std::move(*plan));
  }
  for (auto& [place, command] : commands) create(run, place, std::move(command), timeout_us);
  one_done(run);
}

}  // namespace kontiki::broker
