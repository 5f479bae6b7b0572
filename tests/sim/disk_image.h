// DiskImage: what a simulated disk holds, and what of it would survive a power loss. Files are inodes with
// their synced bytes and the changes made since; folders map names to inodes, with the changes made since the
// folder was synced. A part of SimDisk, without faults, counters or time. A value: copying it copies every
// file.
//
// What a power loss may do (power_loss):
//   - a write not yet synced is kept, lost, cut at any byte, or kept in some of its 512-byte sectors only,
//   whatever
//     happens to the writes before and after it; where its bytes are lost the file may still have grown, with
//     zeros;
//   - a truncation not yet synced is kept or lost;
//   - a name made, renamed or removed since its folder was synced is as before or as after, independent of
//   the others;
//     a rename is atomic. Folders themselves are durable when make_dirs returns.
#pragma once

#include "base/prng.h"
#include "sim/paged_bytes.h"

#include <cstdint>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

namespace kontiki::sim {

class Inode {
 public:
  const PagedBytes& content() const { return content_; }
  std::size_t unsynced_changes() const { return changes_.size(); }

  void write(std::uint64_t at, Slice bytes);
  void truncate(std::uint64_t size);
  // Numbers the changes so far, for sync_to.
  std::uint64_t changes_made() const { return changes_made_; }
  // Makes every change up to number `changes` durable.
  void sync_to(std::uint64_t changes);
  // A sync that failed: those changes stay readable, but no later sync writes them. (What Linux does.) Some
  // of them, or parts, may be on the medium.
  void sync_failed(std::uint64_t changes, Prng& prng);
  void power_loss(Prng& prng);
  // Damage that is on the medium: seen by readers now and after any crash. False if the byte does not exist.
  bool flip(std::uint64_t at, std::byte bits);
  void cut(std::uint64_t size);

 private:
  struct Change {
    std::uint64_t number;
    std::uint64_t at;  // the new size, for a truncation
    Slice bytes;
    bool truncation;
  };
  static void apply(PagedBytes& bytes, const Change& change);
  static void apply_torn(PagedBytes& bytes, const Change& change, Prng& prng);
  // Makes each of the first `count` changes durable, or not, or in part.
  void scatter(std::size_t count, Prng& prng);

  PagedBytes content_;  // what readers see
  PagedBytes durable_;  // what is on the medium for certain
  std::vector<Change>
      changes_;  // Invariant: if no sync failed, durable_ with them applied in order is content_
  std::uint64_t changes_made_ = 0;
};

using InodeRef = std::shared_ptr<Inode>;

class DiskImage {
 public:
  DiskImage();
  DiskImage(DiskImage&&) = default;
  DiskImage& operator=(DiskImage&&) = default;
  DiskImage(const DiskImage& other);

  // Removes doubled and trailing slashes and "./": the one name by which a path is known here.
  static std::string normal(const std::string& path);
  static std::string parent(const std::string& path);

  // All paths below are normal.
  InodeRef find(const std::string& path) const;  // null if there is no such file
  bool has_dir(const std::string& path) const { return now_.dirs.contains(path); }
  InodeRef create(const std::string& path);
  void make_dirs(const std::string& path);
  void remove(const std::string& path);
  void remove_all(const std::string& path);
  void rename(const std::string& from, const std::string& to);  // a file or a folder
  std::vector<std::string> list(const std::string& dir) const;
  std::vector<std::string> files() const;  // every path
  void sync_dir(const std::string& dir);
  std::uint64_t bytes() const;
  void power_loss(Prng& prng);

 private:
  struct Names {
    std::map<std::string, InodeRef> files;
    std::set<std::string> dirs;
  };
  enum class NameOp : std::uint8_t { kCreate, kRemove, kRemoveDir, kRename };
  struct NameChange {
    NameOp op;
    std::string path;
    std::string to;  // kRename only
    InodeRef inode;  // the file made or renamed; null for a folder
  };
  static void apply(Names& names, const NameChange& change);
  static void rename_file(Names& names, const NameChange& change);
  static void rename_dir(Names& names, const std::string& from, const std::string& to);
  void change(NameChange change);

  Names now_;                        // what the process sees
  Names durable_;                    // what is on the medium for certain
  std::vector<NameChange> changes_;  // Invariant: applied to durable_, in order, they give now_
};

}  // namespace kontiki::sim
