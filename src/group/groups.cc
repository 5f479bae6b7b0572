#include "group/groups.h"

#include "base/check.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace kontiki::group {
namespace {

// Hostile times may lie at both ends of the scale.
bool has_passed(std::int64_t now_ms, std::int64_t since_ms, std::int64_t duration_ms) {
  std::int64_t elapsed_ms = 0;
  if (__builtin_sub_overflow(now_ms, since_ms, &elapsed_ms)) return now_ms > since_ms;
  return elapsed_ms >= duration_ms;
}

// Which offsets of a group may expire at all, and since when they count as unused. Kafka's rules: of an Empty
// group all, since it is Empty; of a group that never had members each since its commit; of a Stable group of
// consumers those of topics that nobody subscribes to any more, since their commit. One rule is ours: a
// commit into an Empty group counts from the commit, for otherwise one made by hand would be gone with the
// next round.
class Expiry {
 public:
  Expiry(const Group& group, std::int64_t now_ms, std::int64_t retention_ms)
      : group_(group), now_ms_(now_ms), retention_ms_(retention_ms) {
    const bool is_consumer = group.protocol_type == kConsumerProtocolType;
    if (group.state == State::kStable && is_consumer)
      subscribed_ = subscribed_topics(group.members, group.protocol_name);
  }

  bool is_due(const TopicPartition& partition, const Committed& committed) const {
    if (group_.state != State::kEmpty && (!subscribed_ || subscribed_->contains(partition.topic)))
      return false;
    if (committed.expire_ms != kNoTime) return now_ms_ >= committed.expire_ms;
    std::int64_t since_ms = committed.commit_ms;
    if (group_.state == State::kEmpty) since_ms = std::max(since_ms, group_.empty_ms);
    return has_passed(now_ms_, since_ms, retention_ms_);
  }

 private:
  const Group& group_;
  std::int64_t now_ms_;
  std::int64_t retention_ms_;
  std::optional<Topics> subscribed_;
};

}  // namespace

// ---- queries
// --------------------------------------------------------------------------------------------------------

const Group* Groups::find(std::string_view name) const {
  const auto it = groups_.find(name);
  return it == groups_.end() ? nullptr : &it->second;
}
Group* Groups::find_for_change(std::string_view name) {
  const auto it = groups_.find(name);
  return it == groups_.end() ? nullptr : &it->second;
}

bool Groups::has_expired(const Group& group, std::int64_t now_ms, std::int64_t retention_ms) const {
  if (group.state == State::kEmpty && group.offsets.empty()) return true;
  const Expiry expiry(group, now_ms, retention_ms);
  return std::any_of(group.offsets.begin(), group.offsets.end(),
                     [&](const auto& o) { return expiry.is_due(o.first, o.second); });
}

std::set<std::pair<std::string, TopicId>> Groups::topics() const {
  std::set<std::pair<std::string, TopicId>> topics;
  for (const auto& [name, group] : groups_)
    for (const auto& [partition, committed] : group.offsets)
      topics.emplace(partition.topic, committed.topic_id);
  return topics;
}

// ---- the log
// --------------------------------------------------------------------------------------------------------

void Groups::apply(const Entry& entry) {
  CHECK(entry.header.index == applied_ + 1, "entries are applied in order, without gaps");
  applied_ = entry.header.index;
  if (entry.header.kind == EntryKind::kTermStart) started_term_ = entry.header.term;
  if (entry.header.kind != EntryKind::kCommand) return;
  auto command = decode(entry.payload.bytes());
  if (!command)
    fatal(Reason::kDataMismatch,
          fmt::format(
              "the log of a group coordinator holds a command that this version cannot read at index {} "
              "(term {}); it was written by a newer Kontiki: run that version or a later one on this node",
              entry.header.index.value, entry.header.term.value));
  std::visit([&]<typename T>(T&& body) { execute(std::forward<T>(body)); }, std::move(*command));
}

void Groups::execute(BeginGeneration&& command) {
  Group& group = groups_[command.group];
  group.state = command.members.empty() ? State::kEmpty : State::kCompletingRebalance;
  group.generation = command.generation;
  group.protocol_type = std::move(command.protocol_type);
  group.protocol_name = std::move(command.protocol_name);
  group.leader = std::move(command.leader);
  group.empty_ms = command.members.empty() ? command.time_ms : kNoTime;
  group.members = std::move(command.members);
}

void Groups::execute(Assign&& command) {
  Group* group = find_for_change(command.group);
  if (group == nullptr || group->generation != command.generation || group->members.empty()) return;
  for (auto& [id, member] : group->members) {
    const auto it = command.assignments.find(id);
    member.assignment = it == command.assignments.end() ? Slice() : std::move(it->second);
  }
  group->state = State::kStable;
}

void Groups::execute(ReplaceMember&& command) {
  Group* group = find_for_change(command.group);
  if (group == nullptr) return;
  const auto old = group->members.find(command.old_id);
  if (old == group->members.end()) return;
  command.member.assignment = std::move(old->second.assignment);
  if (group->leader == command.old_id) group->leader = command.member.id;
  group->members.erase(old);
  std::string id = command.member.id;
  group->members.insert_or_assign(std::move(id), std::move(command.member));
}

void Groups::execute(CommitOffsets&& command) {
  Group& group = groups_[command.group];
  for (auto& [partition, committed] : command.offsets)
    group.offsets.insert_or_assign(partition, std::move(committed));
}

void Groups::execute(DeleteOffsets&& command) {
  Group* group = find_for_change(command.group);
  if (group == nullptr) return;
  for (const TopicPartition& partition : command.partitions) group->offsets.erase(partition);
}

void Groups::execute(DeleteGroup&& command) {
  const auto it = groups_.find(command.group);
  if (it != groups_.end() && it->second.members.empty()) groups_.erase(it);
}

void Groups::execute(DeleteTopicOffsets&& command) {
  for (auto& [name, group] : groups_) {
    const auto first = group.offsets.lower_bound({command.topic, std::numeric_limits<std::int32_t>::min()});
    for (auto it = first; it != group.offsets.end() && it->first.topic == command.topic;) {
      const TopicId& id = it->second.topic_id;
      it = id.is_zero() || id == command.id ? group.offsets.erase(it) : std::next(it);
    }
  }
}

void Groups::execute(Expire&& command) {
  const auto found = groups_.find(command.group);
  if (found == groups_.end()) return;
  Group& group = found->second;
  const Expiry expiry(group, command.now_ms, command.retention_ms);
  std::erase_if(group.offsets, [&](const auto& o) { return expiry.is_due(o.first, o.second); });
  if (group.state == State::kEmpty && group.offsets.empty()) groups_.erase(found);
}

}  // namespace kontiki::group
