// Request and Response of HTTP/1.1, as pages see them. Values.
#pragma once

#include "base/slice.h"

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

namespace kontiki::http {

// The status codes that this server sends.
enum class Status : std::uint16_t {
  kOk = 200,
  kBadRequest = 400,
  kNotFound = 404,
  kMethodNotAllowed = 405,
  kContentTooLarge = 413,
  kUriTooLong = 414,
  kExpectationFailed = 417,
  kHeadTooLarge = 431,
  kInternalError = 500,
  kNotImplemented = 501,
  kUnavailable = 503,
  kVersionNotSupported = 505,
};
std::string_view reason(Status status);

struct Request {
  std::string method;  // as sent: methods are case-sensitive
  std::string path;    // begins with '/'; not decoded: no page has a name that needs it
  std::string query;   // after the '?', not decoded
  std::string body;
  bool keep_alive = true;

  bool is_head() const { return method == "HEAD"; }
};

struct Response {
  Status status = Status::kOk;
  std::string content_type = "text/plain; charset=utf-8";
  std::string body;
  std::string allow;  // the methods of the page, for kMethodNotAllowed

  // A sentence and a line end.
  static Response text(Status status, std::string_view sentence);
};

// Answers one request; called once, on the server's executor, at once or later. Harmless when the connection
// is gone by then.
using Respond = std::move_only_function<void(Response)>;
using Handler = std::function<void(const Request&, Respond)>;

// Head and body as pieces to be sent; without the body for a HEAD request.
std::vector<Slice> serialize(const Response& response, bool keep_alive, bool is_head);

}  // namespace kontiki::http
