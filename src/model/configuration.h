// Configuration: the members of one raft group. `outgoing` is non-empty only in joint consensus (Raft paper,
// section 6): decisions then need a majority of both sets.
#pragma once

#include "model/ids.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace kontiki {

struct Configuration {
  std::vector<NodeId> voters;    // sorted
  std::vector<NodeId> outgoing;  // sorted; the old voters while a change is under way
  std::vector<NodeId> learners;  // sorted; replicate but do not vote
  // Of the wish that it serves: wishes are numbered by whoever orders the change, one after the other, and a
  // configuration of an older wish is never appended after one of a newer. 0 for the first one.
  std::uint64_t epoch = 0;

  static bool has(const std::vector<NodeId>& set, NodeId node) {
    return std::find(set.begin(), set.end(), node) != set.end();
  }
  bool is_voter(NodeId node) const { return has(voters, node) || has(outgoing, node); }
  bool is_member(NodeId node) const { return is_voter(node) || has(learners, node); }
  friend bool operator==(const Configuration&, const Configuration&) = default;
};

}  // namespace kontiki
