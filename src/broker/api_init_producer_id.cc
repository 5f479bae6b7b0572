// InitProducerId (API key 22), for idempotent producers: an id that no producer ever had, with epoch 0. Any
// broker gives it.
//
// A producer that brings its old id and epoch (version 3 on) gets a fresh id as well: without a transactional
// id nobody else can be meant by the old one, so there is nothing to fence. A transactional id is refused
// with INVALID_REQUEST, which clients take as final; an error that they retry would only hide that there are
// no transactions here.

#include "broker/handlers.h"
#include "broker/producer_ids.h"
#include "broker/shard_broker.h"
#include "kafka/messages/init_producer_id.h"

#include <utility>

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;
using Answer = Respond<kafka::InitProducerIdResponse>;

void refuse(ShardBroker& shard, Answer& respond, ErrorCode error) {
  shard.count_error(error);
  kafka::InitProducerIdResponse response;
  response.error_code = error;
  response.producer_id = kNoProducer.value;
  response.producer_epoch = -1;
  respond(response);
}

bool is_valid(const kafka::InitProducerIdRequest& request) {
  if (request.transactional_id) return false;
  // Both or neither.
  return (request.producer_id == kNoProducer.value) == (request.producer_epoch == -1) &&
         request.producer_id >= kNoProducer.value && request.producer_epoch >= -1;
}

}  // namespace

void handle_init_producer_id(const RequestContext& context, kafka::InitProducerIdRequest request,
                             Respond<kafka::InitProducerIdResponse> respond) {
  ShardBroker& shard = context.shard;
  if (!is_valid(request)) return refuse(shard, respond, ErrorCode::kInvalidRequest);
  shard.producer_ids().take(
      [&shard, respond = std::move(respond)](Result<ProducerId, SubmitError> id) mutable {
        // Kafka's answer while its coordinator cannot give ids; every client comes again.
        if (!id) return refuse(shard, respond, ErrorCode::kCoordinatorLoadInProgress);
        kafka::InitProducerIdResponse response;
        response.producer_id = id->value;
        response.producer_epoch = 0;
        respond(response);
      });
}

}  // namespace kontiki::broker
