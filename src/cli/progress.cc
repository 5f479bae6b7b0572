#include "cli/progress.h"

#include <fmt/format.h>

#include <unistd.h>

namespace kontiki::cli {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::seconds kInterval{1};

bool is_terminal(std::FILE* file) {
  const int fd = fileno(file);
  return fd >= 0 && ::isatty(fd) == 1;
}

}  // namespace

Progress::Progress(std::FILE* err, const char* what)
    : err_(err),
      what_(what),
      is_terminal_(is_terminal(err)),
      next_(std::chrono::steady_clock::now() + kInterval) {}

Progress::~Progress() {
  if (is_shown_) fmt::print(err_, "\r\x1b[K");
}

void Progress::show(std::uint64_t messages) {
  if (is_terminal_ && SteadyClock::now() >= next_) say(fmt::format("{} messages", messages));
}

void Progress::say(std::string_view text) {
  if (!is_terminal_) return;
  const auto now = SteadyClock::now();
  if (now < next_) return;
  next_ = now + kInterval;
  fmt::print(err_, "\r{} {}\x1b[K", what_, text);
  std::fflush(err_);
  is_shown_ = true;
}

}  // namespace kontiki::cli
