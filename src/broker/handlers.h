// The handlers of the Kafka APIs, one file each: api_<name>.cc. Their shape is explained in request.h, the
// table that names them is in dispatch.cc.
#pragma once

#include "broker/request.h"
#include "kafka/api.h"

namespace kontiki::broker {

#define KONTIKI_BROKER_HANDLER(function, name)                               \
  void function(const RequestContext& context, kafka::name##Request request, \
                Respond<kafka::name##Response> respond);

KONTIKI_BROKER_HANDLER(handle_produce, Produce)
KONTIKI_BROKER_HANDLER(handle_fetch, Fetch)
KONTIKI_BROKER_HANDLER(handle_list_offsets, ListOffsets)
KONTIKI_BROKER_HANDLER(handle_offset_for_leader_epoch, OffsetForLeaderEpoch)
KONTIKI_BROKER_HANDLER(handle_api_versions, ApiVersions)
KONTIKI_BROKER_HANDLER(handle_metadata, Metadata)
KONTIKI_BROKER_HANDLER(handle_find_coordinator, FindCoordinator)
KONTIKI_BROKER_HANDLER(handle_join_group, JoinGroup)
KONTIKI_BROKER_HANDLER(handle_sync_group, SyncGroup)
KONTIKI_BROKER_HANDLER(handle_heartbeat, Heartbeat)
KONTIKI_BROKER_HANDLER(handle_leave_group, LeaveGroup)
KONTIKI_BROKER_HANDLER(handle_offset_commit, OffsetCommit)
KONTIKI_BROKER_HANDLER(handle_offset_fetch, OffsetFetch)
KONTIKI_BROKER_HANDLER(handle_offset_delete, OffsetDelete)
KONTIKI_BROKER_HANDLER(handle_list_groups, ListGroups)
KONTIKI_BROKER_HANDLER(handle_describe_groups, DescribeGroups)
KONTIKI_BROKER_HANDLER(handle_delete_groups, DeleteGroups)
KONTIKI_BROKER_HANDLER(handle_create_topics, CreateTopics)
KONTIKI_BROKER_HANDLER(handle_delete_topics, DeleteTopics)
KONTIKI_BROKER_HANDLER(handle_delete_records, DeleteRecords)
KONTIKI_BROKER_HANDLER(handle_init_producer_id, InitProducerId)
KONTIKI_BROKER_HANDLER(handle_describe_configs, DescribeConfigs)
KONTIKI_BROKER_HANDLER(handle_create_partitions, CreatePartitions)
KONTIKI_BROKER_HANDLER(handle_alter_partition_reassignments, AlterPartitionReassignments)
KONTIKI_BROKER_HANDLER(handle_list_partition_reassignments, ListPartitionReassignments)
KONTIKI_BROKER_HANDLER(handle_describe_cluster, DescribeCluster)
KONTIKI_BROKER_HANDLER(handle_describe_acls, DescribeAcls)
KONTIKI_BROKER_HANDLER(handle_create_acls, CreateAcls)
KONTIKI_BROKER_HANDLER(handle_delete_acls, DeleteAcls)
KONTIKI_BROKER_HANDLER(handle_alter_configs, AlterConfigs)
KONTIKI_BROKER_HANDLER(handle_describe_log_dirs, DescribeLogDirs)
KONTIKI_BROKER_HANDLER(handle_elect_leaders, ElectLeaders)
KONTIKI_BROKER_HANDLER(handle_incremental_alter_configs, IncrementalAlterConfigs)
KONTIKI_BROKER_HANDLER(handle_describe_client_quotas, DescribeClientQuotas)
KONTIKI_BROKER_HANDLER(handle_alter_client_quotas, AlterClientQuotas)
KONTIKI_BROKER_HANDLER(handle_describe_user_scram_credentials, DescribeUserScramCredentials)
KONTIKI_BROKER_HANDLER(handle_describe_quorum, DescribeQuorum)
KONTIKI_BROKER_HANDLER(handle_describe_producers, DescribeProducers)
KONTIKI_BROKER_HANDLER(handle_describe_topic_partitions, DescribeTopicPartitions)

#undef KONTIKI_BROKER_HANDLER

}  // namespace kontiki::broker
