#include "kafka/messages/create_acls.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(CreateAcls)
