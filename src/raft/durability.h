// Durability: which part of the own log is known to be on disk. Steps that write are numbered; their
// acknowledgements may come in any order, but one counts only once all before it came. Owned by the Core.
//
// Invariant: persisted() never covers an entry whose bytes are not durable. The subtle case:
//   1. step 5 writes entries 6..7 of term 2;  2. step 6 cuts them and writes 6..8 of term 3;
//   3. step 5 becomes durable. Entry 6 of term 3 is not, so step 5 may vouch only for what step 6 left of it.
#pragma once

#include "model/ids.h"

#include <cstdint>
#include <functional>
#include <vector>

namespace kontiki::raft {

class Durability {
 public:
  explicit Durability(Index persisted) : persisted_(persisted) {}

  Index persisted() const { return persisted_; }
  // Whether a hard state waits to become durable: until then nobody may see us act on it.
  bool hard_state_pending() const;
  bool pending() const { return !writes_.empty(); }

  // Step `number` writes; its entries end with `last` (0 if it writes none).
  void wrote(std::uint64_t number, bool hard_state, Index last);
  // Entries after `index` were cut away: no write of theirs may vouch for what takes their place.
  void truncated_after(Index index);
  // Everything up to `index` is durable by other means (a snapshot).
  void covers(Index index);
  // The write of step `number` is durable. False if it is unknown (acknowledged twice, or it wrote nothing).
  bool done(std::uint64_t number);
  // Gives the state as numbers, without the absolute numbers of the steps; see Core::fingerprint.
  void fingerprint(const std::function<void(std::uint64_t)>& out) const;

 private:
  struct Write {
    std::uint64_t number = 0;
    bool hard_state = false;
    bool done = false;
    Index last;
  };

  Index persisted_;
  // In order of number. Bounded by what the driver lets wait for the disk: one element per unfinished step.
  std::vector<Write> writes_;
};

}  // namespace kontiki::raft
