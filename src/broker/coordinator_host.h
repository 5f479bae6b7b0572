// CoordinatorHost: the coordinator of some consumer groups on this broker: one raft group, with the groups as
// its state machine (group::Groups) and, while this broker leads it, the part that speaks with members
// (group::Coordinator). Carries the coordinator's decisions to the log and its answers to whoever asked.
// ADR 9.
#pragma once

#include "base/prng.h"
#include "broker/deadlines.h"
#include "broker/replica_host.h"
#include "group/coordinator.h"
#include "group/groups.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <unordered_map>
#include <utility>
#include <variant>

namespace kontiki::broker {

struct DeleteGroupAsk {
  std::string group;
};

// What a request of a member or an administrator is answered with.
template <class Request>
struct AnswerTo;
template <>
struct AnswerTo<group::JoinRequest> : std::type_identity<group::JoinAnswer> {};
template <>
struct AnswerTo<group::SyncRequest> : std::type_identity<group::SyncAnswer> {};
template <>
struct AnswerTo<group::Caller> : std::type_identity<group::ErrorAnswer> {};  // Heartbeat
template <>
struct AnswerTo<group::LeaveRequest> : std::type_identity<group::ListAnswer> {};
template <>
struct AnswerTo<group::CommitRequest> : std::type_identity<group::ListAnswer> {};
template <>
struct AnswerTo<group::DeleteOffsetsRequest> : std::type_identity<group::ListAnswer> {};
template <>
struct AnswerTo<DeleteGroupAsk> : std::type_identity<group::ErrorAnswer> {};

class CoordinatorHost final : public ReplicaHost {
 public:
  CoordinatorHost(ShardBroker& shard, GroupId id, TopicPartition name, const group::Config& config,
                  Prng prng);
  ~CoordinatorHost() override;

  // Answered once, perhaps before this returns, also when the lead is lost.
  template <class Request>
  void ask(const Request& request, std::move_only_function<void(typename AnswerTo<Request>::type)> done) {
    carry_out(open([done = std::move(done)](Body body) mutable {
                done(std::get<typename AnswerTo<Request>::type>(std::move(body)));
              }),
              request);
    pump();
  }

  // For queries: kNone once a majority has confirmed that this broker leads and all that was committed before
  // is applied. Then, and only in `done`, coordinator() says nothing stale.
  void confirm(std::move_only_function<void(group::Error)> done);
  const group::Coordinator& coordinator() const { return coordinator_; }
  const group::Groups& groups() const { return groups_; }

  void topic_deleted(const std::string& topic, const TopicId& id);

  // ReplicaHost
  void set_settings(const metadata::TopicSettings&) override;
  void gone(kafka::ErrorCode why) override;
  void upkeep(std::int64_t) override {}

  // multiraft::StateMachine
  void apply(std::span<const Entry> entries) override;
  void role_changed(const raft::RoleChange& change) override;
  Slice snapshot() const override { return groups_.snapshot(); }
  bool restore(const Slice& snapshot) override;
  void log_start_moved(const LogStart&) override {}

 private:
  using Body = decltype(group::Answer::body);
  using Done = std::move_only_function<void(Body)>;

  group::RequestToken open(Done done);
  void carry_out(group::RequestToken token, const group::JoinRequest& request);
  void carry_out(group::RequestToken token, const group::SyncRequest& request);
  void carry_out(group::RequestToken token, const group::Caller& request);
  void carry_out(group::RequestToken token, const group::LeaveRequest& request);
  void carry_out(group::RequestToken token, const group::CommitRequest& request);
  void carry_out(group::RequestToken token, const group::DeleteOffsetsRequest& request);
  void carry_out(group::RequestToken token, const DeleteGroupAsk& request);

  // The coordinator's clock: the wall's when it took the lead, and steady from then on.
  std::int64_t now_ms() const;
  // After any call of the coordinator; pump() may propose, so it is not called while entries are applied.
  void pump();
  void pump_later();
  void propose();
  void propose_again();
  void answer();
  void arm();
  // Offsets of topics that were deleted while nobody led.
  void forget_deleted_topics();
  void forget_deleted_topics_later();
  std::vector<std::pair<std::string, TopicId>> deleted_topics() const;

  group::Groups groups_;
  group::Coordinator coordinator_;
  std::optional<Term> led_term_;  // that the coordinator was told to lead in; raft may know better already
  std::int64_t led_wall_ms_ = 0;
  std::int64_t led_monotonic_us_ = 0;

  std::uint64_t next_token_ = 1;
  std::unordered_map<std::uint64_t, Done> waiting_;  // by token; bounded by the shard's budget for requests
  std::deque<Slice> proposals_;                      // for which the group has no room; bounded as in_flight_
                                                     // of the coordinator
  bool pump_posted_ = false;
  Deadlines::Id retry_ = Deadlines::Id::kNone;
  Deadlines::Id timer_ = Deadlines::Id::kNone;
  std::int64_t timer_ms_ = 0;  // meaningful while timer_ is set
};

}  // namespace kontiki::broker
