#include "kafka/messages/offset_for_leader_epoch.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(OffsetForLeaderEpoch)
