#include "kafka/messages/describe_client_quotas.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(DescribeClientQuotas)
