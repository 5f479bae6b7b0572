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
  NodeId leader = kNoNode;
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

 private:
  std::unordered_map<GroupId, Leadership> table_;
};

}  // namespace kontiki::multiraft
