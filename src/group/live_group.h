// LiveGroup: a group as its coordinator sees it, once everything that is proposed has been applied: members
// with their sessions and waiting requests, and how far a rebalance is. Owned by the Coordinator; lost with
// the lead.
#pragma once

#include "group/requests.h"
#include "group/subscription.h"
#include "group/types.h"

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace kontiki::group {

inline constexpr std::int64_t kNever = std::numeric_limits<std::int64_t>::max();

struct LiveMember {
  Member member;
  std::optional<RequestToken> join;  // waits for the end of the join phase
  std::optional<RequestToken> sync;  // waits for the assignment
  bool is_new = false;               // has not been in a generation yet
  bool owes_sync = false;            // of this generation
  std::int64_t expires_ms = kNever;

  // Whoever waits for us is alive; but a newcomer's connection is not trusted for ever.
  std::int64_t deadline_ms() const { return sync || (join && !is_new) ? kNever : expires_ms; }
  void touch(std::int64_t now_ms) { expires_ms = now_ms + member.session_timeout_ms; }
};

struct LiveGroup {
  State state = State::kEmpty;
  std::int32_t generation = 0;
  std::string protocol_type;
  std::string protocol_name;
  std::string leader;  // Invariant: a member, or empty when there is none.
  std::map<std::string, LiveMember, std::less<>> members;
  std::map<std::string, std::string, std::less<>> instances;  // instance id -> member id
  std::map<std::string, std::int64_t, std::less<>> promised;  // ids given, not joined with yet -> deadline
  std::size_t uncommitted_offsets = 0;                        // in commands on their way

  // PreparingRebalance.
  bool is_initial = false;           // the group was Empty: waits for others to come, not for its members
  bool newcomer = false;             // since the initial delay was last prolonged
  std::int64_t initial_left_ms = 0;  // by which the initial delay may still be prolonged
  std::int64_t join_deadline_ms = kNever;
  // CompletingRebalance and Stable: who owes its SyncGroup then is removed.
  std::int64_t sync_deadline_ms = kNever;

  std::int64_t wake_ms = kNever;  // where the Coordinator's timers have it; not above any deadline here

  static LiveGroup of(const Group& group);

  LiveMember* find(std::string_view member_id);
  // kUnknownMemberId, kFencedInstanceId or kNone.
  Error check(std::string_view member_id, const std::optional<std::string>& instance_id) const;
  // Whether a member with these protocols could join: some protocol would be common to all.
  bool supports(std::string_view protocol_type, const std::vector<Protocol>& protocols) const;
  // By votes: each member's first choice of those that all support. Of equals the leader's preference.
  std::string selected_protocol() const;
  // The leader if it has rejoined, else the first who has. False when none has.
  bool elect_joined_leader();
  bool all_joined() const;  // and nobody is expected who was promised an id
  std::int32_t rebalance_timeout_ms() const;
  std::size_t bytes() const;
  std::int64_t deadline_ms() const;
  std::optional<Topics> topics() const;  // none: not known

  Members replicated_members() const;
  JoinAnswer join_answer(const Member& member) const;
  SyncAnswer sync_answer(const Member& member) const;
};

}  // namespace kontiki::group
