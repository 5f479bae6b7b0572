// How messages and configurations read in traces and golden scripts.
#include "unit/raft/cluster.h"

#include <fmt/format.h>

namespace kontiki::raft::test {
namespace {

std::string list(const std::vector<NodeId>& set) {
  std::string out;
  for (const NodeId node : set) out += fmt::format("{}{}", out.empty() ? "" : ",", node.value);
  return out;
}

struct Body {
  std::string operator()(const VoteRequest& r) const {
    return fmt::format("{} last={}@{}{}", r.pre_vote ? "pre-vote?" : "vote?", r.last_index.value,
                       r.last_term.value, r.transfer ? " transfer" : "");
  }
  std::string operator()(const VoteReply& r) const {
    return fmt::format("{} {}", r.pre_vote ? "pre-vote" : "vote", r.granted ? "yes" : "no");
  }
  std::string operator()(const AppendRequest& r) const {
    std::string out =
        fmt::format("append prev={}@{} count={}", r.prev_index.value, r.prev_term.value, r.count);
    for (const TermRun& run : r.runs) out += fmt::format(" [{}..{}]", run.term.value, run.last.value);
    for (const auto& [index, members] : r.configurations)
      out += fmt::format(" {}:{}", index.value, describe(members));
    out += fmt::format(" commit={}", r.commit.value);
    if (r.round > 0) out += fmt::format(" round={}", r.round);
    if (r.settles > 0) out += fmt::format(" settles={}", r.settles);
    return out;
  }
  std::string operator()(const AppendReply& r) const {
    std::string out = r.accepted ? fmt::format("accepted match={}", r.match.value)
                                 : fmt::format("refused match={}@{}", r.match.value, r.match_term.value);
    out += fmt::format(" commit={}", r.commit.value);
    if (r.round > 0) out += fmt::format(" round={}", r.round);
    if (r.doubt > 0) out += fmt::format(" doubt={}", r.doubt);
    return out;
  }
  std::string operator()(const TimeoutNow&) const { return "timeout-now"; }
  std::string operator()(const NotLeader&) const { return "not-leader"; }
};

}  // namespace

std::string describe(const Configuration& members) {
  std::string out = "{" + list(members.voters);
  if (!members.outgoing.empty()) out += " out " + list(members.outgoing);
  if (!members.learners.empty()) out += " learn " + list(members.learners);
  if (members.epoch > 0) out += fmt::format(" epoch {}", members.epoch);
  return out + "}";
}

std::string describe(const Message& m) {
  return fmt::format("{}->{} t{} {}", m.from.value, m.to.value, m.term.value, std::visit(Body{}, m.body));
}

}  // namespace kontiki::raft::test
