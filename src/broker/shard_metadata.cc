// ShardBroker: its copy of the metadata, and the partitions that follow from it.
//
// While the log is replayed at start nothing follows from it: it tells of the past. A topic that is created
// in it may be deleted further on; a replica that is removed in it may have been added again, and has data
// that must not be deleted; one that was added again, empty, must not vote as what it was before. Once
// everything that was committed before the start is applied (metadata_caught_up), all partitions that are
// there are started, and what the store has beyond them is deleted.

#include "base/log.h"
#include "broker/broker.h"
#include "broker/coordinator_host.h"
#include "broker/partition_host.h"
#include "broker/shard_broker.h"
#include "metadata/names.h"
#include "metadata/topic_configs.h"

#include <algorithm>
#include <utility>

namespace kontiki::broker {
namespace {

Configuration configuration_of(const metadata::PartitionInfo& info) {
  Configuration configuration{.voters = info.founders, .outgoing = {}, .learners = {}};
  std::sort(configuration.voters.begin(), configuration.voters.end());
  return configuration;
}

multiraft::Seat seat_of(const metadata::PartitionInfo& info, NodeId node) {
  const metadata::Seat* seat = info.seat(node);
  return seat == nullptr ? multiraft::Seat{} : multiraft::Seat{seat->since, seat->term};
}

constexpr std::int64_t kLeavingRetryUs = 10'000;
constexpr std::int64_t kUnreadableRetryUs = 1'000'000;  // the disk could not read just now

}  // namespace

void ShardBroker::apply_metadata(std::span<const Entry> entries) {
  for (const Entry& entry : entries) {
    metadata::ApplyResult result = cluster_.apply(entry);
    for (metadata::Change& change : result.changes) changes_.push_back(std::move(change));
  }
  follow_later();
}

void ShardBroker::restore_metadata(const Slice& snapshot) {
  // The controller has restored it on shard 0 before, from the same bytes.
  CHECK(cluster_.restore(snapshot.bytes()).has_value(), "a snapshot that one shard can read all can");
  changes_.clear();
  restored_ = true;
  follow_later();
}

void ShardBroker::metadata_caught_up() {
  if (std::exchange(caught_up_, true)) return;
  restored_ = true;
  follow_later();
  // Behind the task that starts the partitions.
  executor().post([this] { connections_.open(); });
}

// Groups are made and removed in a task of their own: on shard 0 the metadata group is applying.
void ShardBroker::follow_later() {
  if (follow_posted_ || (changes_.empty() && !restored_)) return;
  follow_posted_ = true;
  executor().post([this] {
    follow_posted_ = false;
    if (!stopped_) follow();
  });
}

void ShardBroker::follow() {
  if (!caught_up_) return changes_.clear();
  reassigner_.wake();
  if (std::exchange(restored_, false)) reconcile();
  for (const metadata::Change& change : std::exchange(changes_, {})) {
    if (const auto* created = std::get_if<metadata::TopicCreated>(&change)) {
      ensure_topic(created->id);
    } else if (const auto* added = std::get_if<metadata::PartitionsAdded>(&change)) {
      ensure_topic(added->id);
    } else if (const auto* deleted = std::get_if<metadata::TopicDeleted>(&change)) {
      topic_deleted(deleted->topic);
    } else if (const auto* replicas = std::get_if<metadata::ReplicasChanged>(&change)) {
      follow_replicas(*replicas);
    } else if (const auto* configured = std::get_if<metadata::ConfigChanged>(&change)) {
      const metadata::Topic* topic = cluster_.topic(configured->id);
      if (topic == nullptr) continue;
      for (const auto& partition : topic->partitions)
        if (ReplicaHost* host = replica(partition.group))
          host->set_settings(metadata::topic_settings(topic->configs));
    }
  }
}

void ShardBroker::reconcile() {
  for (const auto& [name, topic] : cluster_.topics()) {
    ensure_topic(topic.id);
    for (const auto& partition : topic.partitions)
      if (ReplicaHost* host = replica(partition.group))
        host->set_settings(metadata::topic_settings(topic.configs));
  }
  std::vector<GroupId> gone;
  for (const auto& [id, host] : hosts_)
    if (const auto ref = cluster_.partition(id); !ref || !is_replica(ref->info())) gone.push_back(id);
  for (const GroupId id : gone) {
    if (cluster_.partition(id))
      drop_replica(id, kafka::ErrorCode::kNotLeaderOrFollower);
    else
      remove_partition(id);
  }
  for (const GroupId id : shard_.orphans()) {
    const auto ref = cluster_.partition(id);
    if (id == kMetadataGroup || (ref && is_replica(ref->info()))) continue;
    log(LogLevel::kInfo, "Deleting the data of group {}: {}.", id.value,
        ref ? "this broker is no replica of it any more" : "its topic was deleted");
    shard_.remove_group(id);
    recovered_.erase(id);
  }
  shard_.groups_complete();
}

void ShardBroker::follow_replicas(const metadata::ReplicasChanged& change) {
  const metadata::Topic* topic = cluster_.topic(change.id);
  if (topic == nullptr) return;  // deleted since
  const metadata::PartitionInfo& info = topic->partitions[static_cast<std::size_t>(change.partition)];
  if (is_replica(info)) return ensure_partition(*topic, change.partition);
  if (shard_of(info.group) != number_) return;
  if (hosts_.contains(info.group))
    log(LogLevel::kInfo, "Partition {}-{} is on other brokers now: deleting its data here.", topic->name,
        change.partition);
  drop_replica(info.group, kafka::ErrorCode::kNotLeaderOrFollower);
}

void ShardBroker::ensure_topic(const TopicId& id) {
  const metadata::Topic* topic = cluster_.topic(id);
  if (topic == nullptr) return;  // deleted since
  for (std::size_t i = 0; i < topic->partitions.size(); ++i)
    ensure_partition(*topic, static_cast<std::int32_t>(i));
}

void ShardBroker::ensure_partition(const metadata::Topic& topic, std::int32_t partition) {
  const metadata::PartitionInfo& info = topic.partitions[static_cast<std::size_t>(partition)];
  const bool is_recovered = recovered_.contains(info.group);
  if (shard_of(info.group) != number_ || hosts_.contains(info.group)) return;
  if (!is_replica(info)) return;
  if (shard_.is_leaving(info.group)) {
    // It was here until a moment ago, and that it left is not on the disk yet.
    deadlines_.after(kLeavingRetryUs, [this, id = topic.id] { ensure_topic(id); });
    return;
  }

  Hosted host = make_host(topic, partition, info.group);
  const metadata::Node* own = cluster_.node(self());
  const bool is_younger =
      own != nullptr && own->incarnation == broker_.node().incarnation() && info.group >= own->first_group;
  const auto group = shard_.create_group(info.group, self(), configuration_of(info), *host.replica,
                                         is_younger ? multiraft::Origin::kNew : multiraft::Origin::kLost,
                                         seat_of(info, self()));
  if (!group) {
    log(LogLevel::kError, "Partition {}-{} (group {}) is not served by this broker: {}; trying again",
        topic.name, partition, info.group.value, group.error().message);
    deadlines_.after(kUnreadableRetryUs, [this, id = topic.id] { ensure_topic(id); });
    return;
  }
  recovered_.erase(info.group);
  host.replica->set_group(*group);
  host.replica->set_settings(metadata::topic_settings(topic.configs));
  hosts_.emplace(info.group, std::move(host));
  // The preferred leader of a new partition need not wait for the others to miss one.
  const bool is_alone = info.replicas.size() == 1;
  const bool is_preferred = !is_recovered && info.reassignments == 0 && info.replicas.front() == self();
  if (is_alone || is_preferred) (*group)->campaign();
}

ShardBroker::Hosted ShardBroker::make_host(const metadata::Topic& topic, std::int32_t partition,
                                           GroupId group) {
  TopicPartition name{topic.name, partition};
  Hosted hosted;
  if (metadata::is_internal_topic(topic.name)) {
    auto made = std::make_unique<CoordinatorHost>(*this, group, std::move(name), options().groups,
                                                  Prng(prng_.next()));
    hosted.coordinator = made.get();
    hosted.replica = std::move(made);
  } else {
    auto made = std::make_unique<PartitionHost>(*this, group, std::move(name),
                                                metadata::topic_settings(topic.configs));
    hosted.partition = made.get();
    hosted.replica = std::move(made);
  }
  return hosted;
}

void ShardBroker::topic_deleted(const metadata::Topic& topic) {
  for (const auto& partition : topic.partitions) remove_partition(partition.group);
  for (const GroupId id : coordinators()) coordinator(id)->topic_deleted(topic.name, topic.id);
}

void ShardBroker::remove_partition(GroupId group) {
  shard_.forget_leader(group);
  if (shard_of(group) == number_) drop_replica(group, kafka::ErrorCode::kUnknownTopicOrPartition);
}

// Deletes what this broker has of a partition.
void ShardBroker::drop_replica(GroupId group, kafka::ErrorCode why) {
  recovered_.erase(group);
  auto host = hosts_.extract(group);
  if (host.empty()) {
    // Data of a partition that was not started; the store knows it as an orphan.
    const auto orphans = shard_.orphans();
    if (std::binary_search(orphans.begin(), orphans.end(), group)) shard_.remove_group(group);
    return;
  }
  host.mapped().replica->gone(why);
  shard_.remove_group(group);
}

void ShardBroker::leadership_changed(const multiraft::Leadership& news) {
  // Whoever waits to read here may have to look elsewhere: the host knows when its own role changes.
  if (news.group == kMetadataGroup && number_ == 0) broker_.metadata_leader_changed();
}

}  // namespace kontiki::broker
