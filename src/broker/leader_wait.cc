#include "broker/leader_wait.h"

#include "broker/cluster_view.h"
#include "broker/shard_broker.h"

#include <algorithm>
#include <memory>
#include <utility>

namespace kontiki::broker {
namespace {

constexpr std::int64_t kLookEveryUs = 5'000;

struct LeaderWait {
  ShardBroker& shard;
  std::vector<GroupId> missing;  // looked at from the end
  std::int64_t deadline_us;
  env::Task done;
};

void look(std::shared_ptr<LeaderWait> wait) {
  const auto view = view_of(wait->shard);
  while (!wait->missing.empty() && view.is_led(wait->missing.back())) wait->missing.pop_back();
  if (wait->missing.empty() || wait->shard.clock().monotonic_us() >= wait->deadline_us) return wait->done();
  auto& deadlines = wait->shard.deadlines();
  deadlines.after(kLookEveryUs, [wait = std::move(wait)]() mutable { look(std::move(wait)); });
}

}  // namespace

void when_led(ShardBroker& shard, std::vector<GroupId> groups, std::int64_t timeout_us, env::Task done) {
  const auto patience_us = std::min(timeout_us, kLeaderWaitUsMax);
  look(std::make_shared<LeaderWait>(
      LeaderWait{shard, std::move(groups), shard.clock().monotonic_us() + patience_us, std::move(done)}));
}

}  // namespace kontiki::broker
