// `kontiki log dump`: a file of the data folder in readable lines. Works on a copy or on the folder of a
// stopped broker; needs no cluster.
#include "cli/command.h"
#include "posix/posix_disk.h"
#include "storage/dump.h"

#include <CLI/CLI.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value.hpp>
#include <fmt/format.h>

#include <filesystem>
#include <memory>
#include <string>

namespace kontiki::cli {
namespace {

struct DumpOptions {
  std::string path;
  bool json = false;
};

int run_log_dump(Io& io, const DumpOptions& options) {
  if (!std::filesystem::exists(options.path)) {
    return fail(io, {ExitCode::kNotFound, fmt::format("there is no file {}", options.path)});
  }
  posix::PosixDisk disk;
  const auto is_intact = storage::dump_file(disk, options.path, [&](std::string_view line) {
    if (options.json) {
      fmt::print(io.out, "{}\n", boost::json::serialize(boost::json::value{{"line", line}}));
    } else {
      fmt::print(io.out, "{}\n", line);
    }
  });
  if (!is_intact) {
    return fail(io, {ExitCode::kInputOutput, is_intact.error().message});
  }
  if (options.json) {
    fmt::print(io.out, "{}\n", boost::json::serialize(boost::json::value{{"is_intact", *is_intact}}));
  }
  if (!*is_intact) {
    return fail(
        io, {ExitCode::kDamaged,
             fmt::format("{} is damaged, as its lines say; a file that a running broker writes to may end "
                         "in the middle of an entry",
                         options.path)});
  }
  return 0;
}

}  // namespace

void add_log_commands(CLI::App& app, Command& selected) {
  CLI::App* log = app.add_subcommand("log", "Look into the files of a data folder");
  log->require_subcommand(1);
  CLI::App* dump = log->add_subcommand("dump", "Print a write-ahead log, segment, index or snapshot file");
  auto options = std::make_shared<DumpOptions>();
  dump->add_option("FILE", options->path, "the file")->required();
  add_json_option(*dump, options->json);
  dump->footer(client_exit_codes_help());
  dump->callback(
      [options, &selected] { selected = [options](Io& io) { return run_log_dump(io, *options); }; });
}

}  // namespace kontiki::cli
