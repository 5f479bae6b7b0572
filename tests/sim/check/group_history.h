// GroupHistory: what members of consumer groups are told by coordinators, whichever broker that is at the
// time. Committed offsets are a register per group and partition, linearizable: who asks gets the newest that
// was acknowledged before, or one that was on its way; never an older one, nor one that was refused. What a
// member of an earlier generation commits does not come after what a later one has. A generation has one
// leader, and everybody in it one assignment, in which nobody shares a partition.
#pragma once

#include "sim/check/batch_facts.h"

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace kontiki::sim {

class GroupHistory {
 public:
  using Moment = std::uint64_t;  // counts what happened
  using CommitId = std::uint64_t;

  // Each returns nothing, or what is wrong.

  std::string joined(const std::string& group, std::int32_t generation, const std::string& leader);
  // `sync` names the assignment that the member's part belongs to.
  std::string synced(const std::string& group, std::int32_t generation, const std::string& member,
                     const std::string& sync, const std::set<PartitionKey>& part);

  CommitId committing(const std::string& group, const PartitionKey& key, std::int32_t generation,
                      std::int64_t offset);
  void committed(CommitId id);
  // Certainly not carried out. A commit that is neither committed nor refused may have been.
  void refused(CommitId id);

  Moment now() { return ++now_; }
  // An answer to a question that was asked at `asked`. `commit`: none where there is no committed offset.
  std::string told(const std::string& group, const PartitionKey& key, Moment asked,
                   std::optional<CommitId> commit, std::int64_t offset);

  std::uint64_t commits() const { return acknowledged_; }
  std::uint64_t generations() const { return generations_.size(); }

 private:
  static constexpr Moment kNever = std::numeric_limits<Moment>::max();
  using Register = std::pair<std::string, PartitionKey>;
  struct Commit {
    CommitId id = 0;
    std::int32_t generation = -1;
    std::int64_t offset = 0;
    Moment sent = 0;
    Moment done = kNever;  // known to be carried out
    bool refused = false;
  };
  struct Generation {
    std::string leader;
    std::string sync;
    std::map<PartitionKey, std::string> owners;  // partition -> member
  };
  Commit* find(CommitId id);

  Moment now_ = 0;
  std::uint64_t acknowledged_ = 0;
  std::map<std::pair<std::string, std::int32_t>, Generation> generations_;
  std::map<Register, std::vector<Commit>> registers_;
  std::map<CommitId, Register> places_;
};

}  // namespace kontiki::sim
