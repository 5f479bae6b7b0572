#include "kafka/messages/alter_client_quotas.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(AlterClientQuotas)
