// Coordinator: the lead, the commands on their way, and time.
#include "group/coordinator.h"

#include "base/check.h"

#include <algorithm>

namespace kontiki::group {
namespace {

// The same answer as a refusal.
template <typename T>
T refused(const T&, Error error) {
  T body;
  body.error = error;
  return body;
}
ListAnswer refused(const ListAnswer& answer, Error error) {
  return {.error = error, .parts = std::vector<Error>(answer.parts.size(), error)};
}

}  // namespace

// ---- the lead
// -------------------------------------------------------------------------------------------------------

void Coordinator::become_leader(Term term, std::int64_t now_ms) {
  if (term <= newest_term_) return;  // given up before: commands of that time may still be on their way
  step_down();
  leader_term_ = newest_term_ = term;
  if (groups_.started_term() == term) start_serving(now_ms);
}

void Coordinator::start_serving(std::int64_t now_ms) {
  serving_ = true;
  next_expiry_ms_ = now_ms + config_.retention_check_interval_ms;
  for (const auto& [name, group] : groups_.all()) {
    if (group.members.empty()) continue;
    LiveGroup& live = live_.emplace(name, LiveGroup::of(group)).first->second;
    // Nobody is blamed for the time in which there was no coordinator.
    const bool is_assigned = group.state == State::kStable;
    for (auto& [id, member] : live.members) {
      member.touch(now_ms);
      member.owes_sync = !is_assigned;
    }
    if (!is_assigned) live.sync_deadline_ms = now_ms + live.rebalance_timeout_ms();
    settle(name);
  }
}

void Coordinator::step_down() {
  constexpr Error kError = Error::kNotCoordinator;
  for (InFlight& command : in_flight_)
    for (Answer& answer : command.answers) {
      std::visit([&](auto& body) { body = refused(body, kError); }, answer.body);
      answers_.push_back(std::move(answer));
    }
  in_flight_.clear();
  newest_.clear();
  proposals_.clear();
  for (auto& [name, group] : live_)
    for (auto& [id, live] : group.members) answer_waiting(name, live, kError);
  live_.clear();
  timers_.clear();
  next_expiry_ms_ = kNever;
  leader_term_.reset();
  serving_ = false;
}

void Coordinator::applied(const Entry& entry, std::int64_t now_ms) {
  if (!leader_term_ || entry.header.term < *leader_term_) return;
  if (entry.header.term > *leader_term_) return step_down();
  if (entry.header.kind == EntryKind::kTermStart && !serving_) start_serving(now_ms);
  if (entry.header.kind != EntryKind::kCommand || !serving_) return;
  CHECK(!in_flight_.empty() && in_flight_.front().payload == entry.payload,
        "a leader's commands are applied in the order in which it proposed them");
  InFlight command = std::move(in_flight_.front());
  in_flight_.pop_front();
  const std::uint64_t number = first_in_flight_++;
  for (Answer& answer : command.answers) answers_.push_back(std::move(answer));
  if (!command.group) return;
  const std::string& name = *command.group;
  const auto newest = newest_.find(name);
  const bool was_newest = newest->second == number;
  if (was_newest) newest_.erase(newest);
  const auto live = live_.find(name);
  if (live == live_.end()) return;
  live->second.uncommitted_offsets -= command.offsets;
  if (live->second.state == State::kDead && was_newest)
    forget(live);
  else if (live->second.members.empty())
    settle(name);
}

// ---- groups and commands
// --------------------------------------------------------------------------------------------

Error Coordinator::check_serving() const {
  if (serving_) return Error::kNone;
  return leader_term_ ? Error::kCoordinatorLoadInProgress : Error::kNotCoordinator;
}

Error Coordinator::check_capacity() const {
  if (const Error error = check_serving(); error != Error::kNone) return error;
  return in_flight_.size() < limits::kGroupCommandsMax ? Error::kNone : Error::kCoordinatorNotAvailable;
}

LiveGroup* Coordinator::find(const std::string& group) {
  const auto it = live_.find(group);
  if (it != live_.end()) return &it->second;
  const Group* replicated = groups_.find(group);
  return replicated == nullptr ? nullptr : &live_.emplace(group, LiveGroup::of(*replicated)).first->second;
}

LiveGroup* Coordinator::find_or_create(const std::string& group) {
  if (LiveGroup* found = find(group)) return found;
  // Live ones may be replicated too, so this is early by at most those.
  if (live_.size() + groups_.all().size() >= limits::kGroupsMax) return nullptr;
  return &live_[group];
}

void Coordinator::answer(const std::string& group, RequestToken token, Body body) {
  const auto newest = newest_.find(group);
  auto& queue = newest == newest_.end() ? answers_ : in_flight_[newest->second - first_in_flight_].answers;
  queue.push_back({token, std::move(body)});
}

void Coordinator::propose(const std::optional<std::string>& group, const Command& command,
                          std::vector<Answer> answers) {
  InFlight& added = in_flight_.emplace_back();
  added.group = group;
  added.payload = encode(command);
  added.answers = std::move(answers);
  if (const auto* commit = std::get_if<CommitOffsets>(&command)) added.offsets = commit->offsets.size();
  proposals_.push_back(added.payload);
  if (group) newest_[*group] = first_in_flight_ + in_flight_.size() - 1;
}

void Coordinator::forget(Live::iterator it) {
  timers_.erase({it->second.wake_ms, it->first});
  live_.erase(it);
}

void Coordinator::settle(const std::string& name) {
  const auto it = live_.find(name);
  if (it == live_.end()) return;
  LiveGroup& group = it->second;
  if (group.state == State::kEmpty && group.promised.empty() && !newest_.contains(name)) return forget(it);
  const std::int64_t first_ms = group.deadline_ms();
  if (first_ms == group.wake_ms) return;
  timers_.erase({group.wake_ms, name});
  group.wake_ms = first_ms;
  if (first_ms != kNever) timers_.emplace(first_ms, name);
}

// ---- time
// ----------------------------------------------------------------------------------------------------------

std::int64_t Coordinator::next_deadline_ms() const {
  return timers_.empty() ? next_expiry_ms_ : std::min(next_expiry_ms_, timers_.begin()->first);
}

void Coordinator::tick(std::int64_t now_ms) {
  if (!serving_) return;
  while (!timers_.empty() && timers_.begin()->first <= now_ms) {
    const std::string name = timers_.begin()->second;
    timers_.erase(timers_.begin());
    LiveGroup& group = live_.at(name);
    wake(name, group, now_ms);
    group.wake_ms = kNever;
    settle(name);
  }
  if (next_expiry_ms_ <= now_ms) expire_offsets(now_ms);
}

void Coordinator::wake(const std::string& name, LiveGroup& group, std::int64_t now_ms) {
  std::erase_if(group.promised, [&](const auto& promise) { return promise.second <= now_ms; });
  const bool owing_are_late = group.sync_deadline_ms <= now_ms;
  if (owing_are_late) group.sync_deadline_ms = kNever;
  std::vector<std::string> lost;
  for (const auto& [id, live] : group.members)
    if (live.deadline_ms() <= now_ms || (owing_are_late && live.owes_sync)) lost.push_back(id);
  for (const std::string& id : lost) remove_member(name, group, id, Error::kUnknownMemberId);
  if (!lost.empty()) members_removed(name, group, now_ms);
  if (group.state != State::kPreparingRebalance) return;
  if (group.join_deadline_ms <= now_ms)
    join_deadline_passed(name, group, now_ms);
  else
    maybe_complete_join(name, group, now_ms);  // a promise may have been what it waited for
}

void Coordinator::expire_offsets(std::int64_t now_ms) {
  next_expiry_ms_ = now_ms + config_.retention_check_interval_ms;
  std::size_t left = limits::kGroupExpiriesAtOnce;
  for (const auto& [name, group] : groups_.all()) {
    const auto live = live_.find(name);
    const bool is_quiet = live == live_.end() || live->second.state == group.state;
    if (!is_quiet || newest_.contains(name)) continue;
    if (!groups_.has_expired(group, now_ms, config_.offsets_retention_ms)) continue;
    propose(name, Expire{name, now_ms, config_.offsets_retention_ms});
    if (--left == 0) break;
  }
}

}  // namespace kontiki::group
