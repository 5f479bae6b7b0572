// Shard: the members of its groups: where their configuration is found at the start, who is told of whom, and
// how fast a new one is filled.

#include "base/log.h"
#include "multiraft/configuration_codec.h"
#include "multiraft/node.h"
#include "multiraft/shard.h"

#include <algorithm>
#include <utility>

namespace kontiki::multiraft {
namespace {

// A learner's share of time: what is not used up is saved for so long.
constexpr std::int64_t kBurstUs = 250'000;
constexpr std::int64_t kSecondUs = 1'000'000;

storage::Error damaged_configuration(Index index) {
  return {storage::ErrorCode::kDamaged,
          fmt::format("the configuration in entry {} cannot be read", index.value)};
}

}  // namespace

// `saved`: those that came with the snapshot. The configuration of a log that was never cut is the one that
// the group was created with.
Result<void, storage::Error> Shard::restore_configurations(const storage::RecoveredGroup& found,
                                                           const Configurations& saved,
                                                           raft::Restored& restored) {
  const auto after = std::find_if(saved.begin(), saved.end(),
                                  [&](const auto& one) { return one.first > found.start.index; });
  if (found.start.index > Index(0) && after != saved.begin())
    restored.configuration = std::prev(after)->second;
  for (const EntryHeader& header : found.configurations) {
    auto read = store_->read(found.group, header.index, header.index, 1);
    if (!read) return unexpected(read.error());
    auto configuration = decode_configuration(read->front().payload.bytes());
    if (!configuration) return unexpected(damaged_configuration(header.index));
    restored.configurations.emplace_back(header.index, std::move(*configuration));
  }
  return {};
}

// The state together with every configuration that the log may come to start with.
Slice Shard::state_to_save(const Group& group, const Slice& state, Index applied) {
  SavedState saved{{}, state};
  for (const auto& [index, configuration] : group.core_.configurations())
    if (index <= applied) saved.configurations.emplace_back(index, configuration);
  return encode_saved_state(saved);
}

// Until the log is dropped it begins as before, afterwards where the snapshot says: a start may find either.
Slice Shard::state_to_install(const Group& group, const SnapshotTransfer& snapshot, const Slice& state) {
  SavedState saved{{}, state};
  for (const auto& [index, configuration] : group.core_.configurations())
    if (index < snapshot.start.index) saved.configurations.emplace_back(index, configuration);
  saved.configurations.emplace_back(snapshot.start.index, snapshot.configuration);
  return encode_saved_state(saved);
}

// The core takes a member for alive that nobody told it of, so it is told of each one that is new to it:
//   1. a node is added while it is down;
//   2. nothing breaks, since there was no connection, and nobody ever says PeerDown;
//   3. the leader counts it as alive for ever: it neither steps down nor sends it anything when it comes.
void Shard::tell_of_members(Group& group) {
  if (group.core_.configuration() == group.told_) return;
  const Configuration before = std::exchange(group.told_, group.core_.configuration());
  const Configuration now = group.told_;
  for (const auto* members : {&now.voters, &now.outgoing, &now.learners})
    for (const NodeId member : *members) {
      if (member == group.self_ || before.is_member(member)) continue;
      const Peer* peer = peer_of(member);
      if (peer != nullptr && peer->up()) {
        step(group, raft::PeerUp{member});
      } else {
        step(group, raft::PeerDown{member});
      }
    }
  if (group.is_leader()) refresh_in_sync(group);
}

// ---- filling new members
// --------------------------------------------------------------------------------------------

// Learners get entries and snapshots from a bucket that fills up evenly: what a new replica has to catch up
// with may be the whole disk, and nobody waits for it.
bool Shard::may_fill(const Group& group, NodeId peer) {
  if (!Configuration::has(group.core_.configuration().learners, peer)) return true;
  const std::int64_t now = clock_.monotonic_us();
  const auto rate = static_cast<std::int64_t>(options_.learner_bytes_per_second / node_.shards_.size());
  const std::int64_t passed = std::min(now - learner_at_us_, kBurstUs);
  const std::int64_t burst = std::max<std::int64_t>(1, rate * kBurstUs / kSecondUs);
  // Whole microseconds of the rate; the rest stays for the next call.
  const std::int64_t gained = rate * passed / kSecondUs;
  if (gained > 0 || passed == kBurstUs) {
    learner_bytes_ = std::min(learner_bytes_ + gained, burst);
    learner_at_us_ = now;
  }
  return learner_bytes_ > 0;
}

void Shard::filled(const Group& group, NodeId peer, std::uint64_t bytes) {
  if (Configuration::has(group.core_.configuration().learners, peer))
    learner_bytes_ -= static_cast<std::int64_t>(bytes);
}

// ---- Group
// ----------------------------------------------------------------------------------------------------------

Result<void, ProposeError> Group::change_configuration(const Configuration& next) {
  if (!is_leader()) return unexpected(ProposeError::kNotLeader);
  const Index before = core_.configuration_index();
  shard_.step(*this, raft::ProposeConfiguration{next});
  if (core_.configuration_index() == before) return unexpected(ProposeError::kBusy);
  return {};
}

}  // namespace kontiki::multiraft
