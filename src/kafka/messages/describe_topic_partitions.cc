#include "kafka/messages/describe_topic_partitions.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(DescribeTopicPartitions)
