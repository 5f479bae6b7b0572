#include "sim/check/group_history.h"

#include <fmt/format.h>

#include <algorithm>

namespace kontiki::sim {

std::string GroupHistory::joined(const std::string& group, std::int32_t generation,
                                 const std::string& leader) {
  Generation& known = generations_[{group, generation}];
  if (known.leader.empty()) known.leader = leader;
  if (known.leader == leader) return {};
  return fmt::format("{}: generation {} is led by {} and by {}", group, generation, known.leader, leader);
}

std::string GroupHistory::synced(const std::string& group, std::int32_t generation, const std::string& member,
                                 const std::string& sync, const std::set<PartitionKey>& part) {
  Generation& known = generations_[{group, generation}];
  if (known.sync.empty()) known.sync = sync;
  if (known.sync != sync)
    return fmt::format("{}: generation {} has two assignments, {} and {}", group, generation, known.sync,
                       sync);
  for (const PartitionKey& key : part) {
    const auto [owner, is_new] = known.owners.try_emplace(key, member);
    if (!is_new && owner->second != member)
      return fmt::format("{}: in generation {} both {} and {} have {}", group, generation, owner->second,
                         member, key.text());
  }
  return {};
}

GroupHistory::CommitId GroupHistory::committing(const std::string& group, const PartitionKey& key,
                                                std::int32_t generation, std::int64_t offset) {
  const CommitId id = ++now_;
  registers_[{group, key}].push_back({.id = id, .generation = generation, .offset = offset, .sent = now_});
  places_[id] = {group, key};
  return id;
}

GroupHistory::Commit* GroupHistory::find(CommitId id) {
  const auto place = places_.find(id);
  if (place == places_.end()) return nullptr;
  auto& commits = registers_[place->second];
  return &*std::find_if(commits.begin(), commits.end(), [&](const Commit& c) { return c.id == id; });
}

void GroupHistory::committed(CommitId id) {
  Commit* commit = find(id);
  ++acknowledged_;
  commit->done = std::min(commit->done, ++now_);
}

void GroupHistory::refused(CommitId id) {
  find(id)->refused = true;
}

std::string GroupHistory::told(const std::string& group, const PartitionKey& key, Moment asked,
                               std::optional<CommitId> id, std::int64_t offset) {
  const auto broken = [&](const std::string& what) {
    return fmt::format("{}, {}: told {}: {}", group, key.text(), offset, what);
  };
  std::vector<Commit>& commits = registers_[{group, key}];
  if (!id) {
    for (const Commit& commit : commits)
      if (commit.done < asked)
        return broken(fmt::format("there is nothing, but {} was committed", commit.offset));
    return {};
  }
  const auto told =
      std::find_if(commits.begin(), commits.end(), [&](const Commit& commit) { return commit.id == *id; });
  if (told == commits.end()) return broken("nobody has committed that here");
  if (told->offset != offset) return broken(fmt::format("{} was committed", told->offset));
  if (told->refused) return broken("that commit was refused");
  for (const Commit& later : commits) {
    if (later.refused || later.done >= asked) continue;
    if (later.sent > told->done)
      return broken(
          fmt::format("{} was committed since, and acknowledged before the question", later.offset));
    if (later.generation > told->generation)
      return broken(fmt::format("generation {} has committed {}, and this is of generation {}",
                                later.generation, later.offset, told->generation));
  }
  told->done = std::min(told->done, ++now_);
  return {};
}

}  // namespace kontiki::sim
