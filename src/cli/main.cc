// The `kontiki` binary: parses the command line and runs the one command that it names.
#include "cli/command.h"
#include "cli/version.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

int main(int argc, char** argv) {
  using namespace kontiki::cli;
  CLI::App app("Kontiki: a durable, distributed message queue that every Kafka client can talk to.",
               "kontiki");
  app.require_subcommand(1);
  app.set_version_flag("--version", std::string("kontiki ") + kVersion);
  Command selected;
  add_server_command(app, selected);
  add_topic_commands(app, selected);
  add_produce_command(app, selected);
  add_consume_command(app, selected);
  add_group_commands(app, selected);
  add_cluster_command(app, selected);
  add_log_commands(app, selected);
  add_version_command(app, selected);
  try {
    app.parse(argc, argv);
  } catch (const CLI::CallForHelp&) {
    fmt::print("{}", app.help());
    return 0;
  } catch (const CLI::Success& done) {
    return app.exit(done);
  } catch (const CLI::ParseError& error) {
    const CLI::App* at = &app;
    std::string words = "kontiki";
    while (!at->get_subcommands().empty()) {
      at = at->get_subcommands().front();
      words += " " + at->get_name();
    }
    fmt::print(stderr, "kontiki: {} (see `{} --help`)\n", error.what(), words);
    return static_cast<int>(ExitCode::kUsage);
  }
  Io io;
  return selected(io);
}
