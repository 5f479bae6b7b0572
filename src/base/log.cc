#include "base/log.h"

namespace kontiki {
namespace {
LogSink g_sink = nullptr;
LogLevel g_lowest = LogLevel::kInfo;
}  // namespace

void set_log_sink(LogSink sink, LogLevel lowest) {
  g_sink = sink;
  g_lowest = lowest;
}

bool log_enabled(LogLevel level) {
  return g_sink != nullptr && level >= g_lowest;
}

void log_line(LogLevel level, std::string_view line) {
  if (log_enabled(level)) g_sink(level, line);
}

}  // namespace kontiki
