#include "kafka/messages/sync_group.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(SyncGroup)
