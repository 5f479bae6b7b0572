#include "kafka/messages/metadata.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(Metadata)
