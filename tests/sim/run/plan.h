// Plan: what a seed decides before the run begins: the shape of the cluster, its sizes, the workload, and
// which kinds of faults are on and how strong (swarm testing: a run with few kinds of faults, turned up,
// finds other bugs than one with a little of everything). A value.
#pragma once

#include "multiraft/options.h"

#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace kontiki::sim {

// The fault table: name, and whether seeds may draw it. A class whose counterpart in the product is missing
// has its flag off.
#define KONTIKI_SIM_FAULTS(F)              \
  F(kCrash, "crash", true)                 \
  F(kPowerLoss, "power-loss", true)        \
  F(kPowerLossAll, "power-loss-all", true) \
  F(kStop, "clean-stop", true)             \
  F(kPause, "pause", true)                 \
  F(kCut, "cut", true)                     \
  F(kCutOneWay, "cut-one-way", true)       \
  F(kIsolate, "isolate", true)             \
  F(kSplit, "split", true)                 \
  F(kFlap, "flap", true)                   \
  F(kBreak, "break-connections", true)     \
  F(kSlowLink, "slow-link", true)          \
  F(kSlowDisk, "slow-disk", true)          \
  F(kStalledDisk, "stalled-disk", true)    \
  F(kSyncError, "fsync-error", true)       \
  F(kWriteError, "write-error", true)      \
  F(kReadError, "read-error", true)        \
  F(kDiskFull, "disk-full", true)          \
  F(kClockJump, "clock-jump", true)        \
  F(kClockDrift, "clock-drift", true)      \
  F(kTransfer, "leader-transfer", true)    \
  F(kReassign, "reassign", true)           \
  F(kDamage, "damage", true)               \
  F(kReplaceDisk, "replace-disk", true)

enum class FaultKind : std::uint8_t {
#define KONTIKI_SIM_FAULT(id, name, on) id,
  KONTIKI_SIM_FAULTS(KONTIKI_SIM_FAULT)
#undef KONTIKI_SIM_FAULT
};
#define KONTIKI_SIM_FAULT(id, name, on) +1
inline constexpr std::size_t kFaultKinds = 0 KONTIKI_SIM_FAULTS(KONTIKI_SIM_FAULT);
#undef KONTIKI_SIM_FAULT
const char* name_of(FaultKind kind);

struct TopicPlan {
  std::string name;
  std::int32_t partitions = 1;
  std::size_t replication = 1;
  std::int64_t segment_bytes = 0;
  std::int64_t retention_bytes = -1;
  std::int64_t retention_ms = -1;
  bool log_append_time = false;
  bool forgets() const { return retention_bytes >= 0 || retention_ms >= 0; }
};

struct Plan {
  std::uint64_t seed = 1;
  std::size_t nodes = 3;
  std::size_t shards = 1;
  multiraft::NodeOptions node;  // sizes and timing
  std::vector<TopicPlan> topics;
  std::size_t producers = 3;
  std::size_t consumers = 2;
  std::size_t admins = 1;
  std::size_t groups = 0;          // of consumers
  std::size_t members = 0;         // of each
  std::size_t deleters = 0;        // only with a topic that forgets
  std::int64_t pause_us = 50'000;  // of producers
  std::int64_t safety_us = 60'000'000;
  // Mean time between two faults of a kind; 0: the kind is off.
  std::array<std::int64_t, kFaultKinds> every_us{};
  std::size_t replication_min = 1;  // also of topics that admins create
  // As many nodes as this may be down, paused or cut off at once by faults of one node. Never more than all.
  std::size_t ill_max = 1;

  std::string text() const;
  // Turns a kind of fault on (mean time between two, in seconds) or off (0), whatever the seed has drawn.
  // False if there is no such kind.
  bool set_fault(std::string_view name, std::int64_t every_s);
  bool has(FaultKind kind) const { return every_us[static_cast<std::size_t>(kind)] > 0; }
  // After the last change of the faults: what data damage takes away must stand on two other nodes.
  void settle();
};

Plan draw_plan(std::uint64_t seed);

}  // namespace kontiki::sim
