// The invariants of docs/invariants.md, by number: I* of one step of one core, C* of a whole group.
//
// check_step runs after every step where KONTIKI_DEBUG_CHECKS is defined, and by hand in tests.
// ClusterInvariants is for tests and simulators, which see all members at once. Both answer with an empty
// string, or with the number and a description of what is broken.
#pragma once

#include "model/ids.h"
#include "raft/core.h"

#include <cstdint>
#include <map>
#include <span>
#include <string>

namespace kontiki::raft {

std::string check_step(const Core& before, const Core& after, const Event& event, const Effects& effects);

// Watches the cores of one group over a whole run, restarts included.
class ClusterInvariants {
 public:
  // `cores`: those that run now. To be called after every step of any of them.
  std::string observe(std::span<const Core* const> cores);

  Index committed() const { return committed_.empty() ? Index{0} : committed_.rbegin()->first; }

 private:
  struct Committed {
    Term term;     // of the entry
    Term in_term;  // the lowest term of a core that was seen to know it as committed
  };

  std::string observe_leader(const Core& core);
  std::string observe_commit(const Core& core);

  std::map<Term, NodeId> leaders_;
  std::map<Index, Committed> committed_;
};

}  // namespace kontiki::raft
