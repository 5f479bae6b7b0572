// `kontiki group reset-offsets`: sets where a group goes on reading. Only for a group without members: those
// would go on from where they are, and commit that.
#pragma once

#include "cli/command.h"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace CLI {
class App;
}

namespace kontiki::cli {

// Partitions of a topic.
struct TopicPartitions {
  std::string topic;
  std::vector<std::int32_t> partitions;  // empty: all
  friend bool operator==(const TopicPartitions&, const TopicPartitions&) = default;
};
// "orders", "orders:0,3".
Outcome<TopicPartitions> parse_topic_partitions(std::string_view text);

// Milliseconds since the epoch of "2026-11-22", "2026-11-22T18:30:00", with a fraction of a second, and with
// "Z" or "+02:00"; without either it is UTC.
Outcome<std::int64_t> parse_time(std::string_view text);

struct ResetTo {
  enum class Kind : std::uint8_t { kEarliest, kLatest, kOffset, kTime, kShift };
  Kind kind = Kind::kEarliest;
  std::int64_t value = 0;  // the offset, ms since the epoch, or by how much
};

// What there is in a partition that is about to be reset.
struct LogRange {
  std::int64_t earliest = 0;
  std::int64_t latest = 0;
  std::int64_t at_time = 0;  // the first offset since the time wished for
};
// The new offset, within what the log has. kUsage if there is nothing to shift: `committed` is -1.
Outcome<std::int64_t> new_offset(const ResetTo& to, std::int64_t committed, const LogRange& log);

struct ResetOptions {
  std::string brokers;
  bool json = false;
  std::string group;
  std::vector<TopicPartitions> topics;
  ResetTo to;
  bool dry_run = false;
};
int run_reset_offsets(Io& io, const ResetOptions& options);

// For `kontiki group`.
void add_reset_offsets_command(CLI::App& group, Command& selected);

}  // namespace kontiki::cli
