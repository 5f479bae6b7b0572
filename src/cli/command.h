// What every command of the `kontiki` binary shares: where it reads and writes, how it is registered with the
// command line, how it fails and how Ctrl-C reaches it. One thread.
#pragma once

#include "cli/exit_code.h"

#include <cstdio>
#include <functional>
#include <string>

namespace CLI {
class App;
}

namespace kontiki::cli {

// Standard input, output and error; tests put their own in place.
struct Io {
  int in = 0;
  std::FILE* out = stdout;
  std::FILE* err = stderr;
};

// What the command line has chosen; run after parsing. Returns the exit code of the process.
using Command = std::function<int(Io&)>;

// Each adds its subcommands to `app`; parsing one of them sets `selected`.
void add_server_command(CLI::App& app, Command& selected);
void add_topic_commands(CLI::App& app, Command& selected);
void add_produce_command(CLI::App& app, Command& selected);
void add_consume_command(CLI::App& app, Command& selected);
void add_group_commands(CLI::App& app, Command& selected);
void add_cluster_command(CLI::App& app, Command& selected);
void add_log_commands(CLI::App& app, Command& selected);
void add_version_command(CLI::App& app, Command& selected);

// --brokers and --json, the same for every client command.
void add_brokers_option(CLI::App& app, std::string& brokers);
void add_json_option(CLI::App& app, bool& json);

// Prints "kontiki: <message>" to standard error; returns the exit code.
int fail(Io& io, const Failure& failure);

// From here on SIGINT and SIGTERM set interrupted() instead of ending the process, and interrupt blocking
// calls.
void catch_interrupts();
bool interrupted();

}  // namespace kontiki::cli
