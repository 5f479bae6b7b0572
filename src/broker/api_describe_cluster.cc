// DescribeCluster (API key 60): the cluster's id, its brokers, and where administrative requests go.

#include "broker/cluster_view.h"
#include "broker/handlers.h"
#include "broker/shard_broker.h"
#include "kafka/messages/describe_cluster.h"

namespace kontiki::broker {
namespace {

using kafka::ErrorCode;

constexpr std::int8_t kBrokers = 1;
constexpr std::int8_t kControllers = 2;

void show_node(const metadata::Node& node, bool is_fenced, kafka::DescribeClusterResponse& response) {
  auto& broker = response.brokers.emplace_back();
  broker.broker_id = node.id.value;
  broker.host = node.host;
  broker.port = node.port;
  if (!node.rack.empty()) broker.rack = node.rack;
  broker.is_fenced = is_fenced;
}

}  // namespace

void handle_describe_cluster(const RequestContext& context, kafka::DescribeClusterRequest request,
                             Respond<kafka::DescribeClusterResponse> respond) {
  kafka::DescribeClusterResponse response;
  response.endpoint_type = request.endpoint_type;
  if (request.endpoint_type != kBrokers) {
    const bool is_known = request.endpoint_type == kControllers;
    response.error_code = is_known ? ErrorCode::kMismatchedEndpointType : ErrorCode::kUnsupportedEndpointType;
    response.error_message = "This is a broker, and brokers are all that it can describe.";
    context.shard.count_error(response.error_code);
    return respond(response);
  }
  const auto view = view_of(context.shard);
  response.cluster_id = view.cluster_id().value_or("");
  response.controller_id = view.controller().value;
  for (const auto& [id, node] : view.cluster.nodes()) {
    const bool is_fenced = !view.is_alive(id);
    if (!is_fenced || request.include_fenced_brokers) show_node(node, is_fenced, response);
  }
  if (request.include_cluster_authorized_operations)
    response.cluster_authorized_operations = kClusterOperations;
  respond(response);
}

}  // namespace kontiki::broker
