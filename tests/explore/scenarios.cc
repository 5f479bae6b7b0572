#include "explore/scenario.h"

#include <algorithm>

namespace kontiki::explore {
namespace {

Configuration members(std::initializer_list<int> voters, std::initializer_list<int> learners = {}) {
  Configuration out;
  for (const int v : voters) out.voters.emplace_back(v);
  for (const int l : learners) out.learners.emplace_back(l);
  return out;
}

// Budgets: proposals, crashes, duplicates, retries, transfers, changes, losses, reads.
std::vector<Scenario> with_fixed_members() {
  return {
      {.name = "elections2",
       .about = "two nodes, elections up to term 3, crashes between any two writes",
       .nodes = 2,
       .start = members({1, 2}),
       .term_max = 3,
       .entries_max = 4,
       .in_flight_max = 4,
       .budgets = {1, 2, 1, 1, 0, 0, 0, 0}},
      {.name = "elections3",
       .about = "three nodes, elections up to term 2, a crash between any two writes",
       .start = members({1, 2, 3}),
       .term_max = 2,
       .in_flight_max = 3,
       .budgets = {0, 1, 1, 0, 0, 0, 0, 0}},
      {.name = "prevote2",
       .about = "two nodes with pre-votes, broken connections and check-quorum",
       .nodes = 2,
       .start = members({1, 2}),
       .pre_votes = true,
       .peer_events = true,
       .term_max = 2,
       .entries_max = 3,
       .in_flight_max = 3,
       .budgets = {1, 1, 0, 0, 0, 0, 0, 0}},
      {.name = "figure8",
       .about = "three nodes, four terms, fast disks: entries of earlier terms (Raft paper, figure 8)",
       .start = members({1, 2, 3}),
       .elected = true,
       .lazy_disk = false,
       .term_max = 4,
       .entries_max = 3,
       .in_flight_max = 2,
       .budgets = {1, 0, 0, 1, 0, 0, 0, 0}},
      {.name = "learner",
       .about = "two voters and a learner, slow disks, a crash",
       .start = members({1, 2}, {3}),
       .elected = true,
       .term_max = 2,
       .entries_max = 3,
       .in_flight_max = 3,
       .budgets = {1, 1, 0, 1, 0, 0, 0, 0}},
      {.name = "reads",
       .about = "three nodes, a read while another leader is elected and writes",
       .start = members({1, 2, 3}),
       .elected = true,
       .lazy_disk = false,
       .term_max = 2,
       .entries_max = 4,
       .in_flight_max = 2,
       .budgets = {3, 0, 0, 0, 0, 0, 0, 1}},
      {.name = "doubt",
       .about = "three nodes, one loses its disk and is repaired, an entry is written, another campaigns",
       .start = members({1, 2, 3}),
       .elected = true,
       .lazy_disk = false,
       .term_max = 2,
       .entries_max = 4,
       .in_flight_max = 2,
       .budgets = {1, 0, 0, 2, 0, 0, 1, 0}},
      {.name = "doubt_elections",
       .about = "three nodes, one loses its disk and is repaired while others campaign",
       .start = members({1, 2, 3}),
       .elected = true,
       .lazy_disk = false,
       .term_max = 3,
       .entries_max = 4,
       .in_flight_max = 2,
       .budgets = {0, 0, 0, 1, 0, 0, 1, 0}},
      {.name = "doubt_slow_disk",
       .about = "three nodes, one loses its disk while writes are under way",
       .start = members({1, 2, 3}),
       .elected = true,
       .term_max = 2,
       .entries_max = 4,
       .in_flight_max = 2,
       .budgets = {1, 0, 0, 1, 0, 0, 1, 0}},
      {.name = "doubt_twice",
       .about = "three nodes, disks are lost one after the other or at once",
       .start = members({1, 2, 3}),
       .elected = true,
       .lazy_disk = false,
       .term_max = 2,
       .entries_max = 4,
       .in_flight_max = 2,
       .budgets = {0, 0, 0, 1, 0, 0, 2, 0}},
      {.name = "transfer",
       .about = "three nodes, the lead is handed over while entries are under way",
       .start = members({1, 2, 3}),
       .elected = true,
       .lazy_disk = false,
       .term_max = 3,
       .entries_max = 3,
       .in_flight_max = 3,
       .budgets = {1, 1, 0, 0, 1, 0, 0, 0}},
  };
}

std::vector<Scenario> with_changing_members() {
  return {
      {.name = "grow",
       .about = "{1,2} becomes {1,2,3} while others campaign",
       .start = members({1, 2}),
       .change = members({1, 2, 3}),
       .elected = true,
       .lazy_disk = false,
       .term_max = 3,
       .entries_max = 5,
       .in_flight_max = 2,
       .budgets = {0, 1, 0, 0, 0, 1, 0, 0}},
      {.name = "shrink",
       .about = "{1,2,3} becomes {1,2} while others campaign",
       .start = members({1, 2, 3}),
       .change = members({1, 2}),
       .elected = true,
       .lazy_disk = false,
       .term_max = 3,
       .entries_max = 5,
       .in_flight_max = 2,
       .budgets = {0, 1, 0, 0, 0, 1, 0, 0}},
      {.name = "up_from_one",
       .about = "{1} becomes {1,2,3}: the old majority and a new one have no common member",
       .start = members({1}),
       .change = members({1, 2, 3}),
       .elected = true,
       .term_max = 2,
       .entries_max = 4,
       .in_flight_max = 2,
       .budgets = {0, 1, 0, 0, 0, 1, 0, 0}},
      {.name = "down_to_one",
       .about = "{1,2,3} becomes {1}: an old majority and the new one have no common member",
       .start = members({1, 2, 3}),
       .change = members({1}),
       .elected = true,
       .lazy_disk = false,
       .term_max = 3,
       .entries_max = 5,
       .in_flight_max = 2,
       .budgets = {0, 0, 0, 0, 0, 1, 0, 0}},
  };
}

}  // namespace

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all = [] {
    std::vector<Scenario> both = with_fixed_members();
    for (const Scenario& scenario : with_changing_members()) both.push_back(scenario);
    return both;
  }();
  return all;
}

const Scenario* find_scenario(std::string_view name) {
  const auto found =
      std::find_if(scenarios().begin(), scenarios().end(), [&](const Scenario& s) { return s.name == name; });
  return found == scenarios().end() ? nullptr : &*found;
}

}  // namespace kontiki::explore
