// The operator's pages of a real broker.
#include "broker/broker.h"
#include "broker/controller.h"
#include "http/pages.h"

#include <fmt/format.h>

#include <utility>

namespace kontiki::http {
namespace {

Readiness readiness_of(broker::Broker& broker) {
  if (broker.ready()) return {true, "Ready: this broker serves clients."};
  auto& controller = broker.controller();
  if (controller.leader() == kNoNode)
    return {false,
            "Not ready: no leader of the cluster's metadata is known. A majority of the brokers named by "
            "--seeds must run and reach each other."};
  if (!controller.registered())
    return {false, fmt::format("Not ready: broker {} is not registered in the cluster yet.",
                               broker.options().node_id.value)};
  if (broker.shard(0).cluster().cluster_id().is_zero())
    return {false, "Not ready: the cluster has no id yet; its first leader gives it one."};
  return {false, "Not ready: this broker is stopping."};
}

}  // namespace

Views views_of(broker::Broker& broker) {
  Views views;
  views.readiness = [&broker] { return readiness_of(broker); };
  views.collect = [&broker](std::move_only_function<void(broker::Metrics)> done) {
    broker.collect(std::move(done));
  };
  return views;
}

}  // namespace kontiki::http
