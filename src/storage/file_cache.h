// FileCache: the open descriptors of segment, index and snapshot files, least recently used closed first.
// Owned by the Store. Closing loses nothing: what was written stays in the system's cache, and whoever still
// has to sync a file holds it himself.
#pragma once

#include "env/disk.h"

#include <cstdint>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>

namespace kontiki::storage {

class FileCache {
 public:
  FileCache(env::Disk& disk, std::size_t files_max)
      : disk_(disk), files_max_(files_max < 2 ? 2 : files_max) {}

  // The file, opened now if it is not open. A file once opened for reading is opened anew to be written.
  env::DiskResult<std::shared_ptr<env::File>> get(const std::string& path, env::OpenMode mode) {
    if (const auto it = open_.find(path); it != open_.end()) {
      if (mode == env::OpenMode::kRead || it->second->writable) {
        order_.splice(order_.begin(), order_, it->second);
        return it->second->file;
      }
      forget(path);
    }
    auto opened = disk_.open(path, mode);
    if (!opened) return unexpected(opened.error());
    while (order_.size() >= files_max_) forget(std::string(order_.back().path));
    order_.push_front({path, std::move(*opened), mode != env::OpenMode::kRead});
    open_[path] = order_.begin();
    return order_.front().file;
  }
  void forget(const std::string& path) {
    const auto it = open_.find(path);
    if (it == open_.end()) return;
    order_.erase(it->second);
    open_.erase(it);
  }
  void forget_all(const std::string& folder) {  // files below `folder`
    for (auto it = order_.begin(); it != order_.end();) {
      const auto next = std::next(it);
      if (it->path.starts_with(folder + "/")) forget(std::string(it->path));
      it = next;
    }
  }
  std::size_t size() const { return order_.size(); }

 private:
  struct Open {
    std::string path;
    std::shared_ptr<env::File> file;
    bool writable = false;
  };
  env::Disk& disk_;
  const std::size_t files_max_;
  std::list<Open> order_;  // most recently used first
  std::unordered_map<std::string, std::list<Open>::iterator> open_;
};

}  // namespace kontiki::storage
