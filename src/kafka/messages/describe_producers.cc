#include "kafka/messages/describe_producers.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(DescribeProducers)
