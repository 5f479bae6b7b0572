#include "raft/quorum.h"

#include <algorithm>

namespace kontiki::raft {
namespace {

using Set = std::vector<NodeId>;

std::size_t majority(const Set& set) {
  return set.size() / 2 + 1;
}

bool decides(const Set& set, const std::function<bool(NodeId)>& yes) {
  return static_cast<std::size_t>(std::count_if(set.begin(), set.end(), yes)) >= majority(set);
}

Tally tally_of(const Set& set, const std::function<Ballot(NodeId)>& ballot) {
  std::size_t granted = 0;
  std::size_t refused = 0;
  for (const NodeId node : set) {
    const Ballot b = ballot(node);
    granted += b == Ballot::kGranted ? 1 : 0;
    refused += b == Ballot::kRefused ? 1 : 0;
  }
  if (granted >= majority(set)) return Tally::kWon;
  return refused > set.size() - majority(set) ? Tally::kLost : Tally::kPending;
}

Index index_of(const Set& set, const std::function<Index(NodeId)>& match) {
  std::vector<Index> indexes;
  indexes.reserve(set.size());
  for (const NodeId node : set) indexes.push_back(match(node));
  std::sort(indexes.begin(), indexes.end(), std::greater<>());
  return indexes[majority(set) - 1];
}

bool is_set(const Set& set) {
  return std::adjacent_find(set.begin(), set.end(), [](NodeId a, NodeId b) { return a >= b; }) == set.end();
}

}  // namespace

bool is_quorum(const Configuration& configuration, const std::function<bool(NodeId)>& yes) {
  if (configuration.voters.empty() || !decides(configuration.voters, yes)) return false;
  return configuration.outgoing.empty() || decides(configuration.outgoing, yes);
}

Tally tally(const Configuration& configuration, const std::function<Ballot(NodeId)>& ballot) {
  if (configuration.voters.empty()) return Tally::kLost;
  const Tally incoming = tally_of(configuration.voters, ballot);
  if (configuration.outgoing.empty()) return incoming;
  const Tally outgoing = tally_of(configuration.outgoing, ballot);
  if (incoming == Tally::kLost || outgoing == Tally::kLost) return Tally::kLost;
  return incoming == Tally::kWon ? outgoing : incoming;
}

Index quorum_index(const Configuration& configuration, const std::function<Index(NodeId)>& match) {
  if (configuration.voters.empty()) return Index{0};
  const Index incoming = index_of(configuration.voters, match);
  if (configuration.outgoing.empty()) return incoming;
  return std::min(incoming, index_of(configuration.outgoing, match));
}

bool is_valid(const Configuration& configuration) {
  if (configuration.voters.empty()) return false;
  if (!is_set(configuration.voters) || !is_set(configuration.outgoing) || !is_set(configuration.learners))
    return false;
  return std::none_of(configuration.learners.begin(), configuration.learners.end(),
                      [&](NodeId node) { return Configuration::has(configuration.voters, node); });
}

}  // namespace kontiki::raft
