// SimExecutor: the event loop of one simulated shard, a stream of the Scheduler. Several per node. It
// outlives what runs on it; kill() is the death of the process: every task and timer is destroyed without
// running, and what is posted afterwards is dropped until revive().
#pragma once

#include "env/executor.h"
#include "sim/scheduler.h"
#include "sim/sim_clock.h"

#include <utility>

namespace kontiki::sim {

class SimExecutor : public env::Executor {
 public:
  // With a clock, timers run by that clock's idea of time.
  explicit SimExecutor(Scheduler& scheduler, const SimClock* clock = nullptr)
      : scheduler_(scheduler), clock_(clock), stream_(scheduler.new_stream()) {}
  ~SimExecutor() override { kill(); }
  SimExecutor(const SimExecutor&) = delete;
  SimExecutor& operator=(const SimExecutor&) = delete;

  void post(env::Task task) override {
    if (alive_) scheduler_.after(0, std::move(task), stream_);
  }
  env::TimerId schedule(std::int64_t delay_us, env::Task task) override {
    if (!alive_) return env::TimerId::kNone;
    const std::int64_t delay = clock_ == nullptr ? delay_us : clock_->world_duration_us(delay_us);
    return static_cast<env::TimerId>(scheduler_.after(delay, std::move(task), stream_));
  }
  void cancel(env::TimerId timer) override { scheduler_.cancel(static_cast<Scheduler::EventId>(timer)); }

  void kill() {
    alive_ = false;
    scheduler_.drop_stream(stream_);
  }
  void revive() { alive_ = true; }
  bool alive() const { return alive_; }
  Scheduler::StreamId stream() const { return stream_; }
  // A stopped process (SIGSTOP, a stalled virtual machine): its tasks wait, the world goes on.
  void pause() { scheduler_.pause_stream(stream_); }
  void resume() { scheduler_.resume_stream(stream_); }

 private:
  Scheduler& scheduler_;
  const SimClock* clock_;
  const Scheduler::StreamId stream_;
  bool alive_ = true;
};

}  // namespace kontiki::sim
