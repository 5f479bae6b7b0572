#include "cli/command.h"
#include "cli/version.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <librdkafka/rdkafka.h>

namespace kontiki::cli {

void add_version_command(CLI::App& app, Command& selected) {
  CLI::App* version = app.add_subcommand("version", "Say which version this is");
  version->callback([&selected] {
    selected = [](Io& io) {
      fmt::print(io.out, "kontiki {} (client: librdkafka {})\n", kVersion, rd_kafka_version_str());
      return 0;
    };
  });
}

}  // namespace kontiki::cli
