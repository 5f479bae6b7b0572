#include "sim/check/replay.h"

#include "multiraft/configuration_codec.h"

#include <fmt/format.h>

namespace kontiki::sim {
namespace {

constexpr std::size_t kReadBytes = 4u << 20;

// Applies the entries in (after, to]; false if one of them is missing.
template <class Machine>
bool apply(const FoundLog& log, Machine& machine, Index after, Index to) {
  for (const Entry& entry : log.entries) {
    if (entry.header.index <= after || entry.header.index > to) continue;
    if (entry.header.index != after + 1) return false;
    machine.apply(entry);
    ++after;
  }
  return after >= to;
}

template <class Machine, class Same>
std::string replay(const FoundLog& log, Index to, const Same& same) {
  if (log.start.index == Index(0)) {
    Machine machine;
    if (!apply(log, machine, Index(0), to))
      return fmt::format("the log does not reach the applied entry {}", to.value);
    if (!same(machine)) return "the state rebuilt from the whole log is not the live one";
  }
  if (!log.snapshot || log.snapshot->applied > to) return {};
  Machine machine;
  if (!machine.restore(log.snapshot->state.bytes())) return "the snapshot cannot be read";
  if (!apply(log, machine, log.snapshot->applied, to))
    return fmt::format("the log does not lead from the snapshot at {} to the applied entry {}",
                       log.snapshot->applied.value, to.value);
  return same(machine) ? "" : "the state rebuilt from the snapshot and the log after it is not the live one";
}

}  // namespace

std::optional<FoundLog> found_log(storage::Store& store, GroupId group, std::string& what) {
  FoundLog log;
  if (!store.has(group)) return log;
  log.start = store.start(group);
  const Index last = store.last(group);
  for (Index next = log.start.index + 1; next <= last;) {
    auto part = store.read(group, next, last, kReadBytes);
    if (!part || part->empty()) {
      what = fmt::format("entry {} cannot be read: {}", next.value,
                         part ? "nothing there" : part.error().message);
      return std::nullopt;
    }
    next = next + part->size();
    log.entries.insert(log.entries.end(), part->begin(), part->end());
  }
  auto snapshot = store.load_snapshot(group);
  if (!snapshot) {
    what = snapshot.error().message;
    return std::nullopt;
  }
  if (!*snapshot) return log;
  const auto saved = multiraft::decode_saved_state((*snapshot)->state);
  if (!saved) {
    what = "the snapshot cannot be read";
    return std::nullopt;
  }
  log.snapshot = storage::Store::Snapshot{(*snapshot)->applied, saved->state};
  return log;
}

std::string replay_partition(const FoundLog& log, const partition::Partition& live) {
  return replay<partition::Partition>(
      log, live.applied(), [&](const partition::Partition& rebuilt) { return rebuilt.same_state(live); });
}

std::string replay_groups(const FoundLog& log, const group::Groups& live) {
  return replay<group::Groups>(log, live.applied(),
                               [&](const group::Groups& rebuilt) { return rebuilt == live; });
}

std::string replay_metadata(const FoundLog& log, const metadata::Cluster& live) {
  return replay<metadata::Cluster>(log, live.applied(),
                                   [&](const metadata::Cluster& rebuilt) { return rebuilt == live; });
}

}  // namespace kontiki::sim
