// The broker as a process: the composition root. Builds clock, disk, network and threads from src/posix, the
// shards and the broker on top of them, and runs until SIGINT or SIGTERM.
#pragma once

#include "cli/server_config.h"

namespace kontiki::cli {

// Runs a broker until it is told to stop; returns the exit code of the process. A broken environment ends the
// process with its own code instead (base/check.h).
int run_server(const ServerConfig& config);

}  // namespace kontiki::cli
