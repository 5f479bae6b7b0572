// The nouns of consumer groups: states, members, committed offsets, a group as it is replicated, and the one
// closed list of what can go wrong. Values.
#pragma once

#include "base/slice.h"
#include "model/ids.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

namespace kontiki::group {

inline constexpr std::int32_t kNoGeneration = -1;  // of a commit from outside of any membership
inline constexpr std::int64_t kNoTime = -1;

// Kafka's states, by Kafka's names (to_string). PreparingRebalance and Dead are never replicated. Values are
// part of snapshots: never renumber.
enum class State : std::uint8_t {
  kEmpty = 1,                // no members; offsets may be there
  kPreparingRebalance = 2,   // members are asked to join anew
  kCompletingRebalance = 3,  // the generation is fixed, its assignment is awaited from the leader
  kStable = 4,               // assigned
  kDead = 5,                 // being deleted
};
const char* to_string(State state);

// Named after Kafka's errors; the broker maps them one to one.
enum class Error : std::uint8_t {
  kNone,
  kUnknownServerError,
  kOffsetMetadataTooLarge,
  kCoordinatorLoadInProgress,
  kCoordinatorNotAvailable,
  kNotCoordinator,
  kIllegalGeneration,
  kInconsistentGroupProtocol,
  kInvalidGroupId,
  kUnknownMemberId,
  kInvalidSessionTimeout,
  kRebalanceInProgress,
  kInvalidCommitOffsetSize,
  kNonEmptyGroup,
  kGroupIdNotFound,
  kMemberIdRequired,
  kGroupMaxSizeReached,
  kFencedInstanceId,
  kGroupSubscribedToTopic,
};
const char* to_string(Error error);  // Kafka's name

struct Protocol {
  std::string name;
  Slice metadata;  // opaque, but for subscription.h
  friend bool operator==(const Protocol&, const Protocol&) = default;
};

struct Member {
  std::string id;
  std::optional<std::string> instance_id;  // of a static member
  std::string client_id;
  std::string client_host;
  std::int32_t session_timeout_ms = 0;
  std::int32_t rebalance_timeout_ms = 0;
  std::vector<Protocol> protocols;  // in the order of its preference
  Slice assignment;                 // of the current generation, once it is Stable

  const Protocol* protocol(std::string_view name) const;
  std::size_t bytes() const;  // about what it takes in a command
  friend bool operator==(const Member&, const Member&) = default;
};
using Members = std::map<std::string, Member, std::less<>>;  // by id

struct Committed {
  Offset offset = kNoOffset;
  std::int32_t leader_epoch = -1;
  std::string metadata;
  std::int64_t commit_ms = 0;
  std::int64_t expire_ms = kNoTime;  // asked for by old clients; otherwise the group's retention holds
  TopicId topic_id;                  // zero: not known; tells a topic from its successor of the same name
  friend bool operator==(const Committed&, const Committed&) = default;
};
using Offsets = std::map<TopicPartition, Committed>;

// A group as every replica knows it.
struct Group {
  State state = State::kEmpty;  // Invariant: kEmpty exactly without members.
  std::int32_t generation = 0;
  std::string protocol_type;        // empty: only ever used for offsets
  std::string protocol_name;        // empty when kEmpty
  std::string leader;               // a member's id; empty when kEmpty
  std::int64_t empty_ms = kNoTime;  // when it last lost its members
  Members members;
  Offsets offsets;
  friend bool operator==(const Group&, const Group&) = default;
};

inline constexpr std::string_view kConsumerProtocolType = "consumer";

}  // namespace kontiki::group
