#include "env/disk.h"

namespace kontiki::env {

const char* to_string(DiskError error) {
  switch (error) {
    case DiskError::kNotFound:
      return "no such file or folder";
    case DiskError::kExists:
      return "exists already";
    case DiskError::kDenied:
      return "permission denied";
    case DiskError::kNoSpace:
      return "no space left on the device";
    case DiskError::kIo:
      return "input/output error";
    case DiskError::kNotCached:
      return "not in memory";
  }
  return "unknown error";
}

}  // namespace kontiki::env
