// Snapshots: one file per group with the state of its state machine (docs/format/snapshot.md). A new one is
// written beside the old one, synced off the shard and renamed over it. Owned by the Store.
#pragma once

#include "env/disk.h"
#include "env/executor.h"
#include "storage/group.h"
#include "storage/store.h"

#include <memory>
#include <optional>
#include <unordered_map>
#include <vector>

namespace kontiki::storage {

inline constexpr std::size_t kSnapshotHeaderBytes = 64;

struct SnapshotHeader {
  std::uint32_t version = 0;
  GroupId group;
  Index applied;
  std::uint64_t bytes = 0;
  std::uint32_t crc = 0;  // of the state
};
Slice encode_snapshot_header(const SnapshotHeader& header);
std::optional<SnapshotHeader> decode_snapshot_header(Bytes bytes);

class Snapshots {
 public:
  Snapshots(env::Disk& disk, env::Executor& executor, std::string dir, GroupTable& groups)
      : disk_(disk), executor_(executor), dir_(std::move(dir)), groups_(groups) {}

  // While one is being written the newest further one waits; those between are never written, but answered
  // with it.
  void save(GroupId group, Index applied, const Slice& state, env::Task done);
  Result<std::optional<Store::Snapshot>, Error> load(GroupId group);
  // The group's folder is gone: what is on its way is dropped, and its tasks do not run.
  void forget(GroupId group) { requests_.erase(group); }
  void remove_leftover(GroupId group);  // of an interrupted save, at recovery

 private:
  struct Request {
    std::uint64_t number = 0;
    Index applied;
    Slice state;
    std::vector<env::Task> done;
  };
  std::string folder_of(GroupId group) const { return dir_ + "/" + std::to_string(group.value); }
  void write(GroupId group);
  void written(GroupId group, std::uint64_t number, bool new_folder);

  env::Disk& disk_;
  env::Executor& executor_;
  const std::string dir_;
  GroupTable& groups_;
  std::unordered_map<GroupId, std::vector<Request>> requests_;  // being written, and perhaps the next
  std::uint64_t last_number_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace kontiki::storage
