// What clients ask of a group's coordinator and what it answers, without the wire's versions: the broker
// translates. Values. Fields are Kafka's.
#pragma once

#include "base/strong_id.h"
#include "group/types.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace kontiki::group {

// Names a request that waits for its answer; the broker's to choose, each once.
using RequestToken = StrongId<struct RequestTokenTag, std::uint64_t>;

// Who speaks, as most requests say it.
struct Caller {
  std::string group;
  std::int32_t generation = kNoGeneration;
  std::string member_id;
  std::optional<std::string> instance_id = {};
};

// ---- requests ----

struct JoinRequest {
  std::string group;
  std::string member_id;  // empty: a newcomer
  std::optional<std::string> instance_id = {};
  std::string client_id;
  std::string client_host;
  std::int32_t session_timeout_ms = 0;
  std::int32_t rebalance_timeout_ms = 0;  // version 0 has none: the session timeout
  std::string protocol_type;
  std::vector<Protocol> protocols;
  bool requires_known_member_id = false;  // since version 4
  bool supports_skip_assignment = false;  // since version 9
};

struct SyncRequest {
  Caller caller;
  std::optional<std::string> protocol_type = {};  // since version 5
  std::optional<std::string> protocol_name = {};
  std::map<std::string, Slice> assignments = {};  // by member; from the leader
};

struct LeaveRequest {
  struct Leaver {
    std::string member_id;  // empty: by the instance id alone
    std::optional<std::string> instance_id = {};
  };
  std::string group;
  std::vector<Leaver> leavers;
};

struct CommitRequest {
  struct Partition {
    TopicPartition partition;
    Offset offset;
    std::int32_t leader_epoch = -1;
    std::string metadata = {};
    TopicId topic_id = {};  // zero: not known
  };
  Caller caller;
  std::vector<Partition> partitions;
  std::int64_t retention_ms = -1;  // versions 2 to 4; -1: the group's
};

struct DeleteOffsetsRequest {
  std::string group;
  std::vector<TopicPartition> partitions;
};

// ---- answers ----

struct JoinAnswer {
  struct Joined {
    std::string member_id;
    std::optional<std::string> instance_id;
    Slice metadata;  // of the protocol that is chosen
  };
  Error error = Error::kNone;
  std::int32_t generation = kNoGeneration;
  std::string protocol_type = {};
  std::string protocol_name = {};
  std::string leader = {};
  bool skip_assignment = false;
  std::string member_id = {};
  std::vector<Joined> members = {};  // for the leader only
};

struct SyncAnswer {
  Error error = Error::kNone;
  std::string protocol_type = {};
  std::string protocol_name = {};
  Slice assignment = {};
};

// To Heartbeat and DeleteGroups (of one group).
struct ErrorAnswer {
  Error error = Error::kNone;
};

// To LeaveGroup, OffsetCommit and OffsetDelete.
struct ListAnswer {
  Error error = Error::kNone;  // of the whole request; then of each part too
  std::vector<Error> parts;    // by the request's leavers or partitions
};

struct Answer {
  RequestToken token;
  std::variant<JoinAnswer, SyncAnswer, ErrorAnswer, ListAnswer> body;
};

// ---- queries ----

struct GroupDescription {
  Error error =
      Error::kNone;  // kGroupIdNotFound: then the state is Dead, and older clients are told only that
  State state = State::kDead;
  std::string protocol_type = {};
  std::string protocol_name = {};    // only when Stable
  std::vector<Member> members = {};  // without protocols
  std::vector<Slice> metadata = {};  // by member; empty unless Stable
};

struct GroupListing {
  std::string group;
  std::string protocol_type;
  State state = State::kEmpty;
};

}  // namespace kontiki::group
