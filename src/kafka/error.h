// ErrorCode: the error codes of the Kafka protocol, their protocol names, and whether a client may simply try
// again. Values; no state.
#pragma once

#include <cstdint>
#include <string>

// One line per code: E(code, constant, protocol name, retriable).
#define KONTIKI_KAFKA_ERRORS(E)                                                                        \
  E(-1, kUnknownServerError, "UNKNOWN_SERVER_ERROR", false)                                            \
  E(0, kNone, "NONE", false)                                                                           \
  E(1, kOffsetOutOfRange, "OFFSET_OUT_OF_RANGE", false)                                                \
  E(2, kCorruptMessage, "CORRUPT_MESSAGE", true)                                                       \
  E(3, kUnknownTopicOrPartition, "UNKNOWN_TOPIC_OR_PARTITION", true)                                   \
  E(4, kInvalidFetchSize, "INVALID_FETCH_SIZE", false)                                                 \
  E(5, kLeaderNotAvailable, "LEADER_NOT_AVAILABLE", true)                                              \
  E(6, kNotLeaderOrFollower, "NOT_LEADER_OR_FOLLOWER", true)                                           \
  E(7, kRequestTimedOut, "REQUEST_TIMED_OUT", true)                                                    \
  E(8, kBrokerNotAvailable, "BROKER_NOT_AVAILABLE", false)                                             \
  E(9, kReplicaNotAvailable, "REPLICA_NOT_AVAILABLE", true)                                            \
  E(10, kMessageTooLarge, "MESSAGE_TOO_LARGE", false)                                                  \
  E(11, kStaleControllerEpoch, "STALE_CONTROLLER_EPOCH", false)                                        \
  E(12, kOffsetMetadataTooLarge, "OFFSET_METADATA_TOO_LARGE", false)                                   \
  E(13, kNetworkException, "NETWORK_EXCEPTION", true)                                                  \
  E(14, kCoordinatorLoadInProgress, "COORDINATOR_LOAD_IN_PROGRESS", true)                              \
  E(15, kCoordinatorNotAvailable, "COORDINATOR_NOT_AVAILABLE", true)                                   \
  E(16, kNotCoordinator, "NOT_COORDINATOR", true)                                                      \
  E(17, kInvalidTopicException, "INVALID_TOPIC_EXCEPTION", false)                                      \
  E(18, kRecordListTooLarge, "RECORD_LIST_TOO_LARGE", false)                                           \
  E(19, kNotEnoughReplicas, "NOT_ENOUGH_REPLICAS", true)                                               \
  E(20, kNotEnoughReplicasAfterAppend, "NOT_ENOUGH_REPLICAS_AFTER_APPEND", true)                       \
  E(21, kInvalidRequiredAcks, "INVALID_REQUIRED_ACKS", false)                                          \
  E(22, kIllegalGeneration, "ILLEGAL_GENERATION", false)                                               \
  E(23, kInconsistentGroupProtocol, "INCONSISTENT_GROUP_PROTOCOL", false)                              \
  E(24, kInvalidGroupId, "INVALID_GROUP_ID", false)                                                    \
  E(25, kUnknownMemberId, "UNKNOWN_MEMBER_ID", false)                                                  \
  E(26, kInvalidSessionTimeout, "INVALID_SESSION_TIMEOUT", false)                                      \
  E(27, kRebalanceInProgress, "REBALANCE_IN_PROGRESS", false)                                          \
  E(28, kInvalidCommitOffsetSize, "INVALID_COMMIT_OFFSET_SIZE", false)                                 \
  E(29, kTopicAuthorizationFailed, "TOPIC_AUTHORIZATION_FAILED", false)                                \
  E(30, kGroupAuthorizationFailed, "GROUP_AUTHORIZATION_FAILED", false)                                \
  E(31, kClusterAuthorizationFailed, "CLUSTER_AUTHORIZATION_FAILED", false)                            \
  E(32, kInvalidTimestamp, "INVALID_TIMESTAMP", false)                                                 \
  E(33, kUnsupportedSaslMechanism, "UNSUPPORTED_SASL_MECHANISM", false)                                \
  E(34, kIllegalSaslState, "ILLEGAL_SASL_STATE", false)                                                \
  E(35, kUnsupportedVersion, "UNSUPPORTED_VERSION", false)                                             \
  E(36, kTopicAlreadyExists, "TOPIC_ALREADY_EXISTS", false)                                            \
  E(37, kInvalidPartitions, "INVALID_PARTITIONS", false)                                               \
  E(38, kInvalidReplicationFactor, "INVALID_REPLICATION_FACTOR", false)                                \
  E(39, kInvalidReplicaAssignment, "INVALID_REPLICA_ASSIGNMENT", false)                                \
  E(40, kInvalidConfig, "INVALID_CONFIG", false)                                                       \
  E(41, kNotController, "NOT_CONTROLLER", true)                                                        \
  E(42, kInvalidRequest, "INVALID_REQUEST", false)                                                     \
  E(43, kUnsupportedForMessageFormat, "UNSUPPORTED_FOR_MESSAGE_FORMAT", false)                         \
  E(44, kPolicyViolation, "POLICY_VIOLATION", false)                                                   \
  E(45, kOutOfOrderSequenceNumber, "OUT_OF_ORDER_SEQUENCE_NUMBER", false)                              \
  E(46, kDuplicateSequenceNumber, "DUPLICATE_SEQUENCE_NUMBER", false)                                  \
  E(47, kInvalidProducerEpoch, "INVALID_PRODUCER_EPOCH", false)                                        \
  E(48, kInvalidTxnState, "INVALID_TXN_STATE", false)                                                  \
  E(49, kInvalidProducerIdMapping, "INVALID_PRODUCER_ID_MAPPING", false)                               \
  E(50, kInvalidTransactionTimeout, "INVALID_TRANSACTION_TIMEOUT", false)                              \
  E(51, kConcurrentTransactions, "CONCURRENT_TRANSACTIONS", true)                                      \
  E(52, kTransactionCoordinatorFenced, "TRANSACTION_COORDINATOR_FENCED", false)                        \
  E(53, kTransactionalIdAuthorizationFailed, "TRANSACTIONAL_ID_AUTHORIZATION_FAILED", false)           \
  E(54, kSecurityDisabled, "SECURITY_DISABLED", false)                                                 \
  E(55, kOperationNotAttempted, "OPERATION_NOT_ATTEMPTED", false)                                      \
  E(56, kKafkaStorageError, "KAFKA_STORAGE_ERROR", true)                                               \
  E(57, kLogDirNotFound, "LOG_DIR_NOT_FOUND", false)                                                   \
  E(58, kSaslAuthenticationFailed, "SASL_AUTHENTICATION_FAILED", false)                                \
  E(59, kUnknownProducerId, "UNKNOWN_PRODUCER_ID", false)                                              \
  E(60, kReassignmentInProgress, "REASSIGNMENT_IN_PROGRESS", false)                                    \
  E(61, kDelegationTokenAuthDisabled, "DELEGATION_TOKEN_AUTH_DISABLED", false)                         \
  E(62, kDelegationTokenNotFound, "DELEGATION_TOKEN_NOT_FOUND", false)                                 \
  E(63, kDelegationTokenOwnerMismatch, "DELEGATION_TOKEN_OWNER_MISMATCH", false)                       \
  E(64, kDelegationTokenRequestNotAllowed, "DELEGATION_TOKEN_REQUEST_NOT_ALLOWED", false)              \
  E(65, kDelegationTokenAuthorizationFailed, "DELEGATION_TOKEN_AUTHORIZATION_FAILED", false)           \
  E(66, kDelegationTokenExpired, "DELEGATION_TOKEN_EXPIRED", false)                                    \
  E(67, kInvalidPrincipalType, "INVALID_PRINCIPAL_TYPE", false)                                        \
  E(68, kNonEmptyGroup, "NON_EMPTY_GROUP", false)                                                      \
  E(69, kGroupIdNotFound, "GROUP_ID_NOT_FOUND", false)                                                 \
  E(70, kFetchSessionIdNotFound, "FETCH_SESSION_ID_NOT_FOUND", true)                                   \
  E(71, kInvalidFetchSessionEpoch, "INVALID_FETCH_SESSION_EPOCH", true)                                \
  E(72, kListenerNotFound, "LISTENER_NOT_FOUND", true)                                                 \
  E(73, kTopicDeletionDisabled, "TOPIC_DELETION_DISABLED", false)                                      \
  E(74, kFencedLeaderEpoch, "FENCED_LEADER_EPOCH", true)                                               \
  E(75, kUnknownLeaderEpoch, "UNKNOWN_LEADER_EPOCH", true)                                             \
  E(76, kUnsupportedCompressionType, "UNSUPPORTED_COMPRESSION_TYPE", false)                            \
  E(77, kStaleBrokerEpoch, "STALE_BROKER_EPOCH", false)                                                \
  E(78, kOffsetNotAvailable, "OFFSET_NOT_AVAILABLE", true)                                             \
  E(79, kMemberIdRequired, "MEMBER_ID_REQUIRED", false)                                                \
  E(80, kPreferredLeaderNotAvailable, "PREFERRED_LEADER_NOT_AVAILABLE", true)                          \
  E(81, kGroupMaxSizeReached, "GROUP_MAX_SIZE_REACHED", false)                                         \
  E(82, kFencedInstanceId, "FENCED_INSTANCE_ID", false)                                                \
  E(83, kEligibleLeadersNotAvailable, "ELIGIBLE_LEADERS_NOT_AVAILABLE", true)                          \
  E(84, kElectionNotNeeded, "ELECTION_NOT_NEEDED", true)                                               \
  E(85, kNoReassignmentInProgress, "NO_REASSIGNMENT_IN_PROGRESS", false)                               \
  E(86, kGroupSubscribedToTopic, "GROUP_SUBSCRIBED_TO_TOPIC", false)                                   \
  E(87, kInvalidRecord, "INVALID_RECORD", false)                                                       \
  E(88, kUnstableOffsetCommit, "UNSTABLE_OFFSET_COMMIT", true)                                         \
  E(89, kThrottlingQuotaExceeded, "THROTTLING_QUOTA_EXCEEDED", true)                                   \
  E(90, kProducerFenced, "PRODUCER_FENCED", false)                                                     \
  E(91, kResourceNotFound, "RESOURCE_NOT_FOUND", false)                                                \
  E(92, kDuplicateResource, "DUPLICATE_RESOURCE", false)                                               \
  E(93, kUnacceptableCredential, "UNACCEPTABLE_CREDENTIAL", false)                                     \
  E(94, kInconsistentVoterSet, "INCONSISTENT_VOTER_SET", false)                                        \
  E(95, kInvalidUpdateVersion, "INVALID_UPDATE_VERSION", false)                                        \
  E(96, kFeatureUpdateFailed, "FEATURE_UPDATE_FAILED", false)                                          \
  E(97, kPrincipalDeserializationFailure, "PRINCIPAL_DESERIALIZATION_FAILURE", false)                  \
  E(98, kSnapshotNotFound, "SNAPSHOT_NOT_FOUND", false)                                                \
  E(99, kPositionOutOfRange, "POSITION_OUT_OF_RANGE", false)                                           \
  E(100, kUnknownTopicId, "UNKNOWN_TOPIC_ID", true)                                                    \
  E(101, kDuplicateBrokerRegistration, "DUPLICATE_BROKER_REGISTRATION", false)                         \
  E(102, kBrokerIdNotRegistered, "BROKER_ID_NOT_REGISTERED", false)                                    \
  E(103, kInconsistentTopicId, "INCONSISTENT_TOPIC_ID", true)                                          \
  E(104, kInconsistentClusterId, "INCONSISTENT_CLUSTER_ID", false)                                     \
  E(105, kTransactionalIdNotFound, "TRANSACTIONAL_ID_NOT_FOUND", false)                                \
  E(106, kFetchSessionTopicIdError, "FETCH_SESSION_TOPIC_ID_ERROR", true)                              \
  E(107, kIneligibleReplica, "INELIGIBLE_REPLICA", false)                                              \
  E(108, kNewLeaderElected, "NEW_LEADER_ELECTED", false)                                               \
  E(109, kOffsetMovedToTieredStorage, "OFFSET_MOVED_TO_TIERED_STORAGE", false)                         \
  E(110, kFencedMemberEpoch, "FENCED_MEMBER_EPOCH", false)                                             \
  E(111, kUnreleasedInstanceId, "UNRELEASED_INSTANCE_ID", false)                                       \
  E(112, kUnsupportedAssignor, "UNSUPPORTED_ASSIGNOR", false)                                          \
  E(113, kStaleMemberEpoch, "STALE_MEMBER_EPOCH", false)                                               \
  E(114, kMismatchedEndpointType, "MISMATCHED_ENDPOINT_TYPE", false)                                   \
  E(115, kUnsupportedEndpointType, "UNSUPPORTED_ENDPOINT_TYPE", false)                                 \
  E(116, kUnknownControllerId, "UNKNOWN_CONTROLLER_ID", false)                                         \
  E(117, kUnknownSubscriptionId, "UNKNOWN_SUBSCRIPTION_ID", false)                                     \
  E(118, kTelemetryTooLarge, "TELEMETRY_TOO_LARGE", false)                                             \
  E(119, kInvalidRegistration, "INVALID_REGISTRATION", false)                                          \
  E(120, kTransactionAbortable, "TRANSACTION_ABORTABLE", false)                                        \
  E(121, kInvalidRecordState, "INVALID_RECORD_STATE", false)                                           \
  E(122, kShareSessionNotFound, "SHARE_SESSION_NOT_FOUND", true)                                       \
  E(123, kInvalidShareSessionEpoch, "INVALID_SHARE_SESSION_EPOCH", true)                               \
  E(124, kFencedStateEpoch, "FENCED_STATE_EPOCH", false)                                               \
  E(125, kInvalidVoterKey, "INVALID_VOTER_KEY", false)                                                 \
  E(126, kDuplicateVoter, "DUPLICATE_VOTER", false)                                                    \
  E(127, kVoterNotFound, "VOTER_NOT_FOUND", false)                                                     \
  E(128, kInvalidRegularExpression, "INVALID_REGULAR_EXPRESSION", false)                               \
  E(129, kRebootstrapRequired, "REBOOTSTRAP_REQUIRED", false)                                          \
  E(130, kStreamsInvalidTopology, "STREAMS_INVALID_TOPOLOGY", false)                                   \
  E(131, kStreamsInvalidTopologyEpoch, "STREAMS_INVALID_TOPOLOGY_EPOCH", false)                        \
  E(132, kStreamsTopologyFenced, "STREAMS_TOPOLOGY_FENCED", false)                                     \
  E(133, kShareSessionLimitReached, "SHARE_SESSION_LIMIT_REACHED", true)                               \
  E(134, kGroupDeletionFailed, "GROUP_DELETION_FAILED", false)                                         \
  E(135, kStreamsTopologyDescriptionUpdateFailed, "STREAMS_TOPOLOGY_DESCRIPTION_UPDATE_FAILED", false) \
  E(136, kControllerIdNotRegistered, "CONTROLLER_ID_NOT_REGISTERED", false)

namespace kontiki::kafka {

// Any int16 may stand on the wire, so a decoded ErrorCode need not be one of these.
enum class ErrorCode : std::int16_t {
#define KONTIKI_KAFKA_ERROR(code, constant, name, retriable) constant = code,
  KONTIKI_KAFKA_ERRORS(KONTIKI_KAFKA_ERROR)
#undef KONTIKI_KAFKA_ERROR
};

// The protocol's name, such as "NOT_LEADER_OR_FOLLOWER"; null for a code that the protocol does not define.
const char* error_name(ErrorCode code);
// The name, or the number where there is none.
std::string to_string(ErrorCode code);
// Whether the protocol tells clients to repeat the request, after fresh metadata where that is what was
// stale.
bool is_retriable(ErrorCode code);

}  // namespace kontiki::kafka
