// The handlers of the Kafka APIs, one file each: api_<name>.cc. Their shape is explained in request.h, the
// table that names them is in dispatch.cc.
#pragma once

#include "broker/request.h"
#include "kafka/api.h"

namespace kontiki::broker {

#define KONTIKI_BROKER_HANDLER(function, name)                               \
  void function(const RequestContext& context, kafka::name##Request request, \
                Respond<kafka::name##Response> respond);

KONTIKI_BROKER_HANDLER(handle_produce, Produce)
KONTIKI_BROKER_HANDLER(handle_fetch, Fetch)
KONTIKI_BROKER_HANDLER(handle_list_offsets, ListOffsets)
KONTIKI_BROKER_HANDLER(handle_offset_for_leader_epoch, OffsetForLeaderEpoch)
KONTIKI_BROKER_HANDLER(handle_api_versions, ApiVersions)

#undef KONTIKI_BROKER_HANDLER

}  // namespace kontiki::broker
