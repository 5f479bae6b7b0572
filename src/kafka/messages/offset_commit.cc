#include "kafka/messages/offset_commit.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(OffsetCommit)
