#include "storage/group.h"

#include <algorithm>

namespace kontiki::storage {

LogStart Group::segments_end() const {
  if (damage) return durable.last;
  if (segments.empty()) return start;
  const Segment& newest = segments.back();
  return {newest.last, term_at(newest.last).value_or(newest.prev.term), newest.next_offset};
}

std::optional<Term> Group::term_at(Index index) const {
  if (index == start.index) return start.term;
  if (index < start.index || (damage && index <= durable.last.index)) return std::nullopt;
  const auto span = std::ranges::lower_bound(terms, index, {}, &TermSpan::last);
  if (span == terms.end()) return std::nullopt;
  return span->term;
}

void Group::push_term(Term term, Index index) {
  if (!terms.empty() && terms.back().term == term) {
    terms.back().last = index;
  } else {
    terms.push_back({term, index});
  }
}

void Group::cut_terms(Index from) {
  while (!terms.empty()) {
    const Index before = terms.size() > 1 ? terms[terms.size() - 2].last : start.index;
    if (before + 1 >= from) {
      terms.pop_back();
      continue;
    }
    terms.back().last = std::min(terms.back().last, from - 1);
    return;
  }
}

void Group::drop_terms(Index to) {
  std::erase_if(terms, [to](const TermSpan& span) { return span.last <= to; });
}

std::uint64_t Group::segment_payload_bytes() const {
  std::uint64_t bytes = 0;
  for (const auto& segment : segments) bytes += segment.bytes;
  return bytes;
}

}  // namespace kontiki::storage
