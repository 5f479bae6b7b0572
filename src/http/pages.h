// The operator's pages: / (what there is), /live, /ready, /metrics. They see the broker through two questions
// only (Views), so they can be shown of anything that answers them.
//
//   http::Server::start(network, executor, {.listen = address}, http::pages(http::views_of(broker), clock));
#pragma once

#include "broker/metrics.h"
#include "env/clock.h"
#include "http/message.h"
#include "http/metrics_text.h"

#include <functional>
#include <string>

namespace kontiki::broker {
class Broker;
}

namespace kontiki::http {

struct Readiness {
  bool ready = false;
  std::string sentence;  // what is missing, for the operator; or that nothing is
};

// Asked on the server's executor.
struct Views {
  std::function<Readiness()> readiness;
  std::function<void(std::move_only_function<void(broker::Metrics)>)> collect;
  std::function<ProcessFacts()> process = {};  // optional
};

// The broker outlives whatever the views are given to.
Views views_of(broker::Broker& broker);

// A handler for Server; uptime counts from this call. `clock` outlives it.
Handler pages(Views views, const env::Clock& clock);

}  // namespace kontiki::http
