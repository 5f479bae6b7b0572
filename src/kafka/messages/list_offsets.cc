#include "kafka/messages/list_offsets.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(ListOffsets)
