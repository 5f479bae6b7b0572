// CreateAcls (API key 30): answered as by a Kafka broker without an authorizer.

#include "broker/handlers.h"
#include "broker/unsupported.h"
#include "kafka/messages/create_acls.h"

namespace kontiki::broker {

void handle_create_acls(const RequestContext&, kafka::CreateAclsRequest request,
                        Respond<kafka::CreateAclsResponse> respond) {
  kafka::CreateAclsResponse response;
  response.results.assign(request.creations.size(), {kafka::ErrorCode::kSecurityDisabled, kNoAuthorizer});
  respond(response);
}

}  // namespace kontiki::broker
