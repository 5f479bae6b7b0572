#include "http/parser.h"

#include <algorithm>
#include <cctype>
#include <charconv>
#include <utility>

namespace kontiki::http {
namespace {

constexpr std::string_view kLineEnd = "\r\n";
constexpr std::string_view kHeadEnd = "\r\n\r\n";

bool is_token_char(char c) {
  constexpr std::string_view kMarks = "!#$%&'*+-.^_`|~";
  return std::isalnum(static_cast<unsigned char>(c)) != 0 || kMarks.find(c) != std::string_view::npos;
}
bool is_token(std::string_view text) {
  return !text.empty() && std::all_of(text.begin(), text.end(), is_token_char);
}
bool is_visible(char c) {
  return c > 0x20 && c < 0x7f;
}
// Text, tabs and bytes above ASCII; no other control characters.
bool is_field_value_char(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return c == '\t' || (byte >= 0x20 && byte != 0x7f);
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kBlanks = " \t";
  const auto first = text.find_first_not_of(kBlanks);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kBlanks) - first + 1);
}

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(), [](char x, char y) {
    return std::tolower(static_cast<unsigned char>(x)) == std::tolower(static_cast<unsigned char>(y));
  });
}

// Whether a comma-separated list names the word.
bool lists(std::string_view list, std::string_view word) {
  while (!list.empty()) {
    const auto comma = std::min(list.find(','), list.size());
    if (equals_ignoring_case(trim(list.substr(0, comma)), word)) return true;
    list.remove_prefix(std::min(comma + 1, list.size()));
  }
  return false;
}

// The fields that this server acts on.
struct Head {
  Request request;
  bool is_http_1_0 = false;
  std::size_t hosts = 0;
  std::size_t fields = 0;
  std::optional<std::size_t> content_length;
  bool has_transfer_encoding = false;
  bool expects_continue = false;
};

std::optional<Status> parse_target(std::string_view target, Request& request) {
  if (target.empty() || !std::all_of(target.begin(), target.end(), is_visible)) return Status::kBadRequest;
  if (target.front() != '/') {
    // The absolute form, as sent to a proxy, must be understood too.
    constexpr std::string_view kScheme = "http://";
    if (target.size() < kScheme.size() || !equals_ignoring_case(target.substr(0, kScheme.size()), kScheme))
      return Status::kBadRequest;
    target.remove_prefix(kScheme.size());
    target.remove_prefix(std::min(target.find_first_of("/?"), target.size()));
  }
  const auto question = std::min(target.find('?'), target.size());
  request.path = target.substr(0, question);
  if (request.path.empty()) request.path = "/";
  if (question < target.size()) request.query = target.substr(question + 1);
  return std::nullopt;
}

std::optional<Status> parse_request_line(std::string_view line, Head& head) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last) return Status::kBadRequest;
  const auto method = line.substr(0, first);
  const auto version = line.substr(last + 1);
  if (!is_token(method)) return Status::kBadRequest;
  const auto is_digit = [](char c) { return c >= '0' && c <= '9'; };
  if (version.size() != 8 || !version.starts_with("HTTP/") || !is_digit(version[5]) || version[6] != '.' ||
      !is_digit(version[7]))
    return Status::kBadRequest;
  if (version[5] != '1') return Status::kVersionNotSupported;
  head.is_http_1_0 = version[7] == '0';
  head.request.keep_alive = !head.is_http_1_0;
  head.request.method = method;
  return parse_target(line.substr(first + 1, last - first - 1), head.request);
}

std::optional<Status> parse_content_length(std::string_view value, Head& head) {
  std::size_t length = 0;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), length);
  if (error == std::errc::result_out_of_range) return Status::kContentTooLarge;
  if (error != std::errc{} || end != value.data() + value.size()) return Status::kBadRequest;
  if (head.content_length && *head.content_length != length) return Status::kBadRequest;
  head.content_length = length;
  return std::nullopt;
}

std::optional<Status> parse_field(std::string_view line, Head& head) {
  if (++head.fields > Parser::kFieldsMax) return Status::kHeadTooLarge;
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return Status::kBadRequest;
  const auto name = line.substr(0, colon);
  const auto value = trim(line.substr(colon + 1));
  if (!is_token(name) || !std::all_of(value.begin(), value.end(), is_field_value_char))
    return Status::kBadRequest;
  if (equals_ignoring_case(name, "Host")) ++head.hosts;
  if (equals_ignoring_case(name, "Transfer-Encoding")) head.has_transfer_encoding = true;
  if (equals_ignoring_case(name, "Expect")) head.expects_continue = true;
  if (equals_ignoring_case(name, "Connection")) {
    if (lists(value, "close")) head.request.keep_alive = false;
    if (head.is_http_1_0 && lists(value, "keep-alive")) head.request.keep_alive = true;
  }
  if (equals_ignoring_case(name, "Content-Length")) return parse_content_length(value, head);
  return std::nullopt;
}

std::optional<Status> check(const Head& head) {
  if (head.hosts > 1 || (head.hosts == 0 && !head.is_http_1_0)) return Status::kBadRequest;
  if (head.has_transfer_encoding) return head.content_length ? Status::kBadRequest : Status::kNotImplemented;
  if (head.content_length.value_or(0) > Parser::kBodyBytesMax) return Status::kContentTooLarge;
  if (head.expects_continue) return Status::kExpectationFailed;
  return std::nullopt;
}

// `text`: lines, each with its end.
Result<Head, Status> parse_head(std::string_view text) {
  Head head;
  bool is_first = true;
  while (!text.empty()) {
    const auto end = text.find(kLineEnd);
    const auto line = text.substr(0, end);
    const auto refused = is_first ? parse_request_line(line, head) : parse_field(line, head);
    if (refused) return unexpected(*refused);
    is_first = false;
    text.remove_prefix(end + kLineEnd.size());
  }
  if (const auto refused = check(head)) return unexpected(*refused);
  return head;
}

// Why a head without an end is refused, if it is long enough for that.
std::optional<Status> check_unfinished(std::string_view bytes) {
  const auto line = bytes.find('\n');
  if (line != std::string_view::npos && (line == 0 || bytes[line - 1] != '\r')) return Status::kBadRequest;
  if (line == std::string_view::npos && bytes.size() > Parser::kRequestLineBytesMax)
    return Status::kUriTooLong;
  if (bytes.size() > Parser::kHeadBytesMax) return Status::kHeadTooLarge;
  return std::nullopt;
}

}  // namespace

Result<std::optional<Request>, Status> Parser::next() {
  // Old clients end a body with a line end that its length does not count.
  while (buffer_.starts_with(kLineEnd)) buffer_.erase(0, kLineEnd.size());
  const auto end = buffer_.find(kHeadEnd, searched_);
  if (end == std::string::npos) {
    if (const auto refused = check_unfinished(buffer_)) return unexpected(*refused);
    searched_ = buffer_.size() - std::min(buffer_.size(), kHeadEnd.size() - 1);
    return std::nullopt;
  }
  searched_ = end;
  if (buffer_.find(kLineEnd) > kRequestLineBytesMax) return unexpected(Status::kUriTooLong);
  if (end > kHeadBytesMax) return unexpected(Status::kHeadTooLarge);
  auto head = parse_head(std::string_view(buffer_).substr(0, end + kLineEnd.size()));
  if (!head) return unexpected(head.error());
  const std::size_t body_at = end + kHeadEnd.size();
  const std::size_t body_size = head->content_length.value_or(0);
  if (buffer_.size() - body_at < body_size) return std::nullopt;
  head->request.body = buffer_.substr(body_at, body_size);
  buffer_.erase(0, body_at + body_size);
  searched_ = 0;
  return std::move(head->request);
}

}  // namespace kontiki::http
