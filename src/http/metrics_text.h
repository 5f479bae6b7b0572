// The broker's counters as Prometheus text (exposition format 0.0.4). A pure function of what was collected:
// no registry, no locks. Names: kontiki_*, with the unit; counters end in _total.
#pragma once

#include "broker/metrics.h"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace kontiki::http {

inline constexpr std::string_view kMetricsContentType = "text/plain; version=0.0.4; charset=utf-8";

// What only the operating system knows; the composition root asks it.
struct ProcessFacts {
  std::uint64_t resident_bytes = 0;
  std::uint64_t open_files = 0;
  double cpu_seconds = 0;
};

struct Vitals {
  bool ready = false;
  std::int64_t uptime_us = 0;
  std::optional<ProcessFacts> process;
};

std::string metrics_text(const broker::Metrics& metrics, const Vitals& vitals);

}  // namespace kontiki::http
