// Scenario: what is explored: the members, what may happen, and how often. Constant.
#pragma once

#include "model/configuration.h"

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace kontiki::explore {

// How often a thing may happen on one path; the explorer says which of these ended paths.
enum class Budget : std::uint8_t {
  kProposals,
  kCrashes,
  kDuplicates,
  kRetries,
  kTransfers,
  kChanges,
  kLosses,  // of a whole disk
  kReads
};
inline constexpr std::size_t kBudgets = 8;

struct Scenario {
  std::string_view name;
  std::string_view about;
  int nodes = 3;  // ids 1..nodes
  Configuration start{};
  std::optional<Configuration> change{};  // what kReconfigure proposes
  bool elected = false;                   // begins with node 1 leading term 1, everything acknowledged
  bool pre_votes = false;    // elections as they are; otherwise a node campaigns at any time, uninvited
  bool lazy_disk = true;     // a write becomes durable at some later time; otherwise at once
  bool peer_events = false;  // PeerDown, PeerUp and check-quorum
  std::uint64_t term_max = 2;
  std::uint64_t entries_max = 4;
  std::uint64_t entries_per_message = 2;
  std::size_t in_flight_max = 4;  // messages; which of them are lost when there are more is explored, too
  std::uint8_t budgets[kBudgets] = {};  // by Budget
};

// In the order in which they are explored.
const std::vector<Scenario>& scenarios();
const Scenario* find_scenario(std::string_view name);

}  // namespace kontiki::explore
