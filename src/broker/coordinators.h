// Which coordinator a consumer group has, and how a handler asks it. The coordinators are the partitions of
// an internal topic (metadata::kGroupsTopic); a group's name says which is its own.
#pragma once

#include "broker/coordinator_host.h"
#include "broker/shard_broker.h"
#include "kafka/error.h"

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kontiki::broker {

kafka::ErrorCode code_of(group::Error error);
// Of one of the request's parts; a refusal of the whole may come without them.
kafka::ErrorCode code_of(const group::ListAnswer& answer, std::size_t part);

// The raft group that coordinates; none while there are no coordinators.
std::optional<GroupId> coordinator_of(const metadata::Cluster& cluster, std::string_view group);

// Creates the coordinators if there are none yet; `done` runs on the shard, at once or within a few seconds,
// whether that worked or not.
void ensure_coordinators(ShardBroker& shard, env::Task done);

// Brings a request to the coordinator of `group`, if it is on this broker, and the answer home.
template <class Request>
void ask_coordinator(ShardBroker& home, const std::string& group, Request request,
                     std::move_only_function<void(typename AnswerTo<Request>::type)> done) {
  using Answer = typename AnswerTo<Request>::type;
  Answer nobody;
  nobody.error = group::Error::kNotCoordinator;
  const auto id = coordinator_of(home.cluster(), group);
  if (!id) return done(std::move(nobody));
  home.to_shard(
      home.shard_of(*id), [from = home.number(), id = *id, request = std::move(request),
                           nobody = std::move(nobody), done = std::move(done)](ShardBroker& at) mutable {
        auto back = [&at, from, done = std::move(done)](Answer answer) mutable {
          at.to_shard(from, [answer = std::move(answer), done = std::move(done)](ShardBroker&) mutable {
            done(std::move(answer));
          });
        };
        CoordinatorHost* host = at.coordinator(id);
        if (host == nullptr) return back(std::move(nobody));
        host->ask(request, std::move(back));
      });
}

// Brings queries to coordinators, one after the other, and what they found home, in place. Item has a member
// `coordinator` (GroupId). `look` runs on the coordinator's shard: with the host and kNone once that is sure
// to say nothing stale, else with the reason why not, and perhaps no host.
template <class Item>
void query_coordinators(ShardBroker& home, std::vector<Item> items,
                        void (*look)(const CoordinatorHost*, group::Error, Item&),
                        std::move_only_function<void(std::vector<Item>)> done, std::size_t next = 0) {
  if (next == items.size()) return done(std::move(items));
  const GroupId id = items[next].coordinator;
  home.to_shard(home.shard_of(id), [&home, id, items = std::move(items), look, done = std::move(done),
                                    next](ShardBroker& at) mutable {
    CoordinatorHost* host = at.coordinator(id);
    auto looked = [&home, &at, host, items = std::move(items), look, done = std::move(done),
                   next](group::Error error) mutable {
      look(host, error, items[next]);
      at.to_shard(home.number(), [&home, items = std::move(items), look, done = std::move(done),
                                  next](ShardBroker&) mutable {
        query_coordinators(home, std::move(items), look, std::move(done), next + 1);
      });
    };
    if (host == nullptr) return looked(group::Error::kNotCoordinator);
    host->confirm(std::move(looked));
  });
}

}  // namespace kontiki::broker
