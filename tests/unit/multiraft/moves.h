// Moves: a group that runs on some nodes of a World while somebody wishes it elsewhere. Plays the part of the
// metadata (which hears of wishes at once and everywhere) and of the producers, and remembers what was
// acknowledged.
#pragma once

#include "multiraft/member_change.h"
#include "world.h"

#include <algorithm>
#include <deque>
#include <set>

namespace kontiki::multiraft::test {

inline constexpr GroupId kMoved{5};

class Moves {
 public:
  explicit Moves(std::uint64_t seed, std::vector<int> nodes = {1, 2, 3, 4, 5, 6},
                 const NodeOptions& options = {})
      : world(seed, std::move(nodes), 1) {
    world.base_options = options;
    world.first_members = {1, 2, 3};
    target = world.first_members;
    world.start_all({kMoved});
  }

  // The nodes that are new get an empty member at once.
  void wish(std::vector<int> replicas) {
    target = std::move(replicas);
    ++epoch;
    done = false;
    for (int id : target)
      if (!world.seats[kMoved].contains(id)) world.join(id, kMoved, Seat{epoch, known_term});
  }

  // A little time: producers write, the leader does its next step.
  void turn() {
    for (const int id : world.ids())
      if (Group* group = member(id); group != nullptr && group->is_leader()) {
        produce(id, *group);
        drive(id, *group);
      }
    world.simulation.run_for(20'000);
    settle();
  }
  bool run(int turns) {
    for (int i = 0; i < turns && !done; ++i) turn();
    return done;
  }

  Group* member(int id) {
    if (!world.is_running(id)) return nullptr;
    const auto& groups = world.host(id).groups;
    const auto at = groups.find(kMoved);
    return at == groups.end() ? nullptr : at->second;
  }
  int leader() { return world.leader(kMoved); }
  const Configuration* configuration() {
    const int id = leader();
    return id == 0 ? nullptr : &member(id)->core().configuration();
  }

  // Everything acknowledged stands once, in order, on every replica that is wished; and on no other node.
  void expect_moved() {
    ASSERT_TRUE(world.simulation.run_until(
        [&] {
          settle();
          const int id = leader();
          return id != 0 && std::all_of(target.begin(), target.end(), [&](int one) {
                   return member(one) != nullptr && member(one)->applied() == member(id)->core().last_index();
                 });
        },
        20'000'000));
    for (int id : target) {
      const auto& texts = world.host(id).machines.at(kMoved)->applied_texts;
      auto next = acknowledged.begin();
      for (const std::string& text : texts)
        if (next != acknowledged.end() && *next == text) ++next;
      EXPECT_TRUE(next == acknowledged.end()) << "node " << id << " lost or reordered " << *next;
      EXPECT_EQ(std::set<std::string>(texts.begin(), texts.end()).size(), texts.size()) << "node " << id;
    }
    world.expect_same_everywhere(kMoved);
    for (int id : world.ids())
      EXPECT_EQ(member(id) != nullptr, std::find(target.begin(), target.end(), id) != target.end());
  }

  World world;
  std::vector<int> target;
  std::uint64_t epoch = 0;
  Term known_term;  // of the newest wish that came true
  bool done = true;
  bool keep_data = false;  // nobody tells removed members that they are
  int payload_bytes = 0;
  std::vector<std::string> acknowledged;

 private:
  struct Sent {
    const Host* host;
    int id;
    Index index;
    Term term;
    std::string text;
  };

  void produce(int id, Group& group) {
    for (int i = 0; i < 3; ++i) {
      const std::string text = fmt::format("{:08}", next_++) + std::string(payload_bytes, 'x');
      Proposal proposal;
      proposal.payload = Slice::copy_of(text);
      proposal.offset_count = 1;
      const auto index = group.propose(std::span(&proposal, 1));
      if (index) sent_.push_back({&world.host(id), id, *index, group.term(), text});
    }
  }
  void drive(int id, Group& group) {
    if (done || ++calls_[id] % 5 != 0) return;
    if (changes_[id].drive(group, epoch, nodes_of(target)) != MemberChange::State::kDone) return;
    done = true;
    known_term = group.term();
    if (keep_data) return;
    const auto seats = world.seats[kMoved];
    for (const auto& [node, seat] : seats)
      if (std::find(target.begin(), target.end(), node) == target.end()) world.leave(node, kMoved);
  }
  // What its proposer has applied is acknowledged.
  void settle() {
    std::deque<Sent> open;
    for (Sent& sent : sent_) {
      Group* group = member(sent.id);
      if (group == nullptr || &world.host(sent.id) != sent.host) continue;
      if (group->applied() < sent.index) {
        open.push_back(std::move(sent));
      } else if (group->core().term_at(sent.index) == sent.term) {
        acknowledged.push_back(std::move(sent.text));
      }
    }
    sent_ = std::move(open);
  }
  static std::vector<NodeId> nodes_of(const std::vector<int>& ids) {
    return std::vector<NodeId>(ids.begin(), ids.end());
  }

  std::map<int, MemberChange> changes_;
  std::map<int, int> calls_;
  std::deque<Sent> sent_;
  int next_ = 0;
};

}  // namespace kontiki::multiraft::test
