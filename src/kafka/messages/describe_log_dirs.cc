#include "kafka/messages/describe_log_dirs.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(DescribeLogDirs)
