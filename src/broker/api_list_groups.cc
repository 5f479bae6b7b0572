// ListGroups (API key 16): the consumer groups that this broker coordinates. Clients ask every broker.

#include "broker/broker.h"
#include "broker/coordinators.h"
#include "broker/gather.h"
#include "broker/handlers.h"
#include "kafka/messages/list_groups.h"

#include <algorithm>
#include <array>
#include <string>
#include <utility>

namespace kontiki::broker {
namespace {

// The only one so far; the name of the protocol with which the members speak among themselves is another.
constexpr std::string_view kClassic = "classic";

bool same_word(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    const auto lower = [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; };
    return lower(x) == lower(y);
  });
}

struct Query {
  GroupId coordinator;
  std::vector<group::State> states;  // empty: all
  group::Error error = group::Error::kNone;
  std::vector<group::GroupListing> groups;
};

void look(const CoordinatorHost* host, group::Error error, Query& query) {
  query.error = error;
  // It is another broker's now, which is asked as well.
  if (error == group::Error::kNotCoordinator) query.error = group::Error::kNone;
  if (error != group::Error::kNone) return;
  auto listed = host->coordinator().list(query.states);
  if (listed)
    query.groups = std::move(*listed);
  else
    query.error = listed.error();
}

// The coordinators on one shard.
struct OfShard {
  std::size_t shard = 0;
  std::vector<GroupId> coordinators;
};

std::vector<group::State> known_states(const std::vector<std::string>& names) {
  using group::State;
  std::vector<State> known;
  for (const State state :
       {State::kEmpty, State::kPreparingRebalance, State::kCompletingRebalance, State::kStable, State::kDead})
    for (const auto& name : names)
      if (same_word(name, group::to_string(state))) known.push_back(state);
  return known;
}

void answer(ShardBroker& shard, const std::vector<Query>& queries,
            Respond<kafka::ListGroupsResponse>& respond) {
  kafka::ListGroupsResponse response;
  for (const Query& query : queries) {
    if (query.error != group::Error::kNone) response.error_code = code_of(query.error);
    for (const auto& listing : query.groups) {
      auto& shown = response.groups.emplace_back();
      shown.group_id = listing.group;
      shown.protocol_type = listing.protocol_type;
      shown.group_state = group::to_string(listing.state);
      shown.group_type = kClassic;
    }
  }
  if (response.error_code != kafka::ErrorCode::kNone) response.groups.clear();
  shard.count_error(response.error_code);
  respond(response);
}

}  // namespace

void handle_list_groups(const RequestContext& context, kafka::ListGroupsRequest request,
                        Respond<kafka::ListGroupsResponse> respond) {
  ShardBroker& shard = context.shard;
  auto states = known_states(request.states_filter);
  const bool is_other_state = !request.states_filter.empty() && states.empty();
  const bool is_other_type = !request.types_filter.empty() &&
                             std::none_of(request.types_filter.begin(), request.types_filter.end(),
                                          [](const std::string& type) { return same_word(type, kClassic); });
  if (is_other_state || is_other_type) return respond(kafka::ListGroupsResponse{});
  std::vector<OfShard> shards(shard.broker().shard_count());
  for (std::size_t i = 0; i < shards.size(); ++i) shards[i].shard = i;
  const auto find = [](ShardBroker& at, OfShard& found) { found.coordinators = at.coordinators(); };
  gather<OfShard>(
      shard, std::move(shards), find,
      [&shard, states = std::move(states), respond = std::move(respond)](std::vector<OfShard> found) mutable {
        std::vector<Query> queries;
        for (const OfShard& of_shard : found)
          for (const GroupId id : of_shard.coordinators)
            queries.push_back({.coordinator = id, .states = states, .groups = {}});
        query_coordinators<Query>(shard, std::move(queries), &look,
                                  [&shard, respond = std::move(respond)](std::vector<Query> done) mutable {
                                    answer(shard, done, respond);
                                  });
      });
}

}  // namespace kontiki::broker
