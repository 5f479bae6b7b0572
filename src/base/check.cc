#include "base/check.h"

#include <cstdio>
#include <cstdlib>

namespace kontiki {
namespace {
FatalHandler g_fatal_handler = nullptr;
}

void set_fatal_handler(FatalHandler handler) {
  g_fatal_handler = handler;
}

void fatal(Reason reason, std::string_view message) {
  if (g_fatal_handler != nullptr) g_fatal_handler(reason, message);
  std::fprintf(stderr, "kontiki: %.*s\n", static_cast<int>(message.size()), message.data());
  std::fflush(stderr);
  std::_Exit(static_cast<int>(reason));
}

namespace detail {
void check_failed(const char* file, int line, const char* expression, std::string_view message) {
  std::fprintf(stderr, "kontiki: %s:%d: CHECK failed: %s%s%.*s\n", file, line, expression,
               message.empty() ? "" : ": ", static_cast<int>(message.size()), message.data());
  std::fflush(stderr);
  std::abort();
}
}  // namespace detail
}  // namespace kontiki
