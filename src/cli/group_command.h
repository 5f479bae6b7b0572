// `kontiki group list | describe | delete` (reset-offsets: reset_offsets.h).
#pragma once

#include "cli/command.h"
#include "cli/group_admin.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <string>
#include <vector>

namespace kontiki::cli {

struct GroupOptions {
  std::string brokers;
  bool json = false;
  std::vector<std::string> names;
};

int run_group_list(Io& io, const GroupOptions& options);
int run_group_describe(Io& io, const GroupOptions& options);
int run_group_delete(Io& io, const GroupOptions& options);

// One partition that a group has committed, or reads.
struct GroupPosition {
  std::string topic;
  std::int32_t partition = 0;
  std::int64_t committed = -1;  // -1: nothing committed
  std::int64_t end = -1;        // of the log; -1: not known
  std::string metadata;
  std::string member;  // that reads it; empty: none

  // -1 if it cannot be told.
  std::int64_t lag() const {
    return committed < 0 || end < 0 ? -1 : std::max<std::int64_t>(0, end - committed);
  }
};

// What was committed and what is assigned, each partition once, by topic and partition; without the ends.
std::vector<GroupPosition> positions_of(const GroupInfo& group, const std::vector<GroupOffset>& offsets);
std::int64_t total_lag(const std::vector<GroupPosition>& positions);

// "orders:0,1,2 bills:7"; "none".
std::string text_of(const std::map<std::string, std::vector<std::int32_t>>& partitions);

}  // namespace kontiki::cli
