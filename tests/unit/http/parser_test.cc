#include "http/parser.h"

#include <gtest/gtest.h>

#include <string>

namespace kontiki::http {
namespace {

std::string head(const std::string& line, const std::string& fields = "Host: a\r\n") {
  return line + "\r\n" + fields + "\r\n";
}

Result<std::optional<Request>, Status> parse(const std::string& text) {
  Parser parser;
  parser.feed(as_bytes(text));
  return parser.next();
}

Status refusal(const std::string& text) {
  const auto parsed = parse(text);
  return parsed ? Status::kOk : parsed.error();
}

TEST(HttpParser, ReadsMethodPathAndQuery) {
  const auto parsed = parse(head("GET /metrics?name=a%20b HTTP/1.1"));
  ASSERT_TRUE(parsed && *parsed);
  EXPECT_EQ((*parsed)->method, "GET");
  EXPECT_EQ((*parsed)->path, "/metrics");
  EXPECT_EQ((*parsed)->query, "name=a%20b");
  EXPECT_TRUE((*parsed)->keep_alive);
}

TEST(HttpParser, GivesTheSameRequestsHoweverTheBytesAreCut) {
  const std::string text = head("GET /a HTTP/1.1") +
                           head("POST /b HTTP/1.1", "Host: x\r\nContent-Length: 3\r\n") + "xyz" +
                           head("HEAD /c HTTP/1.1");
  for (std::size_t step = 1; step <= text.size(); ++step) {
    Parser parser;
    std::string seen;
    for (std::size_t at = 0; at < text.size(); at += step) {
      parser.feed(as_bytes(std::string_view(text).substr(at, step)));
      while (true) {
        auto parsed = parser.next();
        ASSERT_TRUE(parsed);
        if (!*parsed) break;
        seen += (*parsed)->method + (*parsed)->path + (*parsed)->body + ";";
      }
    }
    EXPECT_EQ(seen, "GET/a;POST/bxyz;HEAD/c;") << "step " << step;
    EXPECT_FALSE(parser.is_inside_request());
  }
}

TEST(HttpParser, NeedsTheWholeHead) {
  const std::string text = head("GET / HTTP/1.1");
  for (std::size_t size = 0; size < text.size(); ++size) {
    const auto parsed = parse(text.substr(0, size));
    ASSERT_TRUE(parsed) << size;
    EXPECT_FALSE(*parsed) << size;
  }
}

TEST(HttpParser, KeepsTheConnectionAsTheVersionAndTheClientSay) {
  EXPECT_FALSE((*parse(head("GET / HTTP/1.0")))->keep_alive);
  EXPECT_TRUE((*parse(head("GET / HTTP/1.0", "Connection: Keep-Alive\r\n")))->keep_alive);
  EXPECT_FALSE((*parse(head("GET / HTTP/1.1", "Host: a\r\nconnection: x, CLOSE\r\n")))->keep_alive);
}

TEST(HttpParser, UnderstandsTheFormThatProxiesGet) {
  EXPECT_EQ((*parse(head("GET http://host:1/live HTTP/1.1")))->path, "/live");
  EXPECT_EQ((*parse(head("GET http://host HTTP/1.1")))->path, "/");
  EXPECT_EQ((*parse(head("GET HTTP://host?q HTTP/1.1")))->query, "q");
}

TEST(HttpParser, RefusesWhatTwoPartiesCouldReadDifferently) {
  EXPECT_EQ(refusal("GET / HTTP/1.1\nHost: a\n\n"), Status::kBadRequest);
  EXPECT_EQ(refusal(head("GET / HTTP/1.1", "Host : a\r\n")), Status::kBadRequest);
  EXPECT_EQ(refusal(head("GET / HTTP/1.1", "Host: a\r\n folded\r\n")), Status::kBadRequest);
  EXPECT_EQ(refusal(head("GET / HTTP/1.1", "Host: a\r\nX: b\nEvil: c\r\n")), Status::kBadRequest);
  EXPECT_EQ(refusal(head("GET / HTTP/1.1", "Host: a\r\nHost: b\r\n")), Status::kBadRequest);
  EXPECT_EQ(refusal(head("GET / HTTP/1.1", "")), Status::kBadRequest);
  EXPECT_EQ(refusal(head("GET / HTTP/1.1", "Host: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n")),
            Status::kBadRequest);
  EXPECT_EQ(refusal(head("GET / HTTP/1.1", "Host: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n")),
            Status::kBadRequest);
  EXPECT_EQ(refusal(head("GET / HTTP/1.1", std::string("Host: a") + '\0' + "\r\n")), Status::kBadRequest);
}

TEST(HttpParser, RefusesMalformedRequestLines) {
  for (const char* line : {"GET", "GET /", "GET / ", "GET  HTTP/1.1", "GET / HTTP/1.1 ", " GET / HTTP/1.1",
                           "G(T / HTTP/1.1", "GET x HTTP/1.1", "GET / http/1.1", "GET / HTTP/1.10",
                           "GET /a b HTTP/1.1", "GET /\x01 HTTP/1.1", "\x16\x03\x01"})
    EXPECT_EQ(refusal(head(line)), Status::kBadRequest) << line;
  EXPECT_EQ(refusal(head("GET / HTTP/2.0")), Status::kVersionNotSupported);
}

TEST(HttpParser, BelievesNoLength) {
  EXPECT_EQ(refusal(head("GET / HTTP/1.1", "Host: a\r\nContent-Length: 99999999999999999999999\r\n")),
            Status::kContentTooLarge);
  EXPECT_EQ(refusal(head("GET / HTTP/1.1", "Host: a\r\nContent-Length: 65537\r\n")),
            Status::kContentTooLarge);
  for (const char* length : {"-1", "+1", "0x1", "1 1", "1,1", ""})
    EXPECT_EQ(refusal(head("GET / HTTP/1.1", "Host: a\r\nContent-Length: " + std::string(length) + "\r\n")),
              Status::kBadRequest)
        << length;
  EXPECT_EQ(refusal(head("GET / HTTP/1.1", "Host: a\r\nTransfer-Encoding: chunked\r\n")),
            Status::kNotImplemented);
}

TEST(HttpParser, BoundsTheHead) {
  EXPECT_EQ(refusal("GET /" + std::string(3000, 'a')), Status::kUriTooLong);
  EXPECT_EQ(refusal(head("GET /" + std::string(3000, 'a') + " HTTP/1.1")), Status::kUriTooLong);
  EXPECT_EQ(refusal(head("GET / HTTP/1.1", "Host: a\r\nX: " + std::string(9000, 'a') + "\r\n")),
            Status::kHeadTooLarge);
  EXPECT_EQ(refusal("GET / HTTP/1.1\r\nX: " + std::string(9000, 'a')), Status::kHeadTooLarge);
  std::string many = "Host: a\r\n";
  for (int i = 0; i < 64; ++i) many += "X: y\r\n";
  EXPECT_EQ(refusal(head("GET / HTTP/1.1", many)), Status::kHeadTooLarge);
}

}  // namespace
}  // namespace kontiki::http
