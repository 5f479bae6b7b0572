// Replay: the state of a group's machine is a function of its log, and nothing else. What is on a node's disk
// is opened as after a loss of power, the log is applied to a new machine, from its beginning where it is
// whole and from its snapshot where there is one, and the result must be the state of the live machine.
#pragma once

#include "group/groups.h"
#include "metadata/cluster.h"
#include "model/entry.h"
#include "partition/partition.h"
#include "storage/store.h"

#include <functional>
#include <optional>
#include <string>
#include <vector>

namespace kontiki::sim {

// The log of a group as found on a disk.
struct FoundLog {
  LogStart start;
  std::vector<Entry> entries;                        // after the start
  std::optional<storage::Store::Snapshot> snapshot;  // of the state machine alone
};

// Reads it; an error is a sentence in `what`.
std::optional<FoundLog> found_log(storage::Store& store, GroupId group, std::string& what);

// Empty, or how the state rebuilt from the log differs from the live one.
std::string replay_partition(const FoundLog& log, const partition::Partition& live);
std::string replay_groups(const FoundLog& log, const group::Groups& live);
std::string replay_metadata(const FoundLog& log, const metadata::Cluster& live);

}  // namespace kontiki::sim
