// when_led: waits until clients can be told who leads each of some partitions, so that what a client does
// next with a new topic works at the first try. Runs on the shard, for the sake of one request.
#pragma once

#include "env/executor.h"
#include "model/ids.h"

#include <cstdint>
#include <vector>

namespace kontiki::broker {

class ShardBroker;

// Longer is not worth waiting: a partition without a majority has no leader, and the client finds out.
inline constexpr std::int64_t kLeaderWaitUsMax = 3'000'000;

// `done` runs on the shard, at once or later: when every group has a leader, or after `timeout_us`.
void when_led(ShardBroker& shard, std::vector<GroupId> groups, std::int64_t timeout_us, env::Task done);

}  // namespace kontiki::broker
