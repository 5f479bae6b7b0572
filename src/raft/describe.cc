// Core::describe(): one line per core, for golden scripts and traces.
#include "raft/core.h"

#include <fmt/format.h>

namespace kontiki::raft {
namespace {

const char* name(Role role) {
  switch (role) {
    case Role::kFollower:
      return "follower";
    case Role::kPreCandidate:
      return "pre-candidate";
    case Role::kCandidate:
      return "candidate";
    case Role::kLeader:
      return "leader";
  }
  return "?";
}

const char* name(PeerStatus::Mode mode) {
  switch (mode) {
    case PeerStatus::Mode::kProbe:
      return "probe";
    case PeerStatus::Mode::kReplicate:
      return "replicate";
    case PeerStatus::Mode::kSnapshot:
      return "snapshot";
  }
  return "?";
}

std::string name(NodeId node) {
  return node == kNoNode ? "-" : fmt::format("{}", node.value);
}

}  // namespace

std::string Core::describe() const {
  std::string line =
      fmt::format("{} {} term={} vote={} leader={} log=({},{}] commit={} persisted={}", options_.self.value,
                  name(role_), hard_.term.value, name(hard_.voted_for), name(leader_), log_.start().value,
                  log_.last().value, commit_.value, durability_.persisted().value);
  if (in_doubt()) line += fmt::format(" doubt={}", hard_.doubt.token);
  line += " trail=";
  for (const TermRun& run : log_.runs()) line += fmt::format("[{}..{}]", run.term.value, run.last.value);
  for (const PeerStatus& p : peers()) {
    line += fmt::format(" {}:{}{}{} match={} next={}", p.peer.value, name(p.mode), p.alive ? "" : "(down)",
                        p.in_doubt ? "(in doubt)" : "", p.match.value, p.next.value);
  }
  if (needs_tick()) line += " ticking";
  return line;
}

}  // namespace kontiki::raft
