// LogAgreement: the replicas of a group hold the same committed entries, byte for byte: whatever entry a
// replica shows at an index, every other replica, and itself after any restart, shows the same.
#pragma once

#include "model/entry.h"

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>

namespace kontiki::sim {

class LogAgreement {
 public:
  // A committed entry of `group` on replica `who`, with a digest of its payload. Empty, or what is wrong.
  std::string observe(GroupId group, const EntryHeader& header, std::uint64_t payload,
                      const std::string& who);

 private:
  struct Seen {
    EntryHeader header;
    std::uint64_t payload = 0;  // digest
    std::string who;
  };
  std::unordered_map<GroupId, std::map<Index, Seen>> groups_;
};

}  // namespace kontiki::sim
