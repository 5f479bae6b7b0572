#include "cli/exit_code.h"

#include "base/check.h"

#include <fmt/format.h>

#include <array>
#include <span>
#include <string_view>

namespace kontiki::cli {
namespace {

struct Row {
  int code;
  std::string_view meaning;
};

constexpr int number(ExitCode code) {
  return static_cast<int>(code);
}
constexpr int number(Reason reason) {
  return static_cast<int>(reason);
}

constexpr std::array kClientRows{
    Row{number(ExitCode::kOk), "done"},
    Row{number(ExitCode::kUsage), "bad flag or value"},
    Row{number(ExitCode::kUnreachable), "no broker answered in time"},
    Row{number(ExitCode::kNotFound), "no such topic, partition or file"},
    Row{number(ExitCode::kRefused), "the cluster answered with an error"},
    Row{number(ExitCode::kNotDelivered), "some messages were not acknowledged"},
    Row{number(ExitCode::kInputOutput), "a local file or pipe failed"},
    Row{number(ExitCode::kDamaged), "a file of the log is damaged"},
};

constexpr std::array kServerRows{
    Row{number(ExitCode::kOk), "stopped by SIGINT or SIGTERM"},
    Row{number(Reason::kUsage), "bad flag or configuration"},
    Row{number(Reason::kPortInUse), "a listening address cannot be bound"},
    Row{number(Reason::kDataNotWritable), "the data folder cannot be created or written"},
    Row{number(Reason::kDataOwned), "another live process owns the data folder"},
    Row{number(Reason::kDataMismatch),
        "the data folder belongs to another node, another cluster or a newer version"},
    Row{number(Reason::kDataDamaged), "acknowledged data is damaged"},
    Row{number(Reason::kDiskFull), "no space left on the disk"},
    Row{number(Reason::kDiskFailed), "a write or flush failed"},
    Row{number(Reason::kClock), "the clock is unusable"},
};

std::string table(std::span<const Row> rows) {
  std::string text = "Exit codes:\n";
  for (const Row& row : rows) text += fmt::format("  {:<4}{}\n", row.code, row.meaning);
  return text;
}

}  // namespace

std::string client_exit_codes_help() {
  return table(kClientRows);
}

std::string server_exit_codes_help() {
  return table(kServerRows);
}

}  // namespace kontiki::cli
