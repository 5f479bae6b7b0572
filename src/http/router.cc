#include "http/router.h"

#include <utility>

namespace kontiki::http {

void Router::handle(const Request& request, Respond respond) const {
  const auto page = pages_.find(request.path);
  if (page == pages_.end()) {
    respond(Response::text(Status::kNotFound, "There is no such page; / lists those that exist."));
    return;
  }
  if (request.method != "GET" && !request.is_head()) {
    auto response = Response::text(Status::kMethodNotAllowed, "This page can only be read: use GET.");
    response.allow = "GET, HEAD";
    respond(std::move(response));
    return;
  }
  page->second(request, std::move(respond));
}

}  // namespace kontiki::http
