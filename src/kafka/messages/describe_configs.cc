#include "kafka/messages/describe_configs.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(DescribeConfigs)
