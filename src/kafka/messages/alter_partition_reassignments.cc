#include "kafka/messages/alter_partition_reassignments.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(AlterPartitionReassignments)
