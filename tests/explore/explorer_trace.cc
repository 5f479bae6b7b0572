// Explorer: how a violation is told.
#include "explore/explorer.h"
#include "unit/raft/cluster.h"

#include <fmt/format.h>

#include <algorithm>

namespace kontiki::explore {
namespace {

const char* name(Kind kind) {
  switch (kind) {
    case Kind::kDeliver:
      return "receives";
    case Kind::kDuplicate:
      return "receives (and it will come again)";
    case Kind::kPersist:
      return "has its oldest write on disk";
    case Kind::kCrash:
      return "crashes and restarts";
    case Kind::kCampaign:
      return "campaigns";
    case Kind::kForce:
      return "campaigns uninvited";
    case Kind::kStale:
      return "waits two ticks";
    case Kind::kRetry:
      return "ticks";
    case Kind::kLapse:
      return "has had no quorum for long";
    case Kind::kPropose:
      return "proposes an entry";
    case Kind::kReconfigure:
      return "proposes to change the members";
    case Kind::kTransfer:
      return "hands its lead to";
    case Kind::kPeerDown:
      return "loses its connection to";
    case Kind::kPeerUp:
      return "has a new connection to";
    case Kind::kRead:
      return "is asked for a read";
    case Kind::kLose:
      return "loses its disk and starts again in doubt; token";
  }
  return "?";
}

}  // namespace

std::string Explorer::describe(const Action& action) const {
  const std::string out = fmt::format("{} {}", action.node.value, name(action.kind));
  switch (action.kind) {
    case Kind::kDeliver:
    case Kind::kDuplicate:
      return out + ": " + raft::test::describe(messages_[action.argument].message);
    case Kind::kCrash:
      return fmt::format("{}; writes under way that reached the disk: {}", out, action.argument);
    case Kind::kTransfer:
    case Kind::kPeerDown:
    case Kind::kPeerUp:
    case Kind::kLose:
      return fmt::format("{} {}", out, action.argument);
    default:
      return out;
  }
}

std::vector<std::string> Explorer::trace(std::uint32_t to, const std::optional<Action>& last) {
  std::vector<std::uint32_t> path{to};
  while (path.back() != 0) path.push_back(states_[path.back()].parent);
  std::reverse(path.begin(), path.end());
  std::vector<std::string> lines;
  if (scenario_.elected) lines.push_back("  0. node 1 leads term 1, and everybody knows");
  const auto show = [&](const Action& action, std::uint32_t replica) {
    lines.push_back(fmt::format("{:3}. {}", lines.size() / 2 + 1, describe(action)));
    lines.push_back("       " + replicas_[replica].replica.describe());
  };
  for (std::size_t i = 0; i + 1 < path.size(); ++i) {
    const State& from = states_[path[i]];
    const State& next = states_[path[i + 1]];
    if (const auto action = action_between(from, next)) {
      show(*action, next.replicas[static_cast<std::size_t>(action->node.value - 1)]);
    }
  }
  if (!last) return lines;
  const std::uint32_t before = states_[to].replicas[static_cast<std::size_t>(last->node.value - 1)];
  const auto known = effect_ids_.find(key(before, *last));
  const bool ended = known != effect_ids_.end() && known->second < effects_.size();
  show(*last, ended ? effects_[known->second].replica : before);
  return lines;
}

// Only parents are remembered, so the action between two states is found by trying: it belongs to one node,
// and its effect is among those that are remembered.
std::optional<Action> Explorer::action_between(const State& from, const State& to) const {
  for (std::size_t node = 0; node < static_cast<std::size_t>(scenario_.nodes); ++node) {
    bool others_same = true;
    for (std::size_t other = 0; other < kNodesMax; ++other) {
      others_same &= other == node || from.replicas[other] == to.replicas[other];
    }
    if (!others_same) continue;
    if (const auto action = action_between(from, to, node)) return action;
  }
  return std::nullopt;
}

std::optional<Action> Explorer::action_between(const State& from, const State& to, std::size_t node) const {
  const NodeId id{static_cast<std::int32_t>(node + 1)};
  for (const std::uint32_t message : networks_[from.network]) {
    const Action action{Kind::kDeliver, id, message};
    if (messages_[message].message.to == id && leads_to(from, to, action)) return action;
  }
  for (auto kind = static_cast<int>(Kind::kPersist); kind <= static_cast<int>(Kind::kLose); ++kind) {
    for (std::uint32_t argument = 0; argument < 8; ++argument) {
      const Action action{static_cast<Kind>(kind), id, argument};
      if (leads_to(from, to, action)) return action;
    }
  }
  return std::nullopt;
}

bool Explorer::leads_to(const State& from, const State& to, const Action& action) const {
  const auto node = static_cast<std::size_t>(action.node.value - 1);
  const auto at = effect_ids_.find(key(from.replicas[node], action));
  if (at == effect_ids_.end() || at->second >= effects_.size()) return false;
  const Effect& effect = effects_[at->second];
  if (effect.replica != to.replicas[node]) return false;
  // What is in flight afterwards was so before, or was sent by the action.
  Network possible = networks_[from.network];
  possible.insert(possible.end(), effect.sent.begin(), effect.sent.end());
  std::sort(possible.begin(), possible.end());
  const Network& now = networks_[to.network];
  return std::includes(possible.begin(), possible.end(), now.begin(), now.end());
}

}  // namespace kontiki::explore
