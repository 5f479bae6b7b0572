// ReplicaHost: what the broker keeps for one raft group of a topic: its state machine and whoever waits for
// it. A PartitionHost holds messages, a CoordinatorHost consumer groups. Owned by the ShardBroker of the
// group's shard, used only there.
#pragma once

#include "kafka/error.h"
#include "metadata/topic_configs.h"
#include "multiraft/group.h"
#include "multiraft/state_machine.h"

#include <cstdint>
#include <utility>

namespace kontiki::broker {

class ShardBroker;

class ReplicaHost : public multiraft::StateMachine {
 public:
  ReplicaHost(ShardBroker& shard, GroupId id, TopicPartition name)
      : shard_(shard), id_(id), name_(std::move(name)) {}

  const TopicPartition& name() const { return name_; }
  multiraft::Group* group() { return group_; }
  void set_group(multiraft::Group* group) { group_ = group; }
  bool leads() const { return group_ != nullptr && group_->is_leader(); }

  virtual void set_settings(const metadata::TopicSettings& settings) = 0;
  // The topic was deleted, or this broker is no replica any more: everyone waiting is told why. Before the
  // group goes.
  virtual void gone(kafka::ErrorCode why) = 0;
  // Now and then.
  virtual void upkeep(std::int64_t wall_ms) = 0;

 protected:
  ShardBroker& shard_;
  const GroupId id_;
  const TopicPartition name_;
  multiraft::Group* group_ = nullptr;
};

}  // namespace kontiki::broker
