#include "kafka/messages/produce.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(Produce)
