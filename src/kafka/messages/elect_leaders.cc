#include "kafka/messages/elect_leaders.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(ElectLeaders)
