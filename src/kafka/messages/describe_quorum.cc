#include "kafka/messages/describe_quorum.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(DescribeQuorum)
