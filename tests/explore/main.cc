// kontiki_explore: every state that a small raft group can reach, within bounds; docs/testing.md.
#include "explore/explorer.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

namespace kontiki::explore {
namespace {

constexpr const char* kUsage =
    "kontiki_explore [--scenario NAME]... [--states N] [--megabytes N] [--no-symmetry] [--check-symmetry]\n"
    "                [--in-flight N] [--terms N] [--entries N] [--crashes N] [--proposals N] [--duplicates "
    "N]\n"
    "Explores every state of a small raft group; exit code 1 when an invariant is broken. Without "
    "--scenario:\n"
    "all of them. --in-flight and the following replace a bound of the scenario. --states: stop after so "
    "many\n"
    "(of each scenario). --check-symmetry: explore with and without symmetry and compare.\n\n";

struct Overrides {
  std::optional<std::uint64_t> in_flight, terms, entries, crashes, proposals, duplicates, retries, losses;
};

struct Arguments {
  std::vector<std::string> names;
  Limits limits;
  Overrides overrides;
  bool symmetry = true;
  bool check_symmetry = false;
};

Explorer* g_running = nullptr;

// A CHECK that fails in the core is a finding, too: say how it came about. SIGABRT is raised by abort() on
// this very thread, so what we call here is in the state in which the core left it.
void on_abort(int) {
  std::fputs("broken: a CHECK of the core failed (above). The shortest way to it:\n", stdout);
  if (g_running != nullptr) {
    for (const std::string& line : std::exchange(g_running, nullptr)->trace_here()) std::puts(line.c_str());
  }
  std::fflush(stdout);
  std::_Exit(1);
}

std::string bounds(const Scenario& s) {
  const auto& b = s.budgets;
  return fmt::format(
      "term <= {}, entries <= {}, in flight <= {}, proposals {}, crashes {}, duplicates {}, retries {}, "
      "transfers {}, changes {}, losses {}, reads {}, {} disk{}{}",
      s.term_max, s.entries_max, s.in_flight_max, b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7],
      s.lazy_disk ? "slow" : "fast", s.pre_votes ? ", pre-votes" : "",
      s.peer_events ? ", connections break" : "");
}

void print(const Report& r, double seconds) {
  fmt::print("  {} states, {} transitions, depth {}, widest level {}, {}\n", r.states, r.transitions, r.depth,
             r.widest,
             r.complete         ? "complete"
             : r.broken.empty() ? "NOT complete (limit reached)"
                                : "stopped");
  fmt::print("  {} replica states, {} messages, {} steps of the core, {} renamings\n", r.replicas, r.messages,
             r.replica_steps, r.renamings);
  fmt::print("  {:.1f} s, {:.0f} states/s, about {} MB, chance of a missed state {:.1e}\n", seconds,
             static_cast<double>(r.states) / std::max(seconds, 0.001), r.bytes >> 20,
             static_cast<double>(r.states) * static_cast<double>(r.states) / 3.7e19);
  const auto& b = r.stopped_by_budget;
  fmt::print(
      "  bounds met: term {}, entries {}, in flight {}, proposals {}, crashes {}, duplicates {}, retries {}, "
      "transfers {}, changes {}, losses {}, reads {}\n",
      r.stopped_by_term, r.stopped_by_entries, r.overflows, b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7]);
}

Report explore(const Scenario& scenario, const Arguments& arguments, bool symmetry) {
  const auto started = std::chrono::steady_clock::now();
  Explorer explorer(scenario, arguments.limits, symmetry);
  g_running = &explorer;
  const Report report = explorer.run();
  g_running = nullptr;
  const std::chrono::duration<double> took = std::chrono::steady_clock::now() - started;
  print(report, took.count());
  if (!report.broken.empty()) {
    fmt::print("broken: {}\nThe shortest way to it, {} states in:\n", report.broken, report.states);
    for (const std::string& line : report.trace) fmt::print("{}\n", line);
  }
  std::fflush(stdout);
  return report;
}

// Every state explored without symmetry must be a renaming of one explored with it, and the reverse. The
// hashes are canonical, so both sets of hashes are the same set.
bool check_symmetry(const Scenario& scenario, const Arguments& arguments) {
  const Report reduced = explore(scenario, arguments, true);
  Explorer full(scenario, arguments.limits, true);
  full.keep_renamed_states();
  const Report all = full.run();
  fmt::print("  without symmetry: {} states\n", all.states);
  const bool same = reduced.complete && all.complete && reduced.hash_of_all == all.hash_of_all;
  fmt::print("  {}\n", same ? "the same states up to renaming" : "NOT the same states");
  return same;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

bool parse(int argc, char** argv, Arguments& out) {
  const auto set = [&](std::string_view name, std::uint64_t value) {
    auto& o = out.overrides;
    const std::pair<std::string_view, std::optional<std::uint64_t>*> all[] = {
        {"--in-flight", &o.in_flight}, {"--terms", &o.terms},         {"--entries", &o.entries},
        {"--crashes", &o.crashes},     {"--proposals", &o.proposals}, {"--duplicates", &o.duplicates},
        {"--retries", &o.retries},     {"--losses", &o.losses}};
    for (const auto& [key, field] : all) {
      if (key == name) return field->emplace(value), true;
    }
    if (name == "--states") return out.limits.states_max = value, true;
    if (name == "--megabytes") return out.limits.bytes_max = value << 20, true;
    return false;
  };
  for (int i = 1; i < argc; ++i) {
    const std::string_view name = argv[i];
    if (name == "--no-symmetry") {
      out.symmetry = false;
    } else if (name == "--check-symmetry") {
      out.check_symmetry = true;
    } else if (i + 1 == argc) {
      return false;
    } else if (name == "--scenario") {
      out.names.emplace_back(argv[++i]);
    } else if (const auto value = number(argv[++i]); !value || !set(name, *value)) {
      return false;
    }
  }
  return true;
}

Scenario changed(Scenario s, const Overrides& o) {
  const auto budget = [&](Budget which, const std::optional<std::uint64_t>& value) {
    if (value) s.budgets[static_cast<std::size_t>(which)] = static_cast<std::uint8_t>(*value);
  };
  s.in_flight_max = o.in_flight.value_or(s.in_flight_max);
  s.term_max = o.terms.value_or(s.term_max);
  s.entries_max = o.entries.value_or(s.entries_max);
  budget(Budget::kCrashes, o.crashes);
  budget(Budget::kProposals, o.proposals);
  budget(Budget::kDuplicates, o.duplicates);
  budget(Budget::kRetries, o.retries);
  budget(Budget::kLosses, o.losses);
  return s;
}

int run(int argc, char** argv) {
  Arguments arguments;
  if (!parse(argc, argv, arguments)) {
    std::fputs(kUsage, stderr);
    for (const Scenario& s : scenarios()) fmt::print(stderr, "  {:12} {}\n", s.name, s.about);
    return 2;
  }
  if (arguments.names.empty()) {
    for (const Scenario& s : scenarios()) arguments.names.emplace_back(s.name);
  }
  bool good = true;
  for (const std::string& name : arguments.names) {
    const Scenario* found = find_scenario(name);
    if (found == nullptr) {
      fmt::print(stderr, "kontiki_explore: no scenario '{}'; --help lists them\n", name);
      return 2;
    }
    const Scenario scenario = changed(*found, arguments.overrides);
    fmt::print("{}: {}\n  {}\n", scenario.name, scenario.about, bounds(scenario));
    std::fflush(stdout);
    good &= arguments.check_symmetry ? check_symmetry(scenario, arguments)
                                     : explore(scenario, arguments, arguments.symmetry).broken.empty();
    if (!good) break;
  }
  return good ? 0 : 1;
}

}  // namespace
}  // namespace kontiki::explore

int main(int argc, char** argv) {
  std::signal(SIGABRT, kontiki::explore::on_abort);
  return kontiki::explore::run(argc, argv);
}
