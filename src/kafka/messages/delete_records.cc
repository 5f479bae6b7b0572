#include "kafka/messages/delete_records.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(DeleteRecords)
