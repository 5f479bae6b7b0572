// Recovery: builds the memory of a Store from its folder, or makes a new folder. Runs once, in Store::open,
// blocking.
#pragma once

#include "base/uuid.h"
#include "env/clock.h"
#include "env/disk.h"
#include "storage/group.h"
#include "storage/store.h"
#include "storage/wal_scan.h"

#include <map>
#include <memory>
#include <string>
#include <vector>

namespace kontiki::storage {

// The file DIR/store: written last when a store is made, so it says that the rest was there.
Slice encode_identity(const Uuid& store);
// A new one differs from those made with another `seed`, at another time or for another folder.
Result<Uuid, Error> load_or_create_identity(env::Disk& disk, env::Clock& clock, const std::string& dir,
                                            std::uint64_t seed);

// What the WAL says of one group, replayed record by record.
struct ReplayedGroup {
  bool known = false;  // a state was seen; without one the group was removed or never made
  GroupState state;
  std::uint64_t state_file = 0;
  std::map<Index, TailEntry> entries;
};
using Replay = std::map<GroupId, ReplayedGroup>;
void replay(Replay& groups, std::uint64_t file, WalRecord&& record);

// Moves the entries after the segments' end into the group's tail. Error if one is missing.
Result<void, Error> adopt_tail(Group& group, ReplayedGroup& from, const std::string& wal_dir);

}  // namespace kontiki::storage
