// LineReader: lines of a file descriptor, one by one, without copying what is already in memory. Owns its
// buffer, not the descriptor. A read that a signal interrupts ends it when interrupted() says so.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace kontiki::cli {

class LineReader {
 public:
  static constexpr std::size_t kLineBytesMax = 100u << 20;  // no broker takes a larger message

  explicit LineReader(int fd) : fd_(fd) {}
  // The next line without its '\n', valid until the next call; none at the end, or after an error. The last
  // line needs no '\n'.
  std::optional<std::string_view> next();
  // Why there is no further line, if it is not simply the end.
  const std::optional<std::string>& error() const { return error_; }

 private:
  bool fill();  // reads more; false at the end and after an error

  int fd_;
  std::string buffer_;
  std::size_t begin_ = 0;     // of what has not been handed out
  std::size_t searched_ = 0;  // no '\n' in [begin_, searched_)
  bool at_end_ = false;
  std::optional<std::string> error_;
};

}  // namespace kontiki::cli
