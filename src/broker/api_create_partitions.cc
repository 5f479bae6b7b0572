// CreatePartitions (API key 37): adds partitions to topics. Any broker takes it; answered when this broker
// knows the new partitions and their leaders.

#include "broker/admin_timeout.h"
#include "broker/cluster_view.h"
#include "broker/handlers.h"
#include "broker/leader_wait.h"
#include "broker/shard_broker.h"
#include "broker/topic_plan.h"
#include "kafka/messages/create_partitions.h"

#include <map>
#include <memory>
#include <set>
#include <utility>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;
using Grown = kafka::CreatePartitionsResponse::Topic;

struct GrowRun {
  ShardBroker& shard;
  Respond<kafka::CreatePartitionsResponse> respond;
  std::int64_t deadline_us;
  kafka::CreatePartitionsResponse response;
  std::vector<std::string> grown;
  std::size_t open = 1;  // commands under way, and one while they are being started
};
using Run = std::shared_ptr<GrowRun>;

void fail(Grown& grown, const AdminError& error) {
  grown.error_code = error.code;
  grown.error_message = error.message;
}

void answer(const Run& run) {
  for (const auto& grown : run->response.results) run->shard.count_error(grown.error_code);
  run->respond(run->response);
}

void one_done(const Run& run) {
  if (--run->open > 0) return;
  std::vector<GroupId> groups;
  for (const auto& name : run->grown)
    if (const auto* topic = run->shard.cluster().topic(name); topic != nullptr)
      for (const auto& partition : topic->partitions) groups.push_back(partition.group);
  const auto left_us = run->deadline_us - run->shard.clock().monotonic_us();
  when_led(run->shard, std::move(groups), left_us, [run] { answer(run); });
}

void grow(const Run& run, std::size_t place, metadata::CreatePartitions command, std::int64_t timeout_us) {
  ++run->open;
  run->shard.submit(std::move(command), timeout_us, [run, place](SubmitResult result) {
    auto& grown = run->response.results[place];
    if (const auto error = explain(result); error.code != ErrorCode::kNone)
      fail(grown, error);
    else
      run->grown.push_back(grown.name);
    one_done(run);
  });
}

}  // namespace

void handle_create_partitions(const RequestContext& context, kafka::CreatePartitionsRequest request,
                              Respond<kafka::CreatePartitionsResponse> respond) {
  ShardBroker& shard = context.shard;
  const auto timeout_us = admin_timeout_us(request.timeout_ms);
  const auto run = std::make_shared<GrowRun>(
      GrowRun{shard, std::move(respond), shard.clock().monotonic_us() + timeout_us, {}, {}, 1});
  const auto view = view_of(shard);
  TopicPlanner planner(view, shard.options(), shard.prng());
  std::map<std::string, int> named;
  for (const auto& wanted : request.topics) ++named[wanted.name];
  std::map<std::size_t, metadata::CreatePartitions> commands;  // by place in the answer
  std::set<std::string> answered;
  for (const auto& wanted : request.topics) {
    if (!answered.insert(wanted.name).second) continue;
    auto& grown = run->response.results.emplace_back();
    grown.name = wanted.name;
    if (named[wanted.name] > 1) {
      fail(grown, {ErrorCode::kInvalidRequest, "The topic stands in the request more than once."});
      continue;
    }
    auto plan = planner.grow(wanted);
    if (!plan)
      fail(grown, plan.error());
    else if (!request.validate_only)
      commands.emplace(run->response.results.size() - 1, std::move(*plan));
  }
  for (auto& [place, command] : commands) grow(run, place, std::move(command), timeout_us);
  one_done(run);
}

}  // namespace kontiki::broker
