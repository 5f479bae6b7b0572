// HighWatermark: it never falls while a replica lives, and a leader that serves shows at least what leaders
// of earlier terms have shown or acknowledged: nothing committed is ever out of sight again.
#pragma once

#include "model/ids.h"

#include <cstdint>
#include <map>
#include <string>
#include <tuple>
#include <unordered_map>

namespace kontiki::sim {

class HighWatermark {
 public:
  struct Sample {
    GroupId group;
    std::size_t node = 0;
    std::uint64_t life = 0;  // of the replica: it ends with its process, or when the partition moves away
    Term term;
    bool serves = false;  // as the leader of that term
    Offset high_watermark{0};
    Offset log_start{0};
  };
  // In the order of time. Empty, or what is wrong.
  std::string observe(const Sample& sample);

 private:
  struct Shown {
    Term term;
    Offset high_watermark{0};
  };
  std::map<std::tuple<GroupId, std::size_t, std::uint64_t>, Sample> last_;
  std::unordered_map<GroupId, Shown> shown_;  // by the serving leader of the latest term
};

}  // namespace kontiki::sim
