// Fetch (API key 1): reads record batches, waiting for them if there are none yet. See fetch_run.h.

#include "broker/fetch_run.h"
#include "broker/handlers.h"
#include "broker/shard_broker.h"

namespace kontiki::broker {

void handle_fetch(const RequestContext& context, kafka::FetchRequest request,
                  Respond<kafka::FetchResponse> respond) {
  ShardBroker& shard = context.shard;
  const std::int64_t now = shard.clock().monotonic_us();
  FetchSessions::Opened opened = shard.sessions().open(request, context.version(), now);
  if (opened.error != kafka::ErrorCode::kNone) {
    shard.count_error(opened.error);
    kafka::FetchResponse response;
    response.error_code = opened.error;
    return respond(response);
  }
  auto run =
      std::make_unique<FetchRun>(shard, context.version(), request, std::move(opened), std::move(respond));
  FetchRun& made = *run;
  made.start(shard.add(std::move(run)));
}

}  // namespace kontiki::broker
