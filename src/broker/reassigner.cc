#include "broker/reassigner.h"

#include "base/log.h"
#include "broker/replica_host.h"
#include "broker/shard_broker.h"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <vector>

namespace kontiki::broker {
namespace {
constexpr std::int64_t kReportTimeoutUs = 5'000'000;
}

void Reassigner::wake() {
  if (armed_ || shard_.cluster().reassigning().empty()) return;
  armed_ = true;
  shard_.deadlines().after(kTurnUs, [this] {
    armed_ = false;
    turn();
    wake();
  });
}

void Reassigner::turn() {
  const auto& wished = shard_.cluster().reassigning();
  std::erase_if(changes_, [&](const auto& change) { return !wished.contains(change.first); });
  const std::vector<GroupId> groups(wished.begin(), wished.end());
  for (const GroupId group : groups)
    if (shard_.shard_of(group) == shard_.number()) drive(group);
}

void Reassigner::drive(GroupId group) {
  ReplicaHost* host = shard_.replica(group);
  const auto ref = shard_.cluster().partition(group);
  if (host == nullptr || !host->leads() || !ref || !ref->info().reassignment) return;
  const std::uint64_t number = ref->info().reassignments;
  Change& change = changes_[group];
  const auto state = change.members.drive(*host->group(), number, ref->info().target());
  if (state == multiraft::MemberChange::State::kDone && !change.reporting)
    report(group, number, host->group()->term());
}

void Reassigner::report(GroupId group, std::uint64_t number, Term term) {
  const auto ref = shard_.cluster().partition(group);
  std::vector<std::int32_t> replicas;
  for (const NodeId node : ref->info().target()) replicas.push_back(node.value);
  log(LogLevel::kInfo, "Partition {}-{} is on nodes {} now.", ref->topic->name, ref->partition,
      fmt::join(replicas, ", "));
  changes_[group].reporting = true;
  shard_.submit(metadata::FinishReassignment{ref->topic->id, ref->partition, number, term}, kReportTimeoutUs,
                [this, group](const SubmitResult&) {
                  // Refused: another wish came. Not answered: the next turn reports again.
                  if (const auto at = changes_.find(group); at != changes_.end())
                    at->second.reporting = false;
                });
}

}  // namespace kontiki::broker
