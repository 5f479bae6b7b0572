#include "kafka/messages/incremental_alter_configs.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(IncrementalAlterConfigs)
