// Lane: where requests that may take long to answer take turns, so that all of them together get a quarter of
// the shard's time and the rest is for those that produce and fetch. Nobody in it is served either while
// there is no room for answers. Owned by the shard's Connections, used on its shard.
//
// Bounded by its users: each connection waits in it once.
#pragma once

#include "broker/deadlines.h"
#include "env/clock.h"
#include "env/executor.h"

#include <cstdint>
#include <deque>
#include <functional>

namespace kontiki::broker {

class Lane {
 public:
  // All outlive the lane.
  Lane(env::Clock& clock, Deadlines& deadlines, std::function<bool()> has_room)
      : clock_(clock), deadlines_(deadlines), has_room_(std::move(has_room)) {}

  // True: nobody is before you, and there is time.
  bool is_free() const { return waiting_.empty() && may_work(); }
  // Runs the task later, behind all others that wait.
  void wait(env::Task task);
  // What was let through has taken this long.
  void worked(std::int64_t us);
  std::size_t size() const { return waiting_.size(); }

 private:
  static constexpr std::int64_t kTurnUs = 500;      // of work, and then others have their turn
  static constexpr std::int64_t kRestPerWork = 3;   // times as long
  static constexpr std::int64_t kRetryUs = 10'000;  // while there is no room

  bool may_work() const { return clock_.monotonic_us() >= rest_until_us_ && has_room_(); }
  void arm();
  void run();

  env::Clock& clock_;
  Deadlines& deadlines_;
  const std::function<bool()> has_room_;
  std::deque<env::Task> waiting_;
  std::int64_t worked_us_ = 0;  // since the last rest
  std::int64_t rest_until_us_ = 0;
  bool armed_ = false;
};

}  // namespace kontiki::broker
