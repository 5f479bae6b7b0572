#include "kafka/messages/list_groups.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(ListGroups)
