#include "kafka/messages/init_producer_id.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(InitProducerId)
