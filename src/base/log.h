// Log lines of the product. Modules say what happened; the composition root decides where lines go
// (set_log_sink). One line per event, for an operator: what, where, what follows. Never per message in the
// steady state.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <string_view>
#include <utility>

namespace kontiki {

enum class LogLevel : std::uint8_t { kDebug, kInfo, kWarning, kError };

using LogSink = void (*)(LogLevel, std::string_view line);
// Must be set before any shard runs; the sink is called from every shard. Without one, lines are dropped.
void set_log_sink(LogSink sink, LogLevel lowest);
bool log_enabled(LogLevel level);
void log_line(LogLevel level, std::string_view line);

template <typename... Args>
void log(LogLevel level, fmt::format_string<Args...> format, Args&&... args) {
  if (log_enabled(level)) log_line(level, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace kontiki
