#include "kafka/messages/delete_acls.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(DeleteAcls)
