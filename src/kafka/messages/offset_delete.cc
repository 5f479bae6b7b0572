#include "kafka/messages/offset_delete.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(OffsetDelete)
