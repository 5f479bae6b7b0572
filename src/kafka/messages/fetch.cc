#include "kafka/messages/fetch.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(Fetch)
