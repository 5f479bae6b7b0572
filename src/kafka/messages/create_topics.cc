#include "kafka/messages/create_topics.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(CreateTopics)
