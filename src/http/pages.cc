#include "http/pages.h"

#include "http/router.h"

#include <memory>
#include <utility>

namespace kontiki::http {
namespace {

constexpr std::string_view kIndex =
    "Kontiki broker\n"
    "\n"
    "/live     200 while the process runs\n"
    "/ready    200 when this broker serves clients, else 503 and what is missing\n"
    "/metrics  counters and latencies, as Prometheus text\n";

Response readiness_page(const Views& views) {
  const auto state = views.readiness();
  return Response::text(state.ready ? Status::kOk : Status::kUnavailable, state.sentence);
}

void metrics_page(const std::shared_ptr<const Views>& views, const env::Clock& clock, std::int64_t started_us,
                  Respond respond) {
  views->collect([views, &clock, started_us, respond = std::move(respond)](broker::Metrics metrics) mutable {
    Vitals vitals;
    vitals.ready = views->readiness().ready;
    vitals.uptime_us = clock.monotonic_us() - started_us;
    if (views->process) vitals.process = views->process();
    Response response;
    response.content_type = kMetricsContentType;
    response.body = metrics_text(metrics, vitals);
    respond(std::move(response));
  });
}

}  // namespace

Handler pages(Views given, const env::Clock& clock) {
  Router router;
  // Shared: a collection may be under way when the handler is gone.
  const auto views = std::make_shared<const Views>(std::move(given));
  router.get("/", [](const Request&, Respond respond) {
    Response response;
    response.body = kIndex;
    respond(std::move(response));
  });
  router.get("/live", [](const Request&, Respond respond) {
    respond(Response::text(Status::kOk, "The broker's process runs."));
  });
  router.get("/ready", [views](const Request&, Respond respond) { respond(readiness_page(*views)); });
  router.get("/metrics", [views, &clock, started_us = clock.monotonic_us()](const Request&, Respond respond) {
    metrics_page(views, clock, started_us, std::move(respond));
  });
  return [router = std::move(router)](const Request& request, Respond respond) {
    router.handle(request, std::move(respond));
  };
}

}  // namespace kontiki::http
