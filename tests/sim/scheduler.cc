#include "sim/scheduler.h"

#include "base/check.h"

#include <algorithm>
#include <utility>

namespace kontiki::sim {

Scheduler::Scheduler(std::uint64_t seed, bool random_ties)
    : tie_seed_(Prng(seed ^ 0x7469657321ull).next()), random_ties_(random_ties), prng_(seed) {}

Scheduler::~Scheduler() {
  closing_ = true;  // what the dropped tasks own may try to schedule more on its way out
  clear();
}

std::uint64_t Scheduler::tie_of(std::int64_t time_us, StreamId stream) const {
  if (!random_ties_) return 0;
  return Prng(tie_seed_ ^ (static_cast<std::uint64_t>(time_us) << 16) ^ stream).next();
}

Scheduler::EventId Scheduler::at(std::int64_t time_us, env::Task task, StreamId stream) {
  if (closing_) return 0;
  time_us = std::max(time_us, now_us_);
  const EventId id = next_event_++;
  const Key key{time_us, tie_of(time_us, stream), id};
  keys_.emplace(id, key);
  queue_.emplace(key, Event{std::move(task), stream});
  return id;
}

Scheduler::EventId Scheduler::after(std::int64_t delay_us, env::Task task, StreamId stream) {
  return at(now_us_ + std::max<std::int64_t>(delay_us, 0), std::move(task), stream);
}

void Scheduler::cancel(EventId event) {
  if (const auto key = keys_.find(event); key != keys_.end()) {
    auto node = queue_.extract(key->second);
    keys_.erase(key);
    return;  // the task is destroyed here, when the queue is whole again
  }
  for (auto& [stream, held] : paused_) {
    const auto it = std::find_if(held.begin(), held.end(), [&](const Held& h) { return h.id == event; });
    if (it == held.end()) continue;
    const Event dropped = std::move(it->event);
    held.erase(it);
    return;
  }
}

void Scheduler::drop_stream(StreamId stream) {
  std::vector<Event> dropped;  // destroyed last: destructors may call back into this object
  for (auto it = queue_.begin(); it != queue_.end();) {
    if (it->second.stream != stream) {
      ++it;
      continue;
    }
    dropped.push_back(std::move(it->second));
    keys_.erase(it->first.id);
    it = queue_.erase(it);
  }
  if (const auto held = paused_.find(stream); held != paused_.end()) {
    for (Held& h : held->second) dropped.push_back(std::move(h.event));
    paused_.erase(held);
  }
}

void Scheduler::pause_stream(StreamId stream) {
  paused_.try_emplace(stream);
}

void Scheduler::resume_stream(StreamId stream) {
  const auto held = paused_.find(stream);
  if (held == paused_.end()) return;
  for (Held& h : held->second) {
    const Key key{now_us_, tie_of(now_us_, stream), h.id};  // the old id keeps their order, before newer ones
    keys_.emplace(h.id, key);
    queue_.emplace(key, std::move(h.event));
  }
  paused_.erase(held);
}

void Scheduler::clear() {
  // Destroying a task may add events; each round destroys what is there. Bounded, as nothing runs.
  while (!queue_.empty() || !paused_.empty()) {
    const auto queue = std::exchange(queue_, {});
    const auto paused = std::exchange(paused_, {});
    keys_.clear();
  }
}

void Scheduler::advance_to(std::int64_t time_us) {
  if (time_us > now_us_) {
    now_us_ = time_us;
    events_this_instant_ = 0;
  }
}

bool Scheduler::step_within(std::int64_t limit_us) {
  while (!queue_.empty() && queue_.begin()->first.time_us <= limit_us) {
    auto node = queue_.extract(queue_.begin());
    keys_.erase(node.key().id);
    advance_to(node.key().time_us);
    Event event = std::move(node.mapped());
    if (const auto held = paused_.find(event.stream); held != paused_.end()) {
      held->second.push_back(Held{node.key().id, std::move(event)});
      continue;
    }
    ++events_run_;
    CHECK(++events_this_instant_ <= kEventsPerInstantMax, "the simulated world makes no progress in time");
    note(static_cast<std::uint64_t>(now_us_) * 31 + event.stream);
    current_stream_ = event.stream;
    event.task();
    return true;
  }
  return false;
}

bool Scheduler::step() {
  return step_within(INT64_MAX);
}

bool Scheduler::step_until(std::int64_t limit_us) {
  if (step_within(limit_us)) return true;
  advance_to(limit_us);
  return false;
}

void Scheduler::run_for(std::int64_t duration_us) {
  const std::int64_t end = now_us_ + duration_us;
  while (step_within(end)) {
  }
  advance_to(end);
}

bool Scheduler::run_until(const std::function<bool()>& done, std::int64_t timeout_us) {
  const std::int64_t end = now_us_ + timeout_us;
  while (!done()) {
    if (step_within(end)) continue;
    advance_to(end);
    return done();
  }
  return true;
}

bool Scheduler::run_until_idle(std::int64_t timeout_us) {
  const std::int64_t end = now_us_ + timeout_us;
  while (step_within(end)) {
  }
  return queue_.empty();
}

}  // namespace kontiki::sim
