#include "sim/run/plan.h"

#include "base/prng.h"

#include <fmt/format.h>

#include <algorithm>

namespace kontiki::sim {
namespace {

struct FaultRow {
  const char* name;
  bool allowed;
};
constexpr std::array<FaultRow, kFaultKinds> kTable{{
#define KONTIKI_SIM_FAULT(id, name, on) {name, on},
    KONTIKI_SIM_FAULTS(KONTIKI_SIM_FAULT)
#undef KONTIKI_SIM_FAULT
}};

template <typename T>
T one_of(Prng& prng, std::initializer_list<T> values) {
  return values.begin()[prng.below(values.size())];
}

// Small files and limits: in a minute everything rolls, is recycled, is full.
void draw_sizes(Prng& prng, multiraft::NodeOptions& node) {
  node.storage.wal_file_bytes = one_of<std::size_t>(prng, {16u << 10, 64u << 10, 256u << 10, 4u << 20});
  node.storage.wal_bytes_max = node.storage.wal_file_bytes * one_of<std::size_t>(prng, {2, 3, 8});
  node.storage.wal_batch_bytes_max = one_of<std::size_t>(prng, {8u << 10, 64u << 10, 16u << 20});
  node.storage.index_interval_bytes = one_of<std::size_t>(prng, {512, 4096, 16u << 10});
  node.storage.open_files_max = one_of<std::size_t>(prng, {4, 16, 256});
  node.storage.kept_payload_bytes_min = one_of<std::size_t>(prng, {20, 128, 1024, 64u << 10});
  node.link_bytes_max = one_of<std::size_t>(prng, {64u << 10, 1u << 20, 64u << 20});
  node.uncommitted_bytes_max = one_of<std::size_t>(prng, {32u << 10, 1u << 20, 64u << 20});
  node.snapshot_bytes = one_of<std::size_t>(prng, {8u << 10, 128u << 10, 64u << 20});
  node.tick_us = one_of<std::int64_t>(prng, {25'000, 25'000, 50'000});
}

void draw_topics(Prng& prng, Plan& plan) {
  const std::size_t topics = 1 + prng.below(4);
  for (std::size_t i = 0; i < topics; ++i) {
    TopicPlan& topic = plan.topics.emplace_back();
    topic.name = fmt::format("t{}", i);
    topic.partitions = 1 + static_cast<std::int32_t>(prng.below(i == 0 ? 2 : 5));
    topic.replication =
        i == 0 ? std::min<std::size_t>(plan.nodes, 3) : 1 + prng.below(std::min<std::size_t>(plan.nodes, 5));
    topic.segment_bytes = one_of<std::int64_t>(prng, {2048, 16 << 10, 128 << 10, 1 << 30});
    topic.log_append_time = prng.chance(1, 4);
    if (i == 0 || !prng.chance(1, 3)) continue;
    topic.segment_bytes = one_of<std::int64_t>(prng, {2048, 16 << 10});
    if (prng.chance(1, 2)) {
      topic.retention_bytes = one_of<std::int64_t>(prng, {0, 10'000, 100'000});
    } else {
      topic.retention_ms = one_of<std::int64_t>(prng, {1'000, 20'000});
    }
  }
}

// A few kinds, or many; each at its own rate.
void draw_faults(Prng& prng, Plan& plan) {
  const std::uint64_t share = one_of<std::uint64_t>(prng, {15, 35, 60});
  for (std::size_t kind = 0; kind < kFaultKinds; ++kind) {
    const bool on = prng.chance(share, 100);
    const auto every = one_of<std::int64_t>(prng, {3'000'000, 8'000'000, 20'000'000});
    if (on && kTable[kind].allowed) plan.every_us[kind] = every;
  }
  const std::size_t minority = (plan.nodes - 1) / 2;
  plan.ill_max = std::max<std::size_t>(1, one_of<std::size_t>(prng, {minority, minority, plan.nodes}));
}

// Of their own dice: so a seed without groups is what it was before there were any.
void draw_groups(Plan& plan) {
  Prng prng(plan.seed ^ 0x67726f757073ull);
  plan.groups = prng.below(3);
  plan.members = 1 + prng.below(4);
}

}  // namespace

const char* name_of(FaultKind kind) {
  return kTable[static_cast<std::size_t>(kind)].name;
}

Plan draw_plan(std::uint64_t seed) {
  Prng prng(seed ^ 0x706c616eull);
  Plan plan;
  plan.seed = seed;
  plan.nodes = one_of<std::size_t>(prng, {1, 2, 3, 3, 3, 3, 4, 5, 5, 7});
  plan.shards = 1 + prng.below(3);
  draw_sizes(prng, plan.node);
  draw_topics(prng, plan);
  plan.producers = 2 + prng.below(4);
  plan.consumers = 1 + prng.below(2);
  plan.admins = prng.below(3);
  plan.pause_us = one_of<std::int64_t>(prng, {10'000, 40'000, 150'000});
  plan.safety_us = one_of<std::int64_t>(prng, {20'000'000, 40'000'000, 80'000'000});
  draw_faults(prng, plan);
  const bool any_forgets = std::any_of(plan.topics.begin(), plan.topics.end(),
                                       [](const TopicPlan& topic) { return topic.forgets(); });
  plan.deleters = any_forgets && prng.chance(2, 3) ? 1 : 0;
  draw_groups(plan);
  plan.settle();
  return plan;
}

bool Plan::set_fault(std::string_view name, std::int64_t every_s) {
  for (std::size_t kind = 0; kind < kFaultKinds; ++kind) {
    if (name != kTable[kind].name) continue;
    every_us[kind] = every_s * 1'000'000;
    return true;
  }
  return false;
}

void Plan::settle() {
  if (!has(FaultKind::kDamage) && !has(FaultKind::kReplaceDisk)) return;
  nodes = std::max<std::size_t>(nodes, 3);
  replication_min = 3;
  for (TopicPlan& topic : topics) topic.replication = std::max(topic.replication, replication_min);
}

std::string Plan::text() const {
  std::int32_t partitions = 0;
  for (const TopicPlan& topic : topics) partitions += topic.partitions;
  std::string out = fmt::format(
      "{} nodes of {} shards, {} topics, {} partitions, {} producers, {} consumers, {} admins, {} deleters, "
      "{} groups of {}; "
      "faults:",
      nodes, shards, topics.size(), partitions, producers, consumers, admins, deleters, groups, members);
  for (std::size_t kind = 0; kind < kFaultKinds; ++kind)
    if (every_us[kind] > 0) out += fmt::format(" {}/{}s", kTable[kind].name, every_us[kind] / 1'000'000);
  return out;
}

}  // namespace kontiki::sim
