// The server's configuration file, and addresses on the command line. The reader takes a path, so the bytes
// go through a file of this process's own.
#include "base/check.h"
#include "cli/server_config.h"
#include "fuzz/fuzzer.h"

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <unistd.h>

using namespace kontiki;

namespace {

std::string path_of_this_process() {
  static const std::string path = [] {
    const auto name = "kontiki-fuzz-config-" + std::to_string(getpid()) + ".yaml";
    return (std::filesystem::temp_directory_path() / name).string();
  }();
  static const int registered = std::atexit([] { std::filesystem::remove(path); });
  (void)registered;
  return path;
}

}  // namespace

KONTIKI_FUZZER(config) {
  if (input.size() > 65536) return;
  const std::string path = path_of_this_process();
  std::ofstream(path, std::ios::binary | std::ios::trunc) << as_text(input);
  cli::ServerConfig config;
  if (const auto read = cli::read_config_file(path, config)) {
    if (cli::finish(config)) CHECK(!config.seeds.empty(), "a finished configuration has seeds");
  } else {
    CHECK(!read.error().empty(), "an error says what is wrong");
  }
  (void)cli::parse_address(as_text(input));
}
KONTIKI_FUZZER_END
