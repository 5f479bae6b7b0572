// Reassigner: brings the partitions that this shard leads to the replicas that the metadata wishes, and tells
// the metadata when a wish has come true. Whoever leads a partition does it, so it goes on with the next
// leader and needs no other memory than the metadata and the group's log
// (docs/adr/0007-change-of-members.md).
//
// Owned by the ShardBroker, used only on its shard. Costs nothing while nothing is reassigned.
#pragma once

#include "model/ids.h"
#include "multiraft/member_change.h"

#include <cstdint>
#include <unordered_map>

namespace kontiki::broker {

class ShardBroker;

class Reassigner {
 public:
  static constexpr std::int64_t kTurnUs = 100'000;

  explicit Reassigner(ShardBroker& shard) : shard_(shard) {}

  // The metadata changed: there may be something to do.
  void wake();

 private:
  struct Change {
    multiraft::MemberChange members;
    bool reporting = false;  // that it came true, to the metadata
  };

  void turn();
  void drive(GroupId group);
  void report(GroupId group, std::uint64_t number, Term term);

  ShardBroker& shard_;
  std::unordered_map<GroupId, Change> changes_;  // Bound: the partitions that are being reassigned
  bool armed_ = false;
};

}  // namespace kontiki::broker
