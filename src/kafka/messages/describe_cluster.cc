#include "kafka/messages/describe_cluster.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(DescribeCluster)
