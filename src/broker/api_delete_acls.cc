// DeleteAcls (API key 31): answered as by a Kafka broker without an authorizer.

#include "broker/handlers.h"
#include "broker/unsupported.h"
#include "kafka/messages/delete_acls.h"

namespace kontiki::broker {

void handle_delete_acls(const RequestContext&, kafka::DeleteAclsRequest request,
                        Respond<kafka::DeleteAclsResponse> respond) {
  kafka::DeleteAclsResponse response;
  response.filter_results.assign(request.filters.size(),
                                 {kafka::ErrorCode::kSecurityDisabled, kNoAuthorizer, {}});
  respond(response);
}

}  // namespace kontiki::broker
