#include "http/message.h"

#include <fmt/format.h>

#include <iterator>
#include <utility>

namespace kontiki::http {

std::string_view reason(Status status) {
  switch (status) {
    case Status::kOk:
      return "OK";
    case Status::kBadRequest:
      return "Bad Request";
    case Status::kNotFound:
      return "Not Found";
    case Status::kMethodNotAllowed:
      return "Method Not Allowed";
    case Status::kContentTooLarge:
      return "Content Too Large";
    case Status::kUriTooLong:
      return "URI Too Long";
    case Status::kExpectationFailed:
      return "Expectation Failed";
    case Status::kHeadTooLarge:
      return "Request Header Fields Too Large";
    case Status::kInternalError:
      return "Internal Server Error";
    case Status::kNotImplemented:
      return "Not Implemented";
    case Status::kUnavailable:
      return "Service Unavailable";
    case Status::kVersionNotSupported:
      return "HTTP Version Not Supported";
  }
  return "Unknown";
}

Response Response::text(Status status, std::string_view sentence) {
  Response response;
  response.status = status;
  response.body = std::string(sentence) + "\n";
  return response;
}

std::vector<Slice> serialize(const Response& response, bool keep_alive, bool is_head) {
  std::string head;
  const auto out = std::back_inserter(head);
  fmt::format_to(out, "HTTP/1.1 {} {}\r\n", static_cast<int>(response.status), reason(response.status));
  fmt::format_to(out, "Content-Type: {}\r\nContent-Length: {}\r\n", response.content_type,
                 response.body.size());
  if (!response.allow.empty()) fmt::format_to(out, "Allow: {}\r\n", response.allow);
  // What is shown here is old a moment later, and a browser is not to guess types.
  fmt::format_to(out, "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: {}\r\n\r\n",
                 keep_alive ? "keep-alive" : "close");
  std::vector<Slice> pieces{Slice::copy_of(head)};
  if (!is_head && !response.body.empty()) pieces.push_back(Slice::copy_of(response.body));
  return pieces;
}

}  // namespace kontiki::http
