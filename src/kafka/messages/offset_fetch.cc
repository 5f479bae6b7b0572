#include "kafka/messages/offset_fetch.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(OffsetFetch)
