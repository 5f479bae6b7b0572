// ExitCode and Failure: how a command of the `kontiki` binary ends when it does not succeed. The codes from
// 10 on are those of base/check.h (Reason) and belong to the server; those here are the clients'. They are an
// interface for scripts: never renumber one.
#pragma once

#include "base/result.h"

#include <string>

namespace kontiki::cli {

enum class ExitCode : int {
  kOk = 0,
  kUsage = 2,         // bad flag or configuration; the same as Reason::kUsage
  kUnreachable = 3,   // no broker answered in time
  kNotFound = 4,      // no such topic, partition or file
  kRefused = 5,       // the cluster answered with an error
  kNotDelivered = 6,  // some messages were not acknowledged
  kInputOutput = 7,   // a local file or pipe failed
  kDamaged = 14,      // a file of the log is damaged; the same as Reason::kDataDamaged
};

// What went wrong, where, and what to do: one sentence for standard error, without the leading "kontiki: ".
struct Failure {
  ExitCode code = ExitCode::kRefused;
  std::string message;
};

template <typename T>
using Outcome = Result<T, Failure>;

// The table of exit codes for --help: those of clients, and those of `kontiki server`.
std::string client_exit_codes_help();
std::string server_exit_codes_help();

}  // namespace kontiki::cli
