#include "broker/dispatch.h"

#include "broker/handlers.h"
#include "kafka/messages/alter_client_quotas.h"
#include "kafka/messages/alter_configs.h"
#include "kafka/messages/alter_partition_reassignments.h"
#include "kafka/messages/api_versions.h"
#include "kafka/messages/create_acls.h"
#include "kafka/messages/create_partitions.h"
#include "kafka/messages/create_topics.h"
#include "kafka/messages/delete_acls.h"
#include "kafka/messages/delete_groups.h"
#include "kafka/messages/delete_records.h"
#include "kafka/messages/delete_topics.h"
#include "kafka/messages/describe_acls.h"
#include "kafka/messages/describe_client_quotas.h"
#include "kafka/messages/describe_cluster.h"
#include "kafka/messages/describe_configs.h"
#include "kafka/messages/describe_groups.h"
#include "kafka/messages/describe_log_dirs.h"
#include "kafka/messages/describe_producers.h"
#include "kafka/messages/describe_quorum.h"
#include "kafka/messages/describe_topic_partitions.h"
#include "kafka/messages/describe_user_scram_credentials.h"
#include "kafka/messages/elect_leaders.h"
#include "kafka/messages/fetch.h"
#include "kafka/messages/find_coordinator.h"
#include "kafka/messages/heartbeat.h"
#include "kafka/messages/incremental_alter_configs.h"
#include "kafka/messages/init_producer_id.h"
#include "kafka/messages/join_group.h"
#include "kafka/messages/leave_group.h"
#include "kafka/messages/list_groups.h"
#include "kafka/messages/list_offsets.h"
#include "kafka/messages/list_partition_reassignments.h"
#include "kafka/messages/metadata.h"
#include "kafka/messages/offset_commit.h"
#include "kafka/messages/offset_delete.h"
#include "kafka/messages/offset_fetch.h"
#include "kafka/messages/offset_for_leader_epoch.h"
#include "kafka/messages/produce.h"
#include "kafka/messages/sync_group.h"

#include <algorithm>

namespace kontiki::broker {
namespace {

template <class Request>
using Handler = void (*)(const RequestContext&, Request,
                         Respond<typename kafka::MessageOf<Request>::Response>);

template <class Request, Handler<Request> kHandler>
Result<void, std::string> serve(const RequestContext& context, const Slice& body, Reply reply) {
  auto request = kafka::decode<Request>(body, context.version());
  if (!request) return unexpected(std::string(kafka::to_string(request.error())));
  kHandler(context, std::move(*request), {std::move(reply), context.header});
  return {};
}

struct Row {
  kafka::ApiKey key;
  Serve serve;
};

template <class Request, Handler<Request> kHandler>
constexpr Row row() {
  return {kafka::MessageOf<Request>::kKey, &serve<Request, kHandler>};
}

// One line per API that this broker serves.
constexpr Row kRows[] = {
    row<kafka::ProduceRequest, handle_produce>(),
    row<kafka::FetchRequest, handle_fetch>(),
    row<kafka::ListOffsetsRequest, handle_list_offsets>(),
    row<kafka::MetadataRequest, handle_metadata>(),
    row<kafka::FindCoordinatorRequest, handle_find_coordinator>(),
    row<kafka::OffsetCommitRequest, handle_offset_commit>(),
    row<kafka::OffsetFetchRequest, handle_offset_fetch>(),
    row<kafka::JoinGroupRequest, handle_join_group>(),
    row<kafka::HeartbeatRequest, handle_heartbeat>(),
    row<kafka::LeaveGroupRequest, handle_leave_group>(),
    row<kafka::SyncGroupRequest, handle_sync_group>(),
    row<kafka::DescribeGroupsRequest, handle_describe_groups>(),
    row<kafka::ListGroupsRequest, handle_list_groups>(),
    row<kafka::DeleteGroupsRequest, handle_delete_groups>(),
    row<kafka::OffsetDeleteRequest, handle_offset_delete>(),
    row<kafka::ApiVersionsRequest, handle_api_versions>(),
    row<kafka::CreateTopicsRequest, handle_create_topics>(),
    row<kafka::DeleteTopicsRequest, handle_delete_topics>(),
    row<kafka::DeleteRecordsRequest, handle_delete_records>(),
    row<kafka::InitProducerIdRequest, handle_init_producer_id>(),
    row<kafka::OffsetForLeaderEpochRequest, handle_offset_for_leader_epoch>(),
    row<kafka::DescribeAclsRequest, handle_describe_acls>(),
    row<kafka::CreateAclsRequest, handle_create_acls>(),
    row<kafka::DeleteAclsRequest, handle_delete_acls>(),
    row<kafka::DescribeConfigsRequest, handle_describe_configs>(),
    row<kafka::AlterConfigsRequest, handle_alter_configs>(),
    row<kafka::DescribeLogDirsRequest, handle_describe_log_dirs>(),
    row<kafka::CreatePartitionsRequest, handle_create_partitions>(),
    row<kafka::ElectLeadersRequest, handle_elect_leaders>(),
    row<kafka::IncrementalAlterConfigsRequest, handle_incremental_alter_configs>(),
    row<kafka::AlterPartitionReassignmentsRequest, handle_alter_partition_reassignments>(),
    row<kafka::ListPartitionReassignmentsRequest, handle_list_partition_reassignments>(),
    row<kafka::DescribeClientQuotasRequest, handle_describe_client_quotas>(),
    row<kafka::AlterClientQuotasRequest, handle_alter_client_quotas>(),
    row<kafka::DescribeUserScramCredentialsRequest, handle_describe_user_scram_credentials>(),
    row<kafka::DescribeQuorumRequest, handle_describe_quorum>(),
    row<kafka::DescribeClusterRequest, handle_describe_cluster>(),
    row<kafka::DescribeProducersRequest, handle_describe_producers>(),
    row<kafka::DescribeTopicPartitionsRequest, handle_describe_topic_partitions>(),
};

}  // namespace

Serve find_handler(kafka::ApiKey key) {
  for (const Row& row : kRows)
    if (row.key == key) return row.serve;
  return nullptr;
}

std::vector<const kafka::ApiInfo*> served_apis() {
  std::vector<const kafka::ApiInfo*> served;
  for (const kafka::ApiInfo& api : kafka::apis())
    if (find_handler(api.key) != nullptr) served.push_back(&api);
  return served;
}

}  // namespace kontiki::broker
