#include "cli/line_reader.h"

#include "cli/command.h"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <unistd.h>

namespace kontiki::cli {

std::optional<std::string_view> LineReader::next() {
  while (true) {
    const std::size_t end = buffer_.find('\n', searched_);
    if (end != std::string::npos) {
      const std::string_view line(buffer_.data() + begin_, end - begin_);
      begin_ = searched_ = end + 1;
      return line;
    }
    searched_ = buffer_.size();
    if (fill()) continue;
    if (error_ || begin_ == buffer_.size()) return std::nullopt;
    const std::string_view rest(buffer_.data() + begin_, buffer_.size() - begin_);
    begin_ = buffer_.size();
    return rest;
  }
}

bool LineReader::fill() {
  constexpr std::size_t kChunkBytes = 256u << 10;
  if (at_end_) return false;
  buffer_.erase(0, begin_);
  searched_ -= begin_;
  begin_ = 0;
  if (buffer_.size() > kLineBytesMax) {
    error_ = fmt::format("a line is longer than {} MiB, which no broker takes", kLineBytesMax >> 20);
    at_end_ = true;
    return false;
  }
  const std::size_t kept = buffer_.size();
  buffer_.resize(kept + kChunkBytes);
  ssize_t got = -1;
  do {
    got = interrupted() ? 0 : ::read(fd_, buffer_.data() + kept, kChunkBytes);
  } while (got < 0 && errno == EINTR);
  if (got < 0) error_ = fmt::format("cannot read the input: {}", std::strerror(errno));
  buffer_.resize(kept + static_cast<std::size_t>(got > 0 ? got : 0));
  at_end_ = got <= 0;
  return got > 0;
}

}  // namespace kontiki::cli
