#include "cli/group_admin.h"

#include "cli/progress.h"
#include "cli/raw_call.h"
#include "cli/server_config.h"
#include "kafka/messages/consumer_protocol.h"
#include "kafka/messages/delete_groups.h"
#include "kafka/messages/describe_groups.h"
#include "kafka/messages/find_coordinator.h"
#include "kafka/messages/list_groups.h"
#include "kafka/messages/offset_commit.h"
#include "kafka/messages/offset_fetch.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <thread>
#include <tuple>

namespace kontiki::cli {
namespace {

using kafka::ErrorCode;
using SteadyClock = std::chrono::steady_clock;

// Versions that every broker of the last years serves, and that say all that is shown.
constexpr std::int16_t kFindCoordinator = 3;
constexpr std::int16_t kListGroups = 4;
constexpr std::int16_t kDescribeGroups = 5;
constexpr std::int16_t kOffsetFetch = 7;
constexpr std::int16_t kOffsetCommit = 8;
constexpr std::int16_t kDeleteGroups = 2;

constexpr std::chrono::seconds kPatience{15};  // longer than a new coordinator takes to be elected
constexpr std::chrono::milliseconds kPause{100};

bool passes(ErrorCode error) {
  return error == ErrorCode::kCoordinatorLoadInProgress || error == ErrorCode::kCoordinatorNotAvailable ||
         error == ErrorCode::kNotCoordinator;
}

std::string sentence_of(ErrorCode error) {
  switch (error) {
    case ErrorCode::kGroupIdNotFound:
      return "there is no such group; see `kontiki group list`";
    case ErrorCode::kNonEmptyGroup:
      return "it has members; stop its consumers first";
    case ErrorCode::kUnknownMemberId:
    case ErrorCode::kRebalanceInProgress:
    case ErrorCode::kIllegalGeneration:
      return "it is in use; stop its consumers first";
    case ErrorCode::kInvalidGroupId:
      return "that is no name for a group";
    default:
      return "the cluster answered";
  }
}

Failure refusal(const std::string& what, ErrorCode error) {
  const bool missing = error == ErrorCode::kGroupIdNotFound || error == ErrorCode::kUnknownTopicOrPartition;
  return {missing ? ExitCode::kNotFound : ExitCode::kRefused,
          fmt::format("cannot {}: {} ({})", what, sentence_of(error), kafka::to_string(error))};
}

// Asks until there is an answer with an error that does not pass by itself, or patience is over. `ask` gives
// the error, or none where nobody answered.
template <class Ask>
Outcome<void> insist(std::FILE* err, const std::string& what, Ask ask) {
  const auto deadline = SteadyClock::now() + kPatience;
  Progress progress(err, "waiting for the group's coordinator to");
  while (true) {
    const std::optional<ErrorCode> error = ask();
    if (error == ErrorCode::kNone) return {};
    if (error && !passes(*error)) return unexpected(refusal(what, *error));
    if (SteadyClock::now() >= deadline) {
      if (error) return unexpected(refusal(what, *error));
      return unexpected(Failure{ExitCode::kUnreachable,
                                fmt::format("cannot {}: no broker has answered within {} s; see `kontiki "
                                            "cluster`",
                                            what, kPatience.count())});
    }
    progress.say(what);
    std::this_thread::sleep_for(kPause);
  }
}

GroupInfo info_of(const kafka::DescribeGroupsResponse::Group& from, const BrokerInfo& coordinator) {
  GroupInfo info{from.group_id, from.group_state, from.protocol_type, from.protocol_data, coordinator, {}};
  for (const auto& member : from.members) {
    GroupMember& to = info.members.emplace_back();
    to.id = member.member_id;
    to.instance_id = member.group_instance_id;
    to.client_id = member.client_id;
    to.host = member.client_host.starts_with('/') ? member.client_host.substr(1) : member.client_host;
    // Other kinds of groups have assignments of their own.
    if (from.protocol_type != "consumer") continue;
    const auto assigned = kafka::decode_embedded<kafka::ConsumerProtocolAssignment>(member.member_assignment);
    if (!assigned) continue;
    for (const auto& topic : assigned->assigned_partitions) {
      auto& partitions = to.assigned[topic.topic];
      partitions.insert(partitions.end(), topic.partitions.begin(), topic.partitions.end());
      std::sort(partitions.begin(), partitions.end());
    }
  }
  return info;
}

std::optional<env::Address> address_of(const BrokerInfo& broker) {
  auto address = parse_address(broker.address);
  if (!address) return std::nullopt;
  return std::move(*address);
}

template <class Request>
std::optional<typename kafka::MessageOf<Request>::Response> call(const BrokerInfo& broker,
                                                                 const Request& request,
                                                                 std::int16_t version) {
  const auto address = address_of(broker);
  if (!address) return std::nullopt;
  return raw_call(*address, request, version, static_cast<int>(kReachTimeout.count() / 1000));
}

}  // namespace

Outcome<BrokerInfo> GroupAdmin::find_coordinator(const std::string& group) {
  kafka::FindCoordinatorRequest request;
  request.key = group;
  BrokerInfo found;
  auto done = insist(err_, fmt::format("find the coordinator of group '{}'", group),
                     [&]() -> std::optional<ErrorCode> {
                       const auto brokers = client_.brokers();
                       if (!brokers) return std::nullopt;
                       for (const BrokerInfo& broker : *brokers) {
                         const auto answer = call(broker, request, kFindCoordinator);
                         if (!answer) continue;
                         found = {answer->node_id, fmt::format("{}:{}", answer->host, answer->port)};
                         return answer->error_code;
                       }
                       return std::nullopt;
                     });
  if (!done) return unexpected(done.error());
  return found;
}

Outcome<std::vector<GroupInfo>> GroupAdmin::list() {
  std::vector<GroupInfo> all;
  auto done = insist(err_, "list the groups", [&]() -> std::optional<ErrorCode> {
    all.clear();
    const auto brokers = client_.brokers();
    if (!brokers) return std::nullopt;
    for (const BrokerInfo& broker : *brokers) {
      const auto answer = call(broker, kafka::ListGroupsRequest{}, kListGroups);
      if (!answer) return std::nullopt;
      if (answer->error_code != ErrorCode::kNone) return answer->error_code;
      std::vector<std::string> names;
      for (const auto& group : answer->groups) names.push_back(group.group_id);
      auto described = describe_at(broker, names);
      if (!described) return std::nullopt;
      for (GroupInfo& group : *described) all.push_back(std::move(group));
    }
    return ErrorCode::kNone;
  });
  if (!done) return unexpected(done.error());
  std::sort(all.begin(), all.end(), [](const GroupInfo& a, const GroupInfo& b) { return a.name < b.name; });
  return all;
}

Outcome<std::vector<GroupInfo>> GroupAdmin::describe_at(const BrokerInfo& broker,
                                                        const std::vector<std::string>& groups) {
  std::vector<GroupInfo> found;
  if (groups.empty()) return found;
  kafka::DescribeGroupsRequest request;
  request.groups = groups;
  const auto answer = call(broker, request, kDescribeGroups);
  if (!answer)
    return unexpected(Failure{ExitCode::kUnreachable, fmt::format("broker {} does not answer", broker.id)});
  // One that is gone meanwhile, or has another coordinator by now, is not this one's to tell of.
  for (const auto& group : answer->groups)
    if (group.error_code == ErrorCode::kNone) found.push_back(info_of(group, broker));
  return found;
}

Outcome<GroupInfo> GroupAdmin::describe(const std::string& group) {
  const std::string what = fmt::format("describe group '{}'", group);
  GroupInfo info;
  auto done = insist(err_, what, [&]() -> std::optional<ErrorCode> {
    const auto coordinator = find_coordinator(group);
    if (!coordinator) return std::nullopt;
    kafka::DescribeGroupsRequest request;
    request.groups = {group};
    const auto answer = call(*coordinator, request, kDescribeGroups);
    if (!answer || answer->groups.empty()) return std::nullopt;
    const auto& only = answer->groups.front();
    // How versions before 6 say that there is none.
    if (only.error_code == ErrorCode::kNone && only.group_state == "Dead") return ErrorCode::kGroupIdNotFound;
    info = info_of(only, *coordinator);
    return only.error_code;
  });
  if (!done) return unexpected(done.error());
  return info;
}

Outcome<std::vector<GroupOffset>> GroupAdmin::offsets(const std::string& group) {
  std::vector<GroupOffset> all;
  kafka::OffsetFetchRequest request;
  request.group_id = group;
  request.topics.reset();
  request.require_stable = true;
  auto done =
      insist(err_, fmt::format("read the offsets of group '{}'", group), [&]() -> std::optional<ErrorCode> {
        const auto coordinator = find_coordinator(group);
        if (!coordinator) return std::nullopt;
        const auto answer = call(*coordinator, request, kOffsetFetch);
        if (!answer) return std::nullopt;
        all.clear();
        for (const auto& topic : answer->topics)
          for (const auto& p : topic.partitions)
            all.push_back({topic.name, p.partition_index, p.committed_offset, p.metadata.value_or("")});
        return answer->error_code;
      });
  if (!done) return unexpected(done.error());
  std::sort(all.begin(), all.end(), [](const GroupOffset& a, const GroupOffset& b) {
    return std::tie(a.topic, a.partition) < std::tie(b.topic, b.partition);
  });
  return all;
}

Outcome<void> GroupAdmin::commit(const std::string& group, const std::vector<GroupOffset>& offsets) {
  kafka::OffsetCommitRequest request;
  request.group_id = group;
  for (const GroupOffset& offset : offsets) {
    if (request.topics.empty() || request.topics.back().name != offset.topic)
      request.topics.emplace_back().name = offset.topic;
    auto& partition = request.topics.back().partitions.emplace_back();
    partition.partition_index = offset.partition;
    partition.committed_offset = offset.offset;
    partition.committed_metadata = offset.metadata;
  }
  return insist(err_, fmt::format("set the offsets of group '{}'", group), [&]() -> std::optional<ErrorCode> {
    const auto coordinator = find_coordinator(group);
    if (!coordinator) return std::nullopt;
    const auto answer = call(*coordinator, request, kOffsetCommit);
    if (!answer) return std::nullopt;
    for (const auto& topic : answer->topics)
      for (const auto& partition : topic.partitions)
        if (partition.error_code != ErrorCode::kNone) return partition.error_code;
    return ErrorCode::kNone;
  });
}

Outcome<void> GroupAdmin::remove(const std::string& group) {
  kafka::DeleteGroupsRequest request;
  request.groups_names = {group};
  return insist(err_, fmt::format("delete group '{}'", group), [&]() -> std::optional<ErrorCode> {
    const auto coordinator = find_coordinator(group);
    if (!coordinator) return std::nullopt;
    const auto answer = call(*coordinator, request, kDeleteGroups);
    if (!answer || answer->results.empty()) return std::nullopt;
    return answer->results.front().error_code;
  });
}

}  // namespace kontiki::cli
