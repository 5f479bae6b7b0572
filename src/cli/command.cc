#include "cli/command.h"

#include <CLI/CLI.hpp>
#include <fmt/format.h>

#include <csignal>

namespace kontiki::cli {
namespace {

volatile std::sig_atomic_t g_interrupted = 0;

void remember_interrupt(int) {
  g_interrupted = 1;
}

}  // namespace

void add_brokers_option(CLI::App& app, std::string& brokers) {
  brokers = "localhost:9092";
  app.add_option("-b,--brokers", brokers, "brokers to ask first (default localhost:9092)")
      ->type_name("HOST:PORT,...");
}

void add_json_option(CLI::App& app, bool& json) {
  app.add_flag("--json", json, "write JSON, for scripts");
}

int fail(Io& io, const Failure& failure) {
  std::fflush(io.out);
  fmt::print(io.err, "kontiki: {}\n", failure.message);
  return static_cast<int>(failure.code);
}

void catch_interrupts() {
  struct sigaction action{};
  action.sa_handler = remember_interrupt;  // without SA_RESTART, so that a blocking read returns
  sigemptyset(&action.sa_mask);
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

bool interrupted() {
  return g_interrupted != 0;
}

}  // namespace kontiki::cli
