// The parts of the core, one by one: trail, durability, quorum, progress, messages.
#include "raft/durability.h"
#include "raft/quorum.h"
#include "raft/trail.h"

#include <gtest/gtest.h>

namespace kontiki::raft {
namespace {

constexpr std::uint64_t kLarge = (1ull << 31) - 2;

Trail runs(std::initializer_list<std::pair<std::uint64_t, std::uint64_t>> list) {
  Trail out;
  for (const auto& [term, last] : list) out.push_back({Term{term}, Index{last}});
  return out;
}

std::vector<NodeId> ids(std::initializer_list<int> list) {
  std::vector<NodeId> out;
  for (const int i : list) out.emplace_back(i);
  return out;
}

// Entry 5 of term 2, entries 6 and 7 of term 3.
AppendRequest two_terms() {
  AppendRequest r;
  r.prev_index = Index{4};
  r.prev_term = Term{2};
  r.count = 3;
  r.runs = runs({{2, 5}, {3, 7}});
  return r;
}

TEST(LogTrail, KnowsTheTermOfEveryEntryAndOfItsStart) {
  const LogTrail log(Index{kLarge}, Term{3}, runs({{3, kLarge + 2}, {7, kLarge + 3}}));
  EXPECT_EQ(log.term_at(Index{kLarge - 1}), std::nullopt);
  EXPECT_EQ(log.term_at(Index{kLarge}), Term{3});
  EXPECT_EQ(log.term_at(Index{kLarge + 2}), Term{3});
  EXPECT_EQ(log.term_at(Index{kLarge + 3}), Term{7});
  EXPECT_EQ(log.term_at(Index{kLarge + 4}), std::nullopt);
}

TEST(LogTrail, TruncatesAndCutsInTheMiddleOfARun) {
  LogTrail log(Index{0}, Term{0}, runs({{1, 3}, {2, 6}, {5, 7}}));
  log.truncate_after(Index{5});
  EXPECT_EQ(log.runs(), runs({{1, 3}, {2, 5}}));
  log.cut(Index{4});
  EXPECT_EQ(log.runs(), runs({{2, 5}}));
  EXPECT_EQ(log.start_term(), Term{2});
  log.append(Term{2}, 2);
  EXPECT_EQ(log.runs(), runs({{2, 7}}));
  log.truncate_after(Index{4});
  EXPECT_TRUE(log.runs().empty());
  EXPECT_EQ(log.last_term(), Term{2});
}

TEST(LogTrail, SlicesByCount) {
  const LogTrail log(Index{2}, Term{1}, runs({{1, 3}, {2, 6}, {5, 7}}));
  EXPECT_EQ(log.slice(Index{2}, 5), runs({{1, 3}, {2, 6}, {5, 7}}));
  EXPECT_EQ(log.slice(Index{3}, 2), runs({{2, 5}}));
  EXPECT_EQ(log.slice(Index{5}, 2), runs({{2, 6}, {5, 7}}));
  EXPECT_TRUE(log.slice(Index{7}, 0).empty());
}

TEST(LogTrail, FindsTheFirstDifferenceAtEveryPosition) {
  for (std::uint64_t place = 1; place <= 6; ++place) {
    Trail ours;
    Trail theirs;
    if (place > 1) ours = theirs = runs({{1, place - 1}});
    ours.push_back({Term{2}, Index{6}});
    theirs.push_back({Term{3}, Index{8}});
    const LogTrail log(Index{0}, Term{0}, ours);
    EXPECT_EQ(log.first_difference(Index{0}, theirs), Index{place});
    EXPECT_EQ(log.first_difference(Index{0}, ours), Index{7});
  }
}

TEST(LogTrail, SkipsAWholeTermForAHint) {
  const LogTrail log(Index{1}, Term{1}, runs({{2, 5}, {4, 9}}));
  EXPECT_EQ(log.last_at_or_below(Index{20}, Term{9}), Index{9});
  EXPECT_EQ(log.last_at_or_below(Index{8}, Term{4}), Index{8});
  EXPECT_EQ(log.last_at_or_below(Index{8}, Term{3}), Index{5});
  EXPECT_EQ(log.last_at_or_below(Index{4}, Term{1}), Index{1});
  EXPECT_EQ(log.last_at_or_below(Index{0}, Term{0}), Index{0});
}

TEST(LogTrail, IsNotFooledByRunsThatDoNotRise) {
  EXPECT_TRUE(is_trail(runs({{2, 5}, {4, 9}}), Index{3}, Term{2}, Index{9}));
  EXPECT_FALSE(is_trail(runs({{2, 5}, {4, 9}}), Index{5}, Term{2}, Index{9}));
  EXPECT_FALSE(is_trail(runs({{2, 5}, {1, 9}}), Index{3}, Term{2}, Index{9}));
  EXPECT_FALSE(is_trail(runs({{2, 5}, {2, 9}}), Index{3}, Term{2}, Index{9}));
  EXPECT_FALSE(is_trail(runs({{2, 5}}), Index{3}, Term{3}, Index{5}));
  EXPECT_FALSE(is_trail(runs({{2, 5}}), Index{3}, Term{2}, Index{6}));
  EXPECT_TRUE(is_trail({}, Index{3}, Term{3}, Index{3}));
}

TEST(Durability, CountsAnAcknowledgementOnlyWhenAllBeforeItCame) {
  Durability d(Index{1});
  d.wrote(3, true, Index{2});
  d.wrote(4, false, Index{5});
  d.wrote(9, true, Index{0});
  EXPECT_TRUE(d.done(9));
  EXPECT_TRUE(d.done(4));
  EXPECT_EQ(d.persisted(), Index{1});
  EXPECT_TRUE(d.hard_state_pending());
  EXPECT_FALSE(d.done(5));
  EXPECT_TRUE(d.done(3));
  EXPECT_EQ(d.persisted(), Index{5});
  EXPECT_FALSE(d.pending());
  EXPECT_FALSE(d.done(3));
}

TEST(Durability, AnOvertakenWriteDoesNotVouchForWhatReplacedIt) {
  Durability d(Index{4});
  d.wrote(1, false, Index{8});
  d.truncated_after(Index{2});
  EXPECT_EQ(d.persisted(), Index{2});
  d.wrote(2, false, Index{6});
  d.done(1);
  EXPECT_EQ(d.persisted(), Index{2});
  d.done(2);
  EXPECT_EQ(d.persisted(), Index{6});
}

TEST(Quorum, NeedsAMajorityOfBothSetsAndIgnoresLearners) {
  const Configuration joint{
      .voters = ids({1, 2, 3}), .outgoing = ids({3, 4, 5, 6}), .learners = ids({7, 8, 9})};
  const auto decided = [&](std::vector<NodeId> yes) {
    return is_quorum(joint, [&](NodeId node) { return Configuration::has(yes, node); });
  };
  EXPECT_FALSE(decided(ids({1, 2})));
  EXPECT_FALSE(decided(ids({4, 5, 6})));
  EXPECT_FALSE(decided(ids({1, 2, 4, 5})));
  EXPECT_TRUE(decided(ids({1, 3, 4, 5})));
  EXPECT_TRUE(decided(ids({1, 2, 4, 5, 6})));
  EXPECT_FALSE(decided(ids({1, 7, 8, 9})));
  EXPECT_FALSE(is_quorum(Configuration{}, [](NodeId) { return true; }));
}

TEST(Quorum, TheIndexIsTheLowerOfBothMajorities) {
  const auto match = [](NodeId node) { return Index{static_cast<std::uint64_t>(node.value) * 10}; };
  EXPECT_EQ(quorum_index({.voters = ids({1, 2, 3}), .outgoing = {}, .learners = {}}, match), Index{20});
  EXPECT_EQ(quorum_index({.voters = ids({1, 2, 3, 4}), .outgoing = {}, .learners = ids({9})}, match),
            Index{20});
  EXPECT_EQ(quorum_index({.voters = ids({4, 5, 6}), .outgoing = ids({1, 2, 3}), .learners = {}}, match),
            Index{20});
  EXPECT_EQ(quorum_index(Configuration{}, match), Index{0});
}

TEST(Quorum, AVoteIsLostWhenAMajorityOfEitherSetCannotBeHad) {
  const Configuration joint{.voters = ids({1, 2, 3}), .outgoing = ids({3, 4, 5}), .learners = {}};
  const auto result = [&](std::vector<NodeId> yes, std::vector<NodeId> no) {
    return tally(joint, [&](NodeId node) {
      if (Configuration::has(yes, node)) return Ballot::kGranted;
      return Configuration::has(no, node) ? Ballot::kRefused : Ballot::kMissing;
    });
  };
  EXPECT_EQ(result(ids({1, 2}), {}), Tally::kPending);
  EXPECT_EQ(result(ids({1, 2, 4, 5}), ids({3})), Tally::kWon);
  EXPECT_EQ(result(ids({1, 2}), ids({4, 5})), Tally::kLost);
  EXPECT_EQ(result(ids({3}), ids({1, 4})), Tally::kPending);
}

TEST(AppendRequest, IsCheckedBeforeItIsBelieved) {
  AppendRequest r = two_terms();
  EXPECT_TRUE(is_well_formed(r));
  r.count = 4;
  EXPECT_FALSE(is_well_formed(r));
  r.count = UINT64_MAX;
  EXPECT_FALSE(is_well_formed(r));
  r.count = 3;
  r.configurations = {{Index{8}, {.voters = ids({1}), .outgoing = {}, .learners = {}}}};
  EXPECT_FALSE(is_well_formed(r));
  r.configurations.front().first = Index{7};
  EXPECT_TRUE(is_well_formed(r));
  r.configurations.front().second.voters = ids({2, 1});
  EXPECT_FALSE(is_well_formed(r));
}

TEST(AppendRequest, IsShortenedToAnyCount) {
  for (std::uint64_t count = 0; count <= 3; ++count) {
    AppendRequest r = two_terms();
    r.configurations = {{Index{7}, {.voters = ids({1}), .outgoing = {}, .learners = {}}}};
    shorten(r, count);
    EXPECT_TRUE(is_well_formed(r)) << count;
    EXPECT_EQ(r.count, count);
    EXPECT_EQ(r.configurations.size(), count == 3 ? 1u : 0u);
  }
}

}  // namespace
}  // namespace kontiki::raft
