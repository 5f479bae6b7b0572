// LogTrail: the shape of one raft log without its entries: where it starts, and for each term the last index
// written in it. Owned by the Core; as many runs as the log has terms, so a few dozen bytes for most groups.
#pragma once

#include "model/ids.h"
#include "raft/message.h"

#include <cstdint>
#include <optional>

namespace kontiki::raft {

class LogTrail {
 public:
  LogTrail(Index start, Term start_term, Trail runs);

  Index start() const { return start_; }  // last entry cut away
  Term start_term() const { return start_term_; }
  Index last() const { return runs_.empty() ? start_ : runs_.back().last; }
  Term last_term() const { return runs_.empty() ? start_term_ : runs_.back().term; }
  const Trail& runs() const { return runs_; }

  // None before the start and after the end; the start itself is known.
  std::optional<Term> term_at(Index index) const;
  // The runs of the entries (prev, prev + count], all of which must be here.
  Trail slice(Index prev, std::uint64_t count) const;
  // The greatest index <= `from` whose term is <= `term`: below it two logs may agree, above it they cannot.
  // Not below the start, unless `from` is.
  Index last_at_or_below(Index from, Term term) const;
  // The first index of the entries (prev, ...] described by `runs` that is not here, or not of the same term;
  // one past the end of `runs` when there is none. `runs` is not empty and `prev` is not below the start.
  Index first_difference(Index prev, const Trail& runs) const;

  void append(Term term, std::uint64_t count);
  void append(Index first, const Trail& runs);  // the part of `runs` from `first` = last() + 1 on
  void truncate_after(Index index);
  void cut(Index index);                     // the entries up to `index` go; `index` is in the log
  void reset(Index start, Term start_term);  // all entries go

 private:
  std::size_t run_of(Index index) const;  // which run holds `index`; it must be in the log

  Index start_;
  Term start_term_;
  Trail runs_;  // Invariant: rising in term and last; every last > start_.
};

// Whether `runs` can be the terms of entries (prev, last], following one of `prev_term`.
bool is_trail(const Trail& runs, Index prev, Term prev_term, Index last);

}  // namespace kontiki::raft
