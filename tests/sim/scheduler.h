// Scheduler: the virtual time of a simulation and its one queue of events, ordered by time and then by the
// order in which they were added. Owned by the test (or Simulation) and outlives everything else of the
// simulated world. Single-threaded; the same seed and the same calls give the same run, event for event.
#pragma once

#include "base/prng.h"
#include "env/executor.h"

#include <cstdint>
#include <functional>
#include <map>
#include <unordered_map>
#include <vector>

namespace kontiki::sim {

class Scheduler {
 public:
  // Events belong to a stream (one per simulated executor), so that they can be dropped or held back
  // together.
  using StreamId = std::uint32_t;
  using EventId = std::uint64_t;
  static constexpr StreamId kWorld =
      0;  // the disks, the network and the test itself; never dropped or paused
  // More events than this at one instant are a loop that makes no progress.
  static constexpr std::uint64_t kEventsPerInstantMax = 5'000'000;

  // With `random_ties`, streams that have events at one instant take turns in an order that the seed gives;
  // events of one stream always run in the order in which they were added.
  explicit Scheduler(std::uint64_t seed, bool random_ties = false);
  ~Scheduler();
  Scheduler(const Scheduler&) = delete;
  Scheduler& operator=(const Scheduler&) = delete;

  std::int64_t now_us() const { return now_us_; }
  Prng& prng() { return prng_; }

  EventId at(std::int64_t time_us, env::Task task, StreamId stream = kWorld);
  EventId after(std::int64_t delay_us, env::Task task, StreamId stream = kWorld);
  void cancel(EventId event);  // no-op for an event that ran or was dropped

  StreamId new_stream() { return next_stream_++; }
  void drop_stream(StreamId stream);  // destroys its events without running them
  void pause_stream(StreamId stream);
  void resume_stream(StreamId stream);  // its overdue events run now, in their order
  void clear();                         // drops every event of every stream

  bool step();                             // runs the next event; false if there is none
  bool step_until(std::int64_t limit_us);  // likewise, if it is due by then; else the time is `limit_us`
  // Of the event that runs, or ran last.
  StreamId current_stream() const { return current_stream_; }
  void run_for(std::int64_t duration_us);  // runs all events up to then and ends exactly then
  // Runs until `done()` is true (checked before each event); false if that did not happen within
  // `timeout_us`.
  bool run_until(const std::function<bool()>& done, std::int64_t timeout_us);
  // Runs until nothing is left to do; false if events remain after `timeout_us` (some timer repeats for
  // ever).
  bool run_until_idle(std::int64_t timeout_us = std::int64_t{3600} * 1'000'000);

  // A digest of the run so far: two runs are equal, event for event, if their traces are.
  std::uint64_t trace() const { return trace_; }
  void note(std::uint64_t fact) { trace_ = (trace_ ^ fact) * 0x100000001b3ull; }
  std::uint64_t events_run() const { return events_run_; }

 private:
  struct Key {
    std::int64_t time_us;
    std::uint64_t tie;
    EventId id;
    friend auto operator<=>(const Key&, const Key&) = default;
  };
  struct Event {
    env::Task task;
    StreamId stream;
  };
  struct Held {
    EventId id;
    Event event;
  };
  std::uint64_t tie_of(std::int64_t time_us, StreamId stream) const;
  // The next event that is not held back, due at or before `limit_us`; moves held ones aside.
  bool step_within(std::int64_t limit_us);
  void advance_to(std::int64_t time_us);

  const std::uint64_t tie_seed_;
  const bool random_ties_;
  Prng prng_;
  std::int64_t now_us_ = 0;
  EventId next_event_ = 1;
  StreamId next_stream_ = 1;
  std::map<Key, Event> queue_;
  std::unordered_map<EventId, Key> keys_;         // Invariant: the keys of queue_, by id
  std::map<StreamId, std::vector<Held>> paused_;  // by paused stream, its overdue events in order
  StreamId current_stream_ = kWorld;
  bool closing_ = false;
  std::uint64_t trace_ = 0xcbf29ce484222325ull;
  std::uint64_t events_run_ = 0;
  std::uint64_t events_this_instant_ = 0;
};

}  // namespace kontiki::sim
