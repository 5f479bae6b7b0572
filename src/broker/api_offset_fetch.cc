// OffsetFetch (API key 9): how far groups have committed. Never stale: the coordinator makes sure that it
// still is one.

#include "broker/coordinators.h"
#include "broker/handlers.h"
#include "kafka/messages/offset_fetch.h"

#include <set>
#include <string>
#include <utility>
#include <vector>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;
using AskedTopics = std::optional<std::vector<kafka::OffsetFetchRequest::Topic>>;
using Shown = kafka::OffsetFetchResponse::Group;

constexpr std::int16_t kErrorSince = 2;   // before, each partition has the group's error
constexpr std::int16_t kGroupsSince = 8;  // before, there is one

struct Query {
  GroupId coordinator;
  std::size_t place = 0;  // in the answer
  std::string group;
  AskedTopics topics;  // none: all
  Shown shown;
};

kafka::OffsetFetchResponse::Partition show(std::int32_t number, const group::Committed* committed) {
  kafka::OffsetFetchResponse::Partition shown;
  shown.partition_index = number;
  shown.committed_offset = -1;
  if (committed == nullptr) return shown;
  shown.committed_offset = committed->offset.value;
  shown.committed_leader_epoch = committed->leader_epoch;
  shown.metadata = committed->metadata;
  return shown;
}

void show_all(const group::Offsets& offsets, Shown& shown) {
  for (const auto& [partition, committed] : offsets) {
    if (shown.topics.empty() || shown.topics.back().name != partition.topic)
      shown.topics.emplace_back().name = partition.topic;
    shown.topics.back().partitions.push_back(show(partition.partition, &committed));
  }
}

void look(const CoordinatorHost* host, group::Error error, Query& query) {
  query.shown.group_id = query.group;
  if (error == group::Error::kNone) {
    static const group::Offsets kNone;
    const auto offsets = host->coordinator().offsets(query.group);
    if (offsets) {
      const group::Offsets& found = *offsets == nullptr ? kNone : **offsets;
      if (!query.topics) return show_all(found, query.shown);
      for (const auto& topic : *query.topics) {
        auto& to = query.shown.topics.emplace_back();
        to.name = topic.name;
        for (const std::int32_t number : topic.partition_indexes) {
          const auto at = found.find({topic.name, number});
          to.partitions.push_back(show(number, at == found.end() ? nullptr : &at->second));
        }
      }
      return;
    }
    error = offsets.error();
  }
  query.shown.error_code = code_of(error);
}

// For versions that have no place for the error of a group.
void refuse_each(const AskedTopics& topics, Shown& shown) {
  if (!topics) return;
  for (const auto& topic : *topics) {
    auto& to = shown.topics.emplace_back();
    to.name = topic.name;
    for (const std::int32_t number : topic.partition_indexes)
      to.partitions.emplace_back(show(number, nullptr)).error_code = shown.error_code;
  }
}

void answer(ShardBroker& shard, std::int16_t version, std::vector<Query> queries, std::vector<Shown> groups,
            Respond<kafka::OffsetFetchResponse>& respond) {
  for (Query& query : queries) {
    if (version < kErrorSince && query.shown.error_code != ErrorCode::kNone)
      refuse_each(query.topics, query.shown);
    groups[query.place] = std::move(query.shown);
  }
  for (const Shown& shown : groups) shard.count_error(shown.error_code);
  kafka::OffsetFetchResponse response;
  if (version >= kGroupsSince) {
    response.groups = std::move(groups);
  } else {
    response.topics = std::move(groups.front().topics);
    response.error_code = groups.front().error_code;
  }
  respond(response);
}

// Each group and partition once, however often it is named: what was committed is larger than its name.
void make_distinct(std::vector<kafka::OffsetFetchRequest::Group>& groups) {
  std::set<std::string> seen;
  std::erase_if(groups, [&](const auto& group) { return !seen.insert(group.group_id).second; });
  for (auto& group : groups) {
    if (!group.topics) continue;
    std::set<std::pair<std::string, std::int32_t>> partitions;
    for (auto& topic : *group.topics)
      std::erase_if(topic.partition_indexes,
                    [&](std::int32_t number) { return !partitions.emplace(topic.name, number).second; });
  }
}

}  // namespace

void handle_offset_fetch(const RequestContext& context, kafka::OffsetFetchRequest request,
                         Respond<kafka::OffsetFetchResponse> respond) {
  ShardBroker& shard = context.shard;
  const std::int16_t version = context.version();
  if (version < kGroupsSince) {
    auto& only = request.groups.emplace_back();
    only.group_id = std::move(request.group_id);
    only.topics = std::move(request.topics);
  }
  make_distinct(request.groups);
  std::vector<Query> queries;
  std::vector<Shown> groups(request.groups.size());
  for (std::size_t i = 0; i < groups.size(); ++i) {
    auto& asked = request.groups[i];
    const auto coordinator = coordinator_of(shard.cluster(), asked.group_id);
    if (coordinator) {
      queries.push_back({*coordinator, i, std::move(asked.group_id), std::move(asked.topics), {}});
      continue;
    }
    groups[i].group_id = std::move(asked.group_id);
    groups[i].error_code = ErrorCode::kNotCoordinator;
    if (version < kErrorSince) refuse_each(asked.topics, groups[i]);
  }
  query_coordinators<Query>(shard, std::move(queries), &look,
                            [&shard, version, groups = std::move(groups),
                             respond = std::move(respond)](std::vector<Query> done) mutable {
                              answer(shard, version, std::move(done), std::move(groups), respond);
                            });
}

}  // namespace kontiki::broker
