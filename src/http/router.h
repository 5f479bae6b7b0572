// Router: which page answers which path. Filled before the server starts, constant after.
#pragma once

#include "http/message.h"

#include <functional>
#include <map>
#include <string>

namespace kontiki::http {

class Router {
 public:
  // A page that only shows something: GET and HEAD, at exactly this path.
  void get(const std::string& path, Handler handler) { pages_[path] = std::move(handler); }
  // 404 for an unknown path, 405 for a method that the page does not have.
  void handle(const Request& request, Respond respond) const;

 private:
  std::map<std::string, Handler, std::less<>> pages_;
};

}  // namespace kontiki::http
