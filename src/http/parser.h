// Parser: turns the bytes of one HTTP connection into requests. Strict where leniency lets two parties read
// the same bytes as different requests (RFC 9112, sections 2.2, 5.1, 6.3, 11.2): line ends are CRLF, no
// folded lines, no space before a colon, one body length. Pure; owned by a Session.
//
// What it holds is bounded: the caller feeds it only while next() asks for more.
#pragma once

#include "base/result.h"
#include "base/slice.h"
#include "http/message.h"

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace kontiki::http {

class Parser {
 public:
  static constexpr std::size_t kRequestLineBytesMax = 2048;
  static constexpr std::size_t kHeadBytesMax = 8192;  // request line and fields
  static constexpr std::size_t kFieldsMax = 64;
  static constexpr std::size_t kBodyBytesMax = 64 << 10;

  void feed(Bytes bytes) { buffer_.append(as_text(bytes)); }
  // The next request; nothing if more bytes are needed. After an error, answer with that status and close:
  // where the next request would begin is not known.
  Result<std::optional<Request>, Status> next();
  // Whether part of a request has come, so that the peer owes the rest.
  bool is_inside_request() const { return !buffer_.empty(); }

 private:
  std::string buffer_;        // Invariant: begins where a request begins.
  std::size_t searched_ = 0;  // of buffer_, without finding the end of the head
};

}  // namespace kontiki::http
