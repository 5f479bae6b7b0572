// The verifying client of the process tests: `produce` writes numbered messages and a log of what was
// acknowledged, `check` reads everything back and compares.
#include "verifier.h"

#include "cli/command.h"

#include <CLI/CLI.hpp>

#include <charconv>
#include <cstdio>
#include <memory>

namespace kontiki::verifier {
namespace {

constexpr std::uint64_t kKeys = 1000;

std::uint64_t mix(std::uint64_t x) {
  x = (x ^ (x >> 30)) * 0xBF58476D1CE4E5B9ull;
  x = (x ^ (x >> 27)) * 0x94D049BB133111EBull;
  return x ^ (x >> 31);
}

}  // namespace

std::string key_of(std::uint64_t id) {
  return "key-" + std::to_string(id % kKeys);
}

std::string value_of(std::uint64_t id, std::size_t bytes_max) {
  std::string value = std::to_string(id) + ":";
  std::uint64_t state = mix(id + 1);
  const std::size_t bytes = state % (bytes_max + 1);
  while (value.size() < bytes) {
    state = mix(state + 1);
    value += static_cast<char>('a' + state % 26);
  }
  return value;
}

std::int64_t id_in(std::string_view value) {
  std::int64_t id = -1;
  const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), id);
  return error == std::errc{} && end != value.data() + value.size() && *end == ':' ? id : -1;
}

std::vector<Acknowledged> read_log(const std::string& path) {
  std::vector<Acknowledged> all;
  std::FILE* file = std::fopen(path.c_str(), "r");
  if (file == nullptr) return all;
  Acknowledged one;
  long long offset = 0;
  unsigned long long id = 0;
  while (std::fscanf(file, "%d %lld %llu\n", &one.partition, &offset, &id) == 3) {
    one.offset = offset;
    one.id = id;
    all.push_back(one);
  }
  std::fclose(file);
  return all;
}

}  // namespace kontiki::verifier

int main(int argc, char** argv) {
  using namespace kontiki::verifier;
  CLI::App app("Produces numbered messages, and checks that what was acknowledged is there");
  app.require_subcommand(1);
  ProduceOptions to_produce;
  CLI::App* producing = app.add_subcommand("produce", "write messages until --count or SIGTERM");
  producing->add_option("--brokers", to_produce.brokers)->required();
  producing->add_option("--topic", to_produce.topic)->required();
  producing->add_option("--log", to_produce.log, "file for the acknowledgements")->required();
  producing->add_option("--count", to_produce.count);
  producing->add_option("--per-second", to_produce.per_second);
  producing->add_option("--bytes-max", to_produce.bytes_max);
  producing->add_option("--request-timeout-ms", to_produce.request_timeout_ms);
  producing->add_option("--acks", to_produce.acks);
  producing->add_option("--compression", to_produce.compression);
  producing->add_flag("--idempotent,!--no-idempotent", to_produce.idempotent);
  CheckOptions to_check;
  CLI::App* checking = app.add_subcommand("check", "read all messages and compare with the acknowledgements");
  checking->add_option("--brokers", to_check.brokers)->required();
  checking->add_option("--topic", to_check.topic)->required();
  checking->add_option("--log", to_check.log)->required();
  checking->add_option("--sent", to_check.sent)->required();
  checking->add_option("--bytes-max", to_check.bytes_max);
  checking->add_flag("--exactly-once,!--at-least-once", to_check.exactly_once);
  CLI11_PARSE(app, argc, argv);
  kontiki::cli::catch_interrupts();
  return producing->parsed() ? produce(to_produce) : check(to_check);
}
