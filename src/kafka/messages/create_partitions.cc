#include "kafka/messages/create_partitions.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(CreatePartitions)
