#include "sim/run/trace.h"

#include <fmt/format.h>

namespace kontiki::sim {

void Trace::note(const std::string& text) {
  std::string line = fmt::format("{:12.6f} {}", static_cast<double>(scheduler_.now_us()) / 1e6, text);
  if (print_) std::fprintf(stderr, "%s\n", line.c_str());
  lines_.push_back(std::move(line));
  if (lines_.size() > kLinesMax) lines_.pop_front();
}

void Trace::write(std::FILE* out) const {
  for (const std::string& line : lines_) std::fprintf(out, "  %s\n", line.c_str());
}

}  // namespace kontiki::sim
