// History: what happened on a path that later states must not contradict, and the budgets used up. A small
// value, part of every explored state.
//
// It makes the invariants C1, C3 and C4 of docs/invariants.md checks of one state, whatever crashed since:
// they speak of leaders that may be gone and of entries whose committer may have forgotten that it knew.
#pragma once

#include "explore/replica.h"
#include "explore/scenario.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace kontiki::explore {

class History {
 public:
  struct Committed {
    Term term;     // of the entry
    Term in_term;  // the lowest term of a core that knew it as committed
  };

  // Each gives an empty string, or which invariant is broken.
  std::string elected(const raft::Core& leader);
  std::string observe_commit(const raft::Core& core);
  // C3, seen from the other side: nobody leads a later term without what this history holds as committed.
  std::string check_leader(const raft::Core& leader) const;

  // C7: a read is answered at an index not below what was committed when it was asked. One read at a time.
  void read_asked() { read_floor_ = static_cast<std::uint8_t>(committed_.size()); }
  std::string read_answered(Index index) const;

  std::uint8_t used(Budget budget) const { return used_[static_cast<std::size_t>(budget)]; }
  void use(Budget budget) { ++used_[static_cast<std::size_t>(budget)]; }
  const std::vector<Committed>& committed() const { return committed_; }  // from index 1 on
  void fingerprint(const Rename& rename, std::string& out) const;

 private:
  std::vector<NodeId> leaders_;  // by term; kNoNode: none yet
  std::vector<Committed> committed_;
  std::uint8_t read_floor_ = 0;
  std::array<std::uint8_t, kBudgets> used_{};
};

// C2: wherever two logs have the same index and term, they are the same before it.
bool logs_match(const raft::Core& a, const raft::Core& b);

}  // namespace kontiki::explore
