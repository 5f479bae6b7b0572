#include "raft/trail.h"

#include "base/check.h"

#include <algorithm>
#include <utility>

namespace kontiki::raft {

LogTrail::LogTrail(Index start, Term start_term, Trail runs)
    : start_(start), start_term_(start_term), runs_(std::move(runs)) {
  CHECK(runs_.empty() || is_trail(runs_, start_, start_term_, runs_.back().last), "the runs of a log rise");
}

std::size_t LogTrail::run_of(Index index) const {
  const auto run = std::lower_bound(runs_.begin(), runs_.end(), index,
                                    [](const TermRun& r, Index i) { return r.last < i; });
  CHECK(index > start_ && run != runs_.end(), "index outside the log");
  return static_cast<std::size_t>(run - runs_.begin());
}

std::optional<Term> LogTrail::term_at(Index index) const {
  if (index == start_) return start_term_;
  if (index < start_ || index > last()) return std::nullopt;
  return runs_[run_of(index)].term;
}

Trail LogTrail::slice(Index prev, std::uint64_t count) const {
  Trail part;
  if (count == 0) return part;
  const Index end = prev + count;
  CHECK(prev >= start_ && end <= last(), "slice outside the log");
  for (std::size_t i = run_of(prev + 1); part.empty() || part.back().last < end; ++i) {
    part.push_back({runs_[i].term, std::min(runs_[i].last, end)});
  }
  return part;
}

Index LogTrail::last_at_or_below(Index from, Term term) const {
  if (from <= start_) return from;
  Index index = std::min(from, last());
  if (index == start_) return start_;
  for (std::size_t i = run_of(index);; --i) {
    if (runs_[i].term <= term) return std::min(index, runs_[i].last);
    if (i == 0) return start_;
  }
}

Index LogTrail::first_difference(Index prev, const Trail& runs) const {
  Index index = prev + 1;
  for (const TermRun& theirs : runs) {
    while (index <= theirs.last) {
      if (index > last()) return index;
      const TermRun& ours = runs_[run_of(index)];
      if (ours.term != theirs.term) return index;
      index = std::min(ours.last, theirs.last) + 1;
    }
  }
  return index;
}

void LogTrail::append(Term term, std::uint64_t count) {
  CHECK(term >= last_term(), "terms rise in a log");
  if (count == 0) return;
  const Index end = last() + count;
  if (!runs_.empty() && runs_.back().term == term) {
    runs_.back().last = end;
  } else {
    runs_.push_back({term, end});
  }
}

void LogTrail::append(Index first, const Trail& runs) {
  CHECK(first == last() + 1, "no holes in a log");
  for (const TermRun& run : runs) {
    if (run.last > last()) append(run.term, run.last - last());
  }
}

void LogTrail::truncate_after(Index index) {
  CHECK(index >= start_, "what was cut away is committed");
  while (!runs_.empty() && runs_.back().last > index) {
    const Index before = runs_.size() > 1 ? runs_[runs_.size() - 2].last : start_;
    if (before >= index) {
      runs_.pop_back();
    } else {
      runs_.back().last = index;
    }
  }
}

void LogTrail::cut(Index index) {
  const auto term = term_at(index);
  CHECK(term.has_value(), "cut outside the log");
  start_ = index;
  start_term_ = *term;
  std::erase_if(runs_, [&](const TermRun& run) { return run.last <= index; });
}

void LogTrail::reset(Index start, Term start_term) {
  start_ = start;
  start_term_ = start_term;
  runs_.clear();
}

bool is_trail(const Trail& runs, Index prev, Term prev_term, Index last) {
  for (const TermRun& run : runs) {
    if (run.last <= prev || run.term < prev_term) return false;
    prev = run.last;
    prev_term = run.term;
  }
  // Equal neighbours would be one run; only the first may go on with the term before it.
  for (std::size_t i = 1; i < runs.size(); ++i) {
    if (runs[i].term == runs[i - 1].term) return false;
  }
  return prev == last;
}

}  // namespace kontiki::raft
