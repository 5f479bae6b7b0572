#include "broker/admin_error.h"

#include <fmt/format.h>

namespace kontiki::broker {

AdminError explain(metadata::Error error) {
  using enum kafka::ErrorCode;
  switch (error) {
    case metadata::Error::kNone:
      return {};
    case metadata::Error::kClusterIdSet:
      return {kInvalidRequest, "The cluster has an id already."};
    case metadata::Error::kNodeIdInUse:
      return {kDuplicateBrokerRegistration, "Another broker has this id."};
    case metadata::Error::kPeerAddressInUse:
      return {kDuplicateBrokerRegistration, "Another broker has this address or data folder."};
    case metadata::Error::kInvalidNode:
      return {kInvalidRegistration, "The broker's id or address is not valid."};
    case metadata::Error::kUnknownNode:
      return {kBrokerIdNotRegistered, "There is no such broker."};
    case metadata::Error::kInvalidName:
      return {kInvalidTopicException,
              "A topic name is 1 to 249 of a-z, A-Z, 0-9, '.', '_' and '-', and neither \".\" nor \"..\"."};
    case metadata::Error::kCollides:
      return {kInvalidTopicException, "Another topic differs from this one only by '.' and '_'."};
    case metadata::Error::kTopicExists:
      return {kTopicAlreadyExists, "There is a topic with this name already."};
    case metadata::Error::kUnknownTopic:
      return {kUnknownTopicOrPartition, "There is no such topic."};
    case metadata::Error::kInvalidPartitions:
      return {kInvalidPartitions, "The number of partitions is not possible for this topic."};
    case metadata::Error::kInvalidReplicationFactor:
      return {kInvalidReplicationFactor, "There are fewer brokers than replicas."};
    case metadata::Error::kInvalidAssignment:
      return {kInvalidReplicaAssignment,
              "Each partition needs the same number of replicas, on different brokers that exist."};
    case metadata::Error::kInvalidConfig:
      return {kInvalidConfig, "There are too many settings, or one is too long."};
    case metadata::Error::kInvalidRequest:
      return {kInvalidRequest, "The request is not valid."};
    case metadata::Error::kLimit:
      return {kPolicyViolation, "The cluster has as many partitions or brokers as it can hold."};
    case metadata::Error::kNoReassignment:
      return {kNoReassignmentInProgress, "The replicas of the partition are not being changed."};
  }
  return {kUnknownServerError, "The metadata gave an unknown answer."};
}

AdminError internal_topic(std::string_view name) {
  return {
      kafka::ErrorCode::kInvalidTopicException,
      fmt::format("The topic {} is the brokers' own: clients may look at it and move its replicas, nothing "
                  "else.",
                  name)};
}

AdminError explain(SubmitError error) {
  using enum kafka::ErrorCode;
  switch (error) {
    case SubmitError::kTimedOut:
      return {kRequestTimedOut,
              "No majority of the metadata's brokers confirmed the change in time; it may still be made."};
    case SubmitError::kStopping:
      return {kBrokerNotAvailable, "This broker is stopping."};
    case SubmitError::kBusy:
      return {kThrottlingQuotaExceeded, "Too many changes are under way; try again."};
  }
  return {kUnknownServerError, "The change failed."};
}

AdminError explain(const SubmitResult& result) {
  return result ? explain(result->error) : explain(result.error());
}

}  // namespace kontiki::broker
