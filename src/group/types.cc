#include "group/types.h"

#include <algorithm>

namespace kontiki::group {

const char* to_string(State state) {
  switch (state) {
    case State::kEmpty:
      return "Empty";
    case State::kPreparingRebalance:
      return "PreparingRebalance";
    case State::kCompletingRebalance:
      return "CompletingRebalance";
    case State::kStable:
      return "Stable";
    case State::kDead:
      return "Dead";
  }
  return "?";
}

const char* to_string(Error error) {
  switch (error) {
    case Error::kNone:
      return "NONE";
    case Error::kUnknownServerError:
      return "UNKNOWN_SERVER_ERROR";
    case Error::kOffsetMetadataTooLarge:
      return "OFFSET_METADATA_TOO_LARGE";
    case Error::kCoordinatorLoadInProgress:
      return "COORDINATOR_LOAD_IN_PROGRESS";
    case Error::kCoordinatorNotAvailable:
      return "COORDINATOR_NOT_AVAILABLE";
    case Error::kNotCoordinator:
      return "NOT_COORDINATOR";
    case Error::kIllegalGeneration:
      return "ILLEGAL_GENERATION";
    case Error::kInconsistentGroupProtocol:
      return "INCONSISTENT_GROUP_PROTOCOL";
    case Error::kInvalidGroupId:
      return "INVALID_GROUP_ID";
    case Error::kUnknownMemberId:
      return "UNKNOWN_MEMBER_ID";
    case Error::kInvalidSessionTimeout:
      return "INVALID_SESSION_TIMEOUT";
    case Error::kRebalanceInProgress:
      return "REBALANCE_IN_PROGRESS";
    case Error::kInvalidCommitOffsetSize:
      return "INVALID_COMMIT_OFFSET_SIZE";
    case Error::kNonEmptyGroup:
      return "NON_EMPTY_GROUP";
    case Error::kGroupIdNotFound:
      return "GROUP_ID_NOT_FOUND";
    case Error::kMemberIdRequired:
      return "MEMBER_ID_REQUIRED";
    case Error::kGroupMaxSizeReached:
      return "GROUP_MAX_SIZE_REACHED";
    case Error::kFencedInstanceId:
      return "FENCED_INSTANCE_ID";
    case Error::kGroupSubscribedToTopic:
      return "GROUP_SUBSCRIBED_TO_TOPIC";
  }
  return "?";
}

const Protocol* Member::protocol(std::string_view name) const {
  const auto it = std::find_if(protocols.begin(), protocols.end(),
                               [&](const Protocol& protocol) { return protocol.name == name; });
  return it == protocols.end() ? nullptr : &*it;
}

std::size_t Member::bytes() const {
  std::size_t bytes =
      id.size() + client_id.size() + client_host.size() + (instance_id ? instance_id->size() : 0);
  for (const Protocol& protocol : protocols) bytes += protocol.name.size() + protocol.metadata.size();
  return bytes;
}

}  // namespace kontiki::group
