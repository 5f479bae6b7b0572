// `kontiki consume`: messages of a topic by partition and offset. With a consumer group: consume_group.h.
#pragma once

#include "cli/command.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kontiki::cli {

// Where reading begins, in each partition.
struct StartAt {
  enum class Kind : std::uint8_t { kBeginning, kEnd, kOffset, kTail, kTimestamp };
  Kind kind = Kind::kBeginning;
  std::int64_t value = 0;  // the offset, the number of last messages, or ms since the epoch
  friend bool operator==(const StartAt&, const StartAt&) = default;
};
// "beginning", "end", an offset, "-N" for the last N messages, "@MS" for a time.
Outcome<StartAt> parse_start(std::string_view text);

struct ConsumeOptions {
  std::string brokers;
  std::string topic;
  std::vector<std::int32_t> partitions;  // empty: all
  StartAt from;
  std::string group;        // empty: none
  std::uint64_t count = 0;  // stop after so many; 0: no such end
  bool exit_at_end = false;
  std::string format = "%s\\n";
  bool json = false;
};

int run_consume(Io& io, const ConsumeOptions& options);

}  // namespace kontiki::cli
