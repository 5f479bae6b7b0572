// Trace: the last events of a run in readable form, and optionally all of them as they happen: faults, the
// brokers' own log lines, what clients gave up on. Bounded. Owned by the run.
#pragma once

#include "sim/scheduler.h"

#include <cstdio>
#include <deque>
#include <string>
#include <utility>

namespace kontiki::sim {

class Trace {
 public:
  static constexpr std::size_t kLinesMax = 120;

  Trace(const Scheduler& scheduler, bool print) : scheduler_(scheduler), print_(print) {}

  void note(const std::string& text);
  void write(std::FILE* out) const;

 private:
  const Scheduler& scheduler_;
  const bool print_;
  std::deque<std::string> lines_;
};

}  // namespace kontiki::sim
