#include "multiraft/founding.h"

#include "base/bytes_io.h"
#include "base/fnv.h"
#include "base/log.h"
#include "multiraft/node.h"

#include <algorithm>

namespace kontiki::multiraft {
namespace {

constexpr std::uint32_t kTicksBetweenWarnings = 100;

// Of all seeds' folders, the same on every seed. Neither "none" nor "unnamed".
std::uint64_t name_of(std::vector<std::pair<NodeId, Uuid>> folders) {
  std::sort(folders.begin(), folders.end());
  ByteWriter all;
  for (const auto& [slot, folder] : folders) {
    all.fixed(slot.value);
    all.uuid(folder);
  }
  return fnv1a(all.bytes()) | std::uint64_t{1} << 63;
}

}  // namespace

Founding::Founding(Node& node) : node_(node) {
  for (const PeerAddress& peer : node.options().peers)
    seeds_.push_back({.slot = peer.slot, .incarnation = std::nullopt});
}

void Founding::begin(GroupId group) {
  group_ = group;
  begun_ = true;
  advance();
}

void Founding::met(NodeId slot, const Uuid& incarnation) {
  for (Seed& seed : seeds_)
    if (seed.slot == slot) seed.incarnation = incarnation;
  advance();
}

void Founding::told(NodeId slot, std::uint64_t token) {
  for (Seed& seed : seeds_)
    if (seed.slot == slot) seed.token = token;
  advance();
}

std::uint64_t Founding::token() {
  const Group* group = this->group();
  if (group == nullptr || !group->core().is_hard_state_durable()) return 0;
  const std::uint64_t token = group->core().hard_state().doubt.token;
  return token == kUnnamed ? 0 : token;
}

Group* Founding::group() {
  return begun_ ? node_.shard(node_.shard_of(group_)).find(group_) : nullptr;
}

bool Founding::is_open() {
  const Group* group = this->group();
  return group != nullptr && group->core().in_doubt();
}

void Founding::advance() {
  if (!is_open()) return;
  Shard& shard = node_.shard(node_.shard_of(group_));
  Group& group = *this->group();
  if (group.core().hard_state().doubt.token == kUnnamed) {
    std::vector<std::pair<NodeId, Uuid>> folders = {{node_.options().self_slot, node_.incarnation()}};
    for (const Seed& seed : seeds_) {
      if (!seed.incarnation) return;
      folders.emplace_back(seed.slot, *seed.incarnation);
    }
    shard.step(group, raft::Founding{name_of(std::move(folders))});
  }
  const std::uint64_t own = group.core().hard_state().doubt.token;
  if (!seeds_.empty() && token() != own) return;  // not durable yet
  const bool agreed =
      std::all_of(seeds_.begin(), seeds_.end(), [&](const Seed& s) { return s.token == own; });
  if (!agreed) return;
  shard.step(group, raft::Founded{own});
  const bool first = std::all_of(seeds_.begin(), seeds_.end(),
                                 [&](const Seed& s) { return node_.options().self_slot > s.slot; });
  if (first) group.campaign();
}

void Founding::tick() {
  advance();
  if (!is_open()) {
    ticks_ = 0;
    return;
  }
  if (++ticks_ % kTicksBetweenWarnings != 0) return;
  std::size_t unheard = 0;
  for (const Seed& seed : seeds_) unheard += seed.incarnation ? 0 : 1;
  if (unheard > 0) {
    log(LogLevel::kWarning,
        "Waiting for {} of the {} seeds: a new broker needs either all seeds, if the cluster is new, or a "
        "majority of those that have been there before.",
        unheard, seeds_.size() + 1);
  } else {
    log(LogLevel::kWarning,
        "This broker's data is new or was damaged, and no majority of the seeds that have their data can be "
        "reached to replace it. If the whole cluster is new, a seed was given another data folder while "
        "it was being founded: stop all of them, empty their folders, and start again.");
  }
}

}  // namespace kontiki::multiraft
