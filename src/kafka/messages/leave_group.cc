#include "kafka/messages/leave_group.h"

#include "kafka/codec_define.h"

KONTIKI_KAFKA_DEFINE_CODEC(LeaveGroup)
