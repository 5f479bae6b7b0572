// KeptFiles: the WAL files that stay when they are emptied, since segments point to the payloads of large
// entries in them: so a large entry is written once. A list beside each file says which payloads of which
// groups segments may point to. When all of these groups have removed theirs the file goes; when less than
// half of it is alive, the rest of its space is given back. Owned by the Store, used on its shard.
//
// The list is durable before anything points to the file, and while it is there the file is never removed or
// used again otherwise. A file may stay too long, but never goes too early. Format: docs/format/kept.md.
#pragma once

#include "env/disk.h"
#include "storage/file_cache.h"
#include "storage/group.h"
#include "storage/segment_format.h"
#include "storage/wal_format.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <unordered_map>
#include <vector>

namespace kontiki::storage {

// The bytes of a list. None if they do not match their checksum or are another file's.
Slice encode_kept_list(std::uint64_t file, const std::vector<WalPayload>& payloads);
std::optional<std::vector<WalPayload>> decode_kept_list(std::uint64_t file, Bytes bytes);

class KeptFiles {
 public:
  KeptFiles(env::Disk& disk, FileCache& cache, std::string dir, const GroupTable& groups)
      : disk_(disk), cache_(cache), dir_(std::move(dir)), groups_(groups) {}

  static std::string path_of(const std::string& dir, std::uint64_t number);
  static std::string list_path_of(const std::string& dir, std::uint64_t number);
  // From that of a WAL file, durably: under its old name it must not come back when it has holes.
  static void give_name(env::Disk& disk, const std::string& dir, std::uint64_t number);

  // Once, before segments are read: finds the kept files.
  Result<void, Error> find();
  // Once, when all groups are known: reads the lists, and removes files that nothing needs any more. One
  // whose list is damaged stays for good, and the log says so.
  void settle();

  // The WAL file `number`, which nothing is written to any more and which is being emptied, is to be kept for
  // `payloads`, in the order of the file. Makes its list durable; one that is there already counts.
  void keep(std::uint64_t number, std::vector<WalPayload> payloads);
  // Where the payload of an entry stands whose newest record is in `file`, if that was given to keep() last
  // and the payload is in its list.
  std::optional<KeptPlace> place_of(std::uint64_t file, GroupId group, const Entry& entry) const;
  // The file has been emptied, durably, and has been given its name.
  void emptied(std::uint64_t number);

  // What the group had up to entry `to` is removed, durably.
  void release(GroupId group, Index to);
  // Gives back the space of what is not alive, of one file at most. Called now and then.
  void shrink_one();

  std::string path(std::uint64_t number) const;  // of a file that something points to
  std::uint64_t size() const { return files_.size(); }
  std::uint64_t bytes() const;  // that payloads in them take, alive or not

 private:
  struct File {
    std::size_t groups = 0;  // with something alive in it
    std::uint64_t bytes_alive = 0;
    std::uint64_t bytes_held = 0;  // Invariant: >= bytes_alive
    bool is_emptied = false;
  };
  struct Alive {  // what a group has in a file
    std::uint64_t file = 0;
    Index last;
    std::uint64_t bytes = 0;
  };
  void track(std::uint64_t number, const std::vector<WalPayload>& payloads);
  bool is_alive(GroupId group, std::uint64_t number) const;
  void remove(std::uint64_t number);
  Result<std::vector<WalPayload>, Error> read_list(std::uint64_t number);

  env::Disk& disk_;
  FileCache& cache_;
  const std::string dir_;
  const GroupTable& groups_;

  std::map<std::uint64_t, File> files_;
  std::unordered_map<GroupId, std::vector<Alive>> alive_;  // by file, since these are kept in their order
  std::uint64_t current_ = 0;                              // given to keep() last
  std::unordered_map<GroupId, std::unordered_map<Index, WalPayload>> places_;  // in it
};

}  // namespace kontiki::storage
