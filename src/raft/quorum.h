// What a majority is, in one place: with joint consensus (Raft paper, section 6) every decision needs a
// majority of the new voters and one of the outgoing voters. Learners never count. Pure functions.
#pragma once

#include "model/configuration.h"
#include "model/ids.h"

#include <cstdint>
#include <functional>

namespace kontiki::raft {

enum class Tally : std::uint8_t { kPending, kWon, kLost };
enum class Ballot : std::uint8_t { kMissing, kGranted, kRefused };

// True if those for which `yes` holds decide. A configuration without voters decides nothing.
bool is_quorum(const Configuration& configuration, const std::function<bool(NodeId)>& yes);
// How a vote stands, given the ballot of each voter.
Tally tally(const Configuration& configuration, const std::function<Ballot(NodeId)>& ballot);
// The greatest index up to which a quorum holds the log, given how far each voter holds it.
Index quorum_index(const Configuration& configuration, const std::function<Index(NodeId)>& match);

// Whether a group can run on it: voters, all lists sorted and free of duplicates, nobody voter and learner at
// once.
bool is_valid(const Configuration& configuration);

}  // namespace kontiki::raft
