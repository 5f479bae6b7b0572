#include "kafka/messages/find_coordinator.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(FindCoordinator)
