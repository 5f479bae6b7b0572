// Wal: the write side of the write-ahead log. Staged records gather here; a flush writes them as one batch
// (more if they are many) and syncs once. Owned by the Store, used on its shard only. Every failed write or
// sync is fatal.
//
// Which file a record goes to is known when it is staged (staging_file()): the choice is made when a flush
// starts, for all that is staged after it. A file gets its name only after everything in the files before it
// was synced.
//
// To write over bytes that a file has already is cheaper to sync than to make it longer (two to three times,
// on ext4). So a file that is not needed any more becomes the spare, the next file is made of it, and a file
// that is written to now and then is lengthened ahead of time.
#pragma once

#include "env/disk.h"
#include "env/executor.h"
#include "storage/store.h"
#include "storage/wal_format.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

namespace kontiki::storage {

struct WalFile {
  std::uint64_t bytes = 0;
  std::unordered_set<GroupId> groups;  // that have a record in it
  std::vector<WalPayload> large{};     // payloads that are worth to be left where they are, in order
  bool is_kept = false;                // it has a list, and segments may point to it (kept_files.h)
};

// Where writing goes on after recovery, or begins.
struct WalPosition {
  std::uint64_t file = 1;      // last file, which exists
  std::uint64_t bytes = 0;     // its length
  std::uint64_t sequence = 1;  // of the next batch
  std::uint32_t previous_crc = 0;
  std::uint64_t first_file = 1;  // oldest file that is needed
};

class Wal {
 public:
  Wal(env::Disk& disk, env::Executor& executor, std::string dir, const Uuid& store, const Options& options);
  // Once, before anything else. `files` must hold position.file and every older one that is still needed.
  void start(const WalPosition& position, std::map<std::uint64_t, WalFile> files);
  // Makes file `number`, of the spare if there is one: a file has its name only once its header is durable.
  static void create_file(env::Disk& disk, const std::string& dir, const WalFileHeader& header);
  static std::string path_of(const std::string& dir, std::uint64_t number);
  static std::string spare_path(const std::string& dir) { return dir + "/" + kSpareName; }
  static constexpr const char* kSpareName = "spare";

  void stage_append(RecordType type, GroupId group, const EntryHeader& header, const Slice& payload);
  void stage_state(RecordType type, GroupId group, const GroupState& state);
  void stage_remove(GroupId group);
  void stage_seal();  // only to have something to flush
  bool has_staged() const { return !staged_.empty(); }
  std::uint64_t staging_file() const { return staging_file_; }

  // Writes what is staged and syncs it; `done` runs on the executor. Must not be busy.
  void flush(env::Task done);
  bool busy() const { return busy_; }
  // The same, blocking. May be called while busy.
  void flush_now();
  // Proves (when it reaches the disk) that the last batch was synced. Nothing if the end is sealed or not
  // synced yet.
  void seal();

  // Called now and then: the file is to be lengthened, if it was written to since the last time and its end
  // is near.
  void look_ahead();
  // By a piece of zeros, if it is to be; true if there is more to do.
  bool lengthen();

  // The next flush says that files below `number` are not needed. drop_files() removes them after that flush,
  // but for one that becomes the spare and for those that are kept: these get another name.
  void release_below(std::uint64_t number) { released_ = number; }
  std::vector<std::uint64_t> drop_files();  // the kept ones
  void keep(std::uint64_t number) { files_.at(number).is_kept = true; }
  // Everything staged from now on goes to a new file; the next flush makes it. Nothing if the last one is
  // empty.
  void roll();

  const std::map<std::uint64_t, WalFile>& files() const { return files_; }
  std::uint64_t bytes() const { return bytes_ + staged_bytes_; }
  std::uint64_t syncs() const { return syncs_; }
  std::uint64_t synced_bytes() const { return synced_bytes_; }

 private:
  struct Staged {
    BatchBuilder batch{};
    std::vector<WalPayload> large{};  // at: in the body
  };
  Staged& staging();
  void count_staged(std::size_t before);
  void write_staged();
  void write_batch(BatchBuilder& builder, const std::vector<WalPayload>& large);
  void open_staging_file();
  void synced(std::uint64_t sequence);
  bool keep_as_spare(const std::string& path);

  env::Disk& disk_;
  env::Executor& executor_;
  const std::string dir_;
  const Uuid store_;
  const std::size_t file_bytes_;
  const std::size_t batch_bytes_max_;
  const std::size_t large_bytes_min_;
  const Slice zeros_;  // up to the end of a page, so that its old bytes need not be read before it is written

  std::vector<Staged> staged_;  // all but the last one full
  std::size_t staged_bytes_ = 0;
  std::uint64_t staging_file_ = 1;

  std::shared_ptr<env::File> file_;  // file_number_, if open
  std::uint64_t file_number_ = 0;
  std::uint64_t file_end_ = 0;         // of what counts in it
  std::uint64_t file_bytes_held_ = 0;  // Invariant: >= file_end_; what is between is old or zero
  std::uint64_t looked_at_ = 0;        // file_end_ when look_ahead() last did
  std::uint64_t wanted_bytes_ = 0;     // the file is to be lengthened until there
  bool has_spare_ = false;
  std::map<std::uint64_t, WalFile> files_;
  std::uint64_t bytes_ = 0;       // of all files
  std::uint64_t first_file_ = 1;  // as the newest batch says
  std::uint64_t released_ = 1;    // as the last batch of the next flush will say

  std::uint64_t sequence_ = 1;      // of the next batch
  std::uint64_t synced_below_ = 1;  // Invariant: <= sequence_
  std::uint32_t previous_crc_ = 0;
  bool sealed_ = true;
  bool busy_ = false;
  std::uint64_t syncs_ = 0;
  std::uint64_t synced_bytes_ = 0;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);  // callbacks hold it weakly
};

}  // namespace kontiki::storage
