// ElectLeaders (API key 43): has partitions led by their preferred replicas, the first of each list. Any
// broker takes it and asks the leaders to hand over, as often as it takes until the new ones are known here.

#include "broker/admin_error.h"
#include "broker/admin_timeout.h"
#include "broker/broker.h"
#include "broker/cluster_view.h"
#include "broker/handlers.h"
#include "broker/peer_calls.h"
#include "broker/shard_broker.h"
#include "kafka/messages/elect_leaders.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <utility>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;
using Response = kafka::ElectLeadersResponse;

constexpr std::int8_t kPreferred = 0;
constexpr std::int8_t kUnclean = 1;
constexpr std::int64_t kLookEveryUs = 20'000;
constexpr std::int64_t kAskEveryUs = 500'000;  // a transfer may fail without a word
constexpr int kAskedAtOnceMax = 100;  // so that all partitions of a cluster do not move in one moment

struct Election {
  GroupId group;
  NodeId preferred;
  std::size_t topic;      // place in the response
  std::size_t partition;  // likewise
  std::int64_t ask_us = 0;
};

struct ElectRun {
  ShardBroker& shard;
  Respond<Response> respond;
  std::int64_t deadline_us;
  Response response;
  std::vector<Election> open;
};

void fail(Response::Partition& partition, const AdminError& error) {
  partition.error_code = error.code;
  partition.error_message = error.message;
}

// Why there is nothing to elect, or kNone.
AdminError judge(const ClusterView& view, const metadata::PartitionInfo& info, std::int8_t type) {
  const bool is_led = view.is_led(info.group);
  if (type == kUnclean) {
    if (is_led) return {ErrorCode::kElectionNotNeeded, "The partition has a leader."};
    return {
        ErrorCode::kEligibleLeadersNotAvailable,
        "A replica that may lack acknowledged records never becomes the leader; the partition is led again "
        "when a majority of its replicas runs."};
  }
  const NodeId preferred = info.target().front();
  const auto* known = view.leaders.find(info.group);
  if (is_led && known->leader == preferred)
    return {ErrorCode::kElectionNotNeeded, "The preferred replica leads already."};
  const bool in_sync =
      is_led && std::find(known->in_sync.begin(), known->in_sync.end(), preferred) != known->in_sync.end();
  if (!view.is_alive(preferred) || !in_sync)
    return {ErrorCode::kPreferredLeaderNotAvailable,
            fmt::format("The preferred replica on broker {} {}.", preferred.value,
                        !view.is_alive(preferred) ? "does not answer"
                        : is_led                  ? "does not keep up with the leader"
                                                  : "cannot be given the lead while nobody leads")};
  return {};
}

// One turn: what has come true or is late is done, the rest is asked for again when it is time.
void look(const std::shared_ptr<ElectRun>& run) {
  ShardBroker& shard = run->shard;
  const std::int64_t now = shard.clock().monotonic_us();
  int asked = 0;
  std::erase_if(run->open, [&](Election& election) {
    const auto leader = shard.leader_of(election.group).node;
    if (leader == election.preferred) return true;
    if (now >= run->deadline_us) {
      fail(run->response.replica_election_results[election.topic].partition_result[election.partition],
           {ErrorCode::kRequestTimedOut, "The lead was not handed over in time."});
      return true;
    }
    if (leader == kNoNode || now < election.ask_us || ++asked > kAskedAtOnceMax) return false;
    election.ask_us = now + kAskEveryUs;
    shard.to_shard(0, [leader, group = election.group, to = election.preferred](ShardBroker& at) {
      ask_to_hand_over(at.broker(), leader, group, to);
    });
    return false;
  });
  if (!run->open.empty()) {
    shard.deadlines().after(kLookEveryUs, [run] { look(run); });
    return;
  }
  for (const auto& topic : run->response.replica_election_results)
    for (const auto& partition : topic.partition_result) shard.count_error(partition.error_code);
  run->respond(run->response);
}

using Wanted = std::map<std::string, std::set<std::int32_t>>;

Wanted wanted_of(const ShardBroker& shard, const kafka::ElectLeadersRequest& request) {
  Wanted wanted;
  if (request.topic_partitions) {
    for (const auto& topic : *request.topic_partitions)
      wanted[topic.topic].insert(topic.partitions.begin(), topic.partitions.end());
  } else {
    for (const auto& [name, topic] : shard.cluster().topics())
      for (std::size_t i = 0; i < topic.partitions.size(); ++i)
        wanted[name].insert(static_cast<std::int32_t>(i));
  }
  return wanted;
}

}  // namespace

void handle_elect_leaders(const RequestContext& context, kafka::ElectLeadersRequest request,
                          Respond<Response> respond) {
  ShardBroker& shard = context.shard;
  const auto run =
      std::make_shared<ElectRun>(ElectRun{shard,
                                          std::move(respond),
                                          shard.clock().monotonic_us() + admin_timeout_us(request.timeout_ms),
                                          {},
                                          {}});
  if (request.election_type != kPreferred && request.election_type != kUnclean) {
    run->response.error_code = ErrorCode::kInvalidRequest;
    return look(run);
  }
  const auto view = view_of(shard);
  for (const auto& [name, partitions] : wanted_of(shard, request)) {
    auto& topic = run->response.replica_election_results;
    std::vector<Response::Partition> results;
    for (const std::int32_t number : partitions) {
      Response::Partition result{.partition_id = number, .error_code = ErrorCode::kNone, .error_message = {}};
      const auto* info = shard.cluster().partition(name, number);
      const AdminError error =
          info == nullptr ? AdminError{ErrorCode::kUnknownTopicOrPartition, "There is no such partition."}
                          : judge(view, *info, request.election_type);
      // Who asks for all is told of those only for which something is to be done.
      if (!request.topic_partitions && error.code == ErrorCode::kElectionNotNeeded) continue;
      if (error.code != ErrorCode::kNone)
        fail(result, error);
      else
        run->open.push_back({info->group, info->target().front(), topic.size(), results.size()});
      results.push_back(std::move(result));
    }
    if (!results.empty()) topic.push_back({name, std::move(results)});
  }
  look(run);
}

}  // namespace kontiki::broker
