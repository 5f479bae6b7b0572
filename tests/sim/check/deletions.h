// Deletions: records that were said to be deleted never come back, on any replica, and all replicas agree on
// what was deleted.
#pragma once

#include "sim/check/batch_facts.h"

#include <cstdint>
#include <map>
#include <string>

namespace kontiki::sim {

class Deletions {
 public:
  // DeleteRecords up to `asked` (-1: all) was answered with the log's start. Empty, or what is wrong.
  std::string answered(const PartitionKey& key, Offset asked, Offset start);
  // At rest, of each replica: where its log begins, and up to where its state says that records are deleted.
  // `round` sets apart the times of rest.
  std::string check(const PartitionKey& key, int round, Offset start, Offset deleted_below);
  std::uint64_t count() const { return count_; }

 private:
  std::map<PartitionKey, Offset> told_;                    // the largest start
  std::map<std::pair<PartitionKey, int>, Offset> agreed_;  // what the first replica said
  std::uint64_t count_ = 0;
};

}  // namespace kontiki::sim
