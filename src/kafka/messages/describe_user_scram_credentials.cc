#include "kafka/messages/describe_user_scram_credentials.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(DescribeUserScramCredentials)
