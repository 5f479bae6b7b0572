// kontiki_sim: runs whole clusters of unmodified brokers under faults, each from one seed, and judges them.

#include "posix/posix_clock.h"
#include "sim/run/run.h"

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <malloc.h>
#include <string>
#include <string_view>
#include <unistd.h>
#include <utility>
#include <vector>

namespace kontiki::sim {
namespace {

// Exit codes; documented in docs/simulator.md.
enum ExitCode : int { kOk = 0, kUsage = 2, kSafety = 10, kLiveness = 11, kCrash = 12, kHarness = 13 };

struct Arguments {
  std::uint64_t seed = 1;
  std::uint64_t count = 1;
  bool verbose = false;
  bool quiet = false;
  std::vector<std::pair<std::string, std::int64_t>> faults;  // that replace what the seed draws
};

Plan plan_of(std::uint64_t seed, const Arguments& arguments) {
  Plan plan = draw_plan(seed);
  for (const auto& [name, every_s] : arguments.faults) plan.set_fault(name, every_s);
  plan.settle();
  return plan;
}

const Run* g_run = nullptr;
std::uint64_t g_seed = 0;

std::string g_faults;  // the options that name them

std::string command(std::uint64_t seed) {
  return fmt::format("make sim SEED={}{}", seed, g_faults.empty() ? "" : " ARGS='" + g_faults + "'");
}

// The process is past saving; what it prints is for whoever looks into it.
void crashed(int signal) {
  std::fprintf(stderr, "seed %llu: CRASH, signal %d. The last events:\n",
               static_cast<unsigned long long>(g_seed), signal);
  if (g_run != nullptr) g_run->trace().write(stderr);
  std::fprintf(stderr, "seed %llu crashed. Again: %s\n", static_cast<unsigned long long>(g_seed),
               command(g_seed).c_str());
  std::fflush(stderr);
  _exit(kCrash);
}

void print_summary(const Plan& plan, const Summary& summary, double wall_s) {
  std::string faults;
  for (std::size_t kind = 0; kind < kFaultKinds; ++kind)
    if (summary.faults[kind] > 0)
      faults += fmt::format(" {}={}", name_of(static_cast<FaultKind>(kind)), summary.faults[kind]);
  const double virtual_s = static_cast<double>(summary.virtual_us) / 1e6;
  fmt::print(
      "seed {} ok: nodes={} shards={} topics={} virtual={:.1f}s wall={:.2f}s speed={:.0f}x events={} "
      "acknowledged={} consumed={} batches={} topic_changes={} deletions={} commits={} loads={} exits={} "
      "trace={:016x} "
      "faults:{}\n",
      plan.seed, plan.nodes, plan.shards, plan.topics.size(), virtual_s, wall_s, virtual_s / wall_s,
      summary.events, summary.acknowledged, summary.consumed, summary.batches, summary.topic_changes,
      summary.deletions, summary.commits, summary.loads, summary.exits, summary.trace, faults);
  std::fflush(stdout);
}

int run_seed(std::uint64_t seed, const Arguments& arguments) {
  posix::PosixClock clock;
  const std::int64_t began_us = clock.monotonic_us();
  Run run(plan_of(seed, arguments), arguments.verbose);
  g_seed = seed;
  g_run = &run;
  if (!arguments.quiet) fmt::print("seed {}: {}\n", seed, run.plan().text());
  std::fflush(stdout);
  const bool ok = run.execute();
  g_run = nullptr;
  const double wall_s = static_cast<double>(clock.monotonic_us() - began_us) / 1e6;
  if (ok) {
    print_summary(run.plan(), run.summary(), wall_s);
    return kOk;
  }
  const Violation& violation = *run.violation();
  const bool safety = violation.kind == Damage::kSafety;
  if (!arguments.verbose) {
    std::fprintf(stderr, "The last events:\n");
    run.trace().write(stderr);
  }
  std::fprintf(stderr, "seed %llu: %s, found by the checker \"%s\": %s\n",
               static_cast<unsigned long long>(seed), safety ? "NOT SAFE" : "NOT LIVE",
               violation.checker.c_str(), violation.what.c_str());
  std::fprintf(stderr, "plan: %s\n", run.plan().text().c_str());
  std::fprintf(stderr, "Again: %s\n", command(seed).c_str());
  return safety ? kSafety : kLiveness;
}

int usage() {
  std::fprintf(
      stderr,
      "kontiki_sim [--seed N] [--count N] [--fault NAME=SECONDS]... [--verbose] [--quiet]\n"
      "  --seed N     the (first) seed; the same seed gives the same run\n"
      "  --count N    that many seeds, one after the other; stops at the first that fails\n"
      "  --fault N=S  a fault of kind N every S seconds on average, 0: never; whatever the seed draws\n"
      "  --verbose    print every event of note as it happens\n"
      "  --quiet      no line before each seed\n"
      "exit codes: 0 ok, 2 usage, 10 not safe, 11 not live, 12 crash\n");
  return kUsage;
}

// NAME=SECONDS
bool parse_fault(std::string_view text, Arguments& out) {
  const std::size_t equals = text.find('=');
  if (equals == std::string_view::npos) return false;
  const std::string name(text.substr(0, equals));
  const std::int64_t every_s = std::strtoll(std::string(text.substr(equals + 1)).c_str(), nullptr, 10);
  if (every_s < 0 || !Plan().set_fault(name, every_s)) return false;
  out.faults.emplace_back(name, every_s);
  g_faults += fmt::format("{}--fault {}", g_faults.empty() ? "" : " ", text);
  return true;
}

bool parse(int argc, char** argv, Arguments& out) {
  for (int i = 1; i < argc; ++i) {
    const std::string_view flag = argv[i];
    const auto number = [&](std::uint64_t& value) {
      if (i + 1 >= argc) return false;
      char* end = nullptr;
      value = std::strtoull(argv[++i], &end, 10);
      return end != argv[i] && *end == '\0';
    };
    if (flag == "--verbose") {
      out.verbose = true;
    } else if (flag == "--quiet") {
      out.quiet = true;
    } else if (flag == "--seed") {
      if (!number(out.seed)) return false;
    } else if (flag == "--count") {
      if (!number(out.count)) return false;
    } else if (flag == "--fault") {
      if (i + 1 >= argc || !parse_fault(argv[++i], out)) return false;
    } else {
      return false;
    }
  }
  return true;
}

int run_all(int argc, char** argv) {
  // Large buffers come and go all the time; the system need not clear fresh pages for each.
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  Arguments arguments;
  if (!parse(argc, argv, arguments)) return usage();
  for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS, SIGILL}) std::signal(signal, &crashed);
  for (std::uint64_t i = 0; i < arguments.count; ++i)
    if (const int code = run_seed(arguments.seed + i, arguments); code != kOk) return code;
  return kOk;
}

}  // namespace
}  // namespace kontiki::sim

int main(int argc, char** argv) {
  return kontiki::sim::run_all(argc, argv);
}
