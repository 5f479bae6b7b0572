// LeaderTable: who leads which group, as far as this shard has heard. Every leader announces itself to every
// broker, so that any broker can answer Kafka's Metadata. One copy per shard; news with an older term are
// dropped.
#pragma once

#include "model/ids.h"

#include <cstdint>
#include <unordered_map>
#include <vector>

namespace kontiki::multiraft {

struct Leadership {
  GroupId group;
  Term term;
  NodeId leader = kNoNode;      // kNoNode: the last one known is gone
  std::vector<NodeId> in_sync;  // replicas that keep up with the leader, itself included; sorted
  friend bool operator==(const Leadership&, const Leadership&) = default;
};

class LeaderTable {
 public:
  // True if this was news.
  bool update(const Leadership& news) {
    auto& known = table_[news.group];
    if (news.term < known.term || (news.term == known.term && known == news)) return false;
    known = news;
    return true;
  }
  const Leadership* find(GroupId group) const {
    const auto at = table_.find(group);
    return at == table_.end() ? nullptr : &at->second;
  }
  void forget(GroupId group) { table_.erase(group); }
  // A node died: whatever it led has no known leader until news come. Returns those groups.
  std::vector<GroupId> node_down(NodeId node) {
    std::vector<GroupId> lost;
    for (auto& [group, known] : table_) {
      if (known.leader != node) continue;
      known.leader = kNoNode;
      known.in_sync.clear();
      lost.push_back(group);
    }
    return lost;
  }

 private:
  std::unordered_map<GroupId, Leadership> table_;
};

}  // namespace kontiki::multiraft
