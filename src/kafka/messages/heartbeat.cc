#include "kafka/messages/heartbeat.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(Heartbeat)
