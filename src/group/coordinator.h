// Coordinator: the leader's part of consumer groups (Kafka's classic protocol: JoinGroup, SyncGroup,
// Heartbeat, LeaveGroup, OffsetCommit and the admin calls). Volatile: sessions, deadlines and waiting
// requests are made anew from Groups when the lead is taken. ADR 9. Owned, beside its Groups, by the broker's
// host of the raft group; used only on the group's shard. Time comes with each call and must not go back.
//
// Every decision becomes a command. The live state is the one after all commands that were proposed; an
// answer that rests on a command waits until it is applied, and so does every later answer about the same
// group. So nobody is told what a change of coordinators could take back.
//
// The host's part, after any call:
//   for (Slice& command : coordinator.take_proposals()) propose it, in order
//       it cannot now: keep it, and those after it, and try again; not the leader any more: step_down()
//   for (Answer& answer : coordinator.take_answers()) send it
//   wake up at next_deadline_ms() and call tick()
// and for each entry, on every replica: groups.apply(entry); coordinator.applied(entry, now_ms).
// Queries look at once, offsets() at what is applied: the host makes sure before (read index) that it still
// leads.
#pragma once

#include "base/limits.h"
#include "base/prng.h"
#include "base/result.h"
#include "group/command.h"
#include "group/groups.h"
#include "group/live_group.h"
#include "group/requests.h"
#include "model/entry.h"

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace kontiki::group {

// By the names and defaults of Kafka's settings.
struct Config {
  std::int32_t session_timeout_min_ms = 6'000;            // group.min.session.timeout.ms
  std::int32_t session_timeout_max_ms = 1'800'000;        // group.max.session.timeout.ms
  std::size_t group_size_max = limits::kGroupMembersMax;  // group.max.size
  std::int64_t initial_rebalance_delay_ms = 3'000;        // group.initial.rebalance.delay.ms
  std::int64_t newcomer_timeout_ms = 300'000;  // that a new member may spend in its first join phase
  std::size_t offset_metadata_bytes_max = limits::kGroupOffsetMetadataBytesMax;  // offset.metadata.max.bytes
  std::int64_t offsets_retention_ms = 604'800'000;                               // offsets.retention.minutes
  std::int64_t retention_check_interval_ms = 600'000;  // offsets.retention.check.interval.ms
};

class Coordinator {
 public:
  Coordinator(const Groups& groups, const Config& config, Prng prng)
      : groups_(groups), config_(config), prng_(prng) {}
  Coordinator(const Coordinator&) = delete;
  Coordinator& operator=(const Coordinator&) = delete;

  // ---- the lead ----
  // Serves as soon as the entry that opens the term is applied: only then is the applied state the whole log.
  // A term that was led and given up is not led again.
  void become_leader(Term term, std::int64_t now_ms);
  // Answers kNotCoordinator to all that wait.
  void step_down();
  bool is_serving() const { return serving_; }
  void applied(const Entry& entry, std::int64_t now_ms);

  // ---- requests; each token is answered once, now or later ----
  void join(RequestToken token, const JoinRequest& request, std::int64_t now_ms);
  void sync(RequestToken token, const SyncRequest& request, std::int64_t now_ms);
  void heartbeat(RequestToken token, const Caller& caller, std::int64_t now_ms);
  void leave(RequestToken token, const LeaveRequest& request, std::int64_t now_ms);
  void commit_offsets(RequestToken token, const CommitRequest& request, std::int64_t now_ms);
  void delete_offsets(RequestToken token, const DeleteOffsetsRequest& request, std::int64_t now_ms);
  void delete_group(RequestToken token, const std::string& group, std::int64_t now_ms);
  // A topic was deleted; without an answer, and without effect where this replica does not lead.
  void delete_topic_offsets(const std::string& topic, const TopicId& id);

  // ---- queries ----
  // For OffsetFetch: a partition that is not there has no commit, which is no error. Null: no such group.
  Result<const Offsets*, Error> offsets(std::string_view group) const;
  GroupDescription describe(std::string_view group) const;
  // Of those states, or all; by name.
  Result<std::vector<GroupListing>, Error> list(std::span<const State> states) const;

  // ---- time ----
  std::int64_t next_deadline_ms() const;  // kNever: none
  void tick(std::int64_t now_ms);

  // ---- effects ----
  std::vector<Slice> take_proposals() { return std::exchange(proposals_, {}); }
  std::vector<Answer> take_answers() { return std::exchange(answers_, {}); }

 private:
  using Live = std::map<std::string, LiveGroup, std::less<>>;
  using Body = decltype(Answer::body);
  struct InFlight {
    std::optional<std::string> group;  // none: of all
    Slice payload;
    std::vector<Answer> answers;
    std::size_t offsets = 0;  // that it commits
  };

  // ---- coordinator.cc: the lead, the commands on their way, time ----
  Error check_serving() const;
  Error check_capacity() const;  // and that too many commands are not on their way
  void start_serving(std::int64_t now_ms);
  LiveGroup* find(const std::string& group);
  LiveGroup* find_or_create(const std::string& group);  // null: there are too many
  void answer(const std::string& group, RequestToken token, Body body);
  void propose(const std::optional<std::string>& group, const Command& command,
               std::vector<Answer> answers = {});
  void wake(const std::string& name, LiveGroup& group, std::int64_t now_ms);
  void expire_offsets(std::int64_t now_ms);
  void settle(
      const std::string& name);  // after each call: timers, and groups that need no live part any more
  void forget(Live::iterator it);

  // ---- rebalance.cc: the join phase, from either side ----
  void prepare_rebalance(const std::string& name, LiveGroup& group, std::int64_t now_ms);
  void maybe_complete_join(const std::string& name, LiveGroup& group, std::int64_t now_ms);
  void join_deadline_passed(const std::string& name, LiveGroup& group, std::int64_t now_ms);
  void complete_join(const std::string& name, LiveGroup& group, std::int64_t now_ms);
  void remove_member(const std::string& name, LiveGroup& group, const std::string& member_id, Error told);
  void members_removed(const std::string& name, LiveGroup& group, std::int64_t now_ms);
  void answer_waiting(const std::string& name, LiveMember& live, Error error);

  // ---- join.cc ----
  Error check_join(const JoinRequest& request) const;
  bool has_room(const LiveGroup& group, const JoinRequest& request) const;
  void join_as_newcomer(RequestToken token, const JoinRequest& request, LiveGroup& group,
                        std::int64_t now_ms);
  void join_again(RequestToken token, const JoinRequest& request, LiveGroup& group, std::int64_t now_ms);
  void join_in_place_of(RequestToken token, const JoinRequest& request, LiveGroup& group,
                        const std::string& member_id, std::int64_t now_ms);
  void add_member(RequestToken token, const JoinRequest& request, LiveGroup& group,
                  const std::string& member_id, std::int64_t now_ms);
  void rebalance_with(RequestToken token, const JoinRequest& request, LiveGroup& group, LiveMember& live,
                      std::int64_t now_ms);

  // ---- members.cc ----
  void assign(const std::string& name, LiveGroup& group, const SyncRequest& request, std::int64_t now_ms);
  Error leave_one(LiveGroup& group, const std::string& name, const LeaveRequest::Leaver& leaver);

  // ---- offsets.cc ----
  Error check_commit(const LiveGroup* group, const Caller& caller) const;

  const Groups& groups_;
  Config config_;
  Prng prng_;

  Term newest_term_;  // that was led
  // The rest is empty while not serving.
  std::optional<Term> leader_term_;
  bool serving_ = false;
  Live live_;  // groups with members, promises or commands on their way
  std::set<std::pair<std::int64_t, std::string>> timers_;  // (wake_ms, group)
  std::int64_t next_expiry_ms_ = kNever;
  std::deque<InFlight>
      in_flight_;  // proposed or to be, in the order of the log; bounded by check_capacity() and the groups
  std::uint64_t first_in_flight_ = 0;                         // number of its front
  std::map<std::string, std::uint64_t, std::less<>> newest_;  // group -> number of its newest in flight
  std::vector<Slice> proposals_;
  std::vector<Answer> answers_;
};

}  // namespace kontiki::group
