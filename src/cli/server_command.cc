#include "base/check.h"
#include "cli/command.h"
#include "cli/server.h"
#include "cli/server_config.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <map>
#include <memory>

namespace kontiki::cli {
namespace {

struct Flags {
  std::map<std::string, std::string> values;
  std::string file;
};

int serve(Io& io, const std::map<std::string, std::string>& given, const std::optional<std::string>& file) {
  const auto config = make_server_config(file, given);
  if (!config) return fail(io, {ExitCode::kUsage, config.error()});
  return run_server(*config);
}

}  // namespace

void add_server_command(CLI::App& app, Command& selected) {
  CLI::App* server = app.add_subcommand("server", "Run a broker");
  auto flags = std::make_shared<Flags>();
  for (const ServerKey& key : server_keys()) {
    const std::string name(key.name);
    server->add_option("--" + name, flags->values[name], std::string(key.help))
        ->type_name(std::string(key.value));
  }
  CLI::Option* config =
      server->add_option("--config", flags->file, "YAML file with the same keys; flags win over it");
  config->type_name("FILE.yaml");
  server->footer(server_exit_codes_help());
  server->callback([flags, server, config, &selected] {
    std::map<std::string, std::string> given;
    for (const auto& [name, value] : flags->values) {
      if (server->get_option("--" + name)->count() > 0) given[name] = value;
    }
    const auto file = config->count() > 0 ? std::optional(flags->file) : std::nullopt;
    selected = [given, file](Io& io) { return serve(io, given, file); };
  });
}

}  // namespace kontiki::cli
