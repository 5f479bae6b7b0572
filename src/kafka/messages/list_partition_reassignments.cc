#include "kafka/messages/list_partition_reassignments.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(ListPartitionReassignments)
