// DataFolder: the one folder that holds all that a server keeps, owned by one live process at a time. Opened
// first and released last by cli/; while it lives no other process gets it. The lock dies with the process,
// however it dies.
#pragma once

#include "base/check.h"
#include "base/result.h"

#include <string>

namespace kontiki::posix {

struct DataFolderError {
  Reason reason;
  std::string message;  // one sentence for the user: what is wrong, where, what to do
};

class DataFolder {
 public:
  // Creates the folder if it is missing, proves that it can be written, and locks it.
  static Result<DataFolder, DataFolderError> open(const std::string& path);
  ~DataFolder();
  DataFolder(DataFolder&& other) noexcept;
  DataFolder& operator=(DataFolder&&) = delete;

  const std::string& path() const { return path_; }

 private:
  DataFolder(std::string path, int lock) : path_(std::move(path)), lock_(lock) {}
  std::string path_;
  int lock_;  // descriptor of the lock file; -1 when moved from
};

}  // namespace kontiki::posix
