// DescribeAcls (API key 29): answered as by a Kafka broker without an authorizer.

#include "broker/handlers.h"
#include "broker/unsupported.h"
#include "kafka/messages/describe_acls.h"

namespace kontiki::broker {

void handle_describe_acls(const RequestContext&, kafka::DescribeAclsRequest,
                          Respond<kafka::DescribeAclsResponse> respond) {
  kafka::DescribeAclsResponse response;
  response.error_code = kafka::ErrorCode::kSecurityDisabled;
  response.error_message = kNoAuthorizer;
  respond(response);
}

}  // namespace kontiki::broker
