// The consensus core alone: what it costs three members to agree, without disks, network or payload.
#include "raft/core.h"

#include <benchmark/benchmark.h>

#include <array>
#include <deque>
#include <utility>

namespace kontiki::bench {
namespace {

// Three cores in one thread whose disks and network take no time.
class Trio {
 public:
  Trio() {
    settle(1, raft::Campaign{});
    CHECK(core(1).role() == raft::Role::kLeader);
  }

  // One proposal of `entries`, until every member knows that they are committed.
  void propose(std::uint32_t entries) { settle(1, raft::Propose{entries}); }
  const raft::Core& core(std::int32_t id) const { return cores_[static_cast<std::size_t>(id - 1)]; }

 private:
  static raft::Core make(std::int32_t id) {
    raft::Options options;
    options.self = NodeId(id);
    raft::Restored restored;
    restored.configuration.voters = {NodeId(1), NodeId(2), NodeId(3)};
    return raft::Core(options, restored, Prng(static_cast<std::uint64_t>(id)));
  }

  void settle(std::int32_t id, const raft::Event& event) {
    step(id, event);
    while (!network_.empty()) {
      const raft::Message message = std::move(network_.front());
      network_.pop_front();
      step(message.to.value, raft::Receive{message});
    }
  }

  void step(std::int32_t id, const raft::Event& event) {
    raft::Core& core = cores_[static_cast<std::size_t>(id - 1)];
    raft::Effects effects;
    core.step(event, effects);
    for (raft::Message& message : effects.send_now) {
      const auto* append = std::get_if<raft::AppendRequest>(&message.body);
      if (append != nullptr && append->count > 0) {
        raft::Effects none;
        core.step(raft::Filled{message.to, append->prev_index, append->count, append->count * 1024}, none);
      }
      network_.push_back(std::move(message));
    }
    if (effects.needs_persist() || !effects.send_after_persist.empty()) {
      for (raft::Message& message : effects.send_after_persist) network_.push_back(std::move(message));
      step(id, raft::Persisted{effects.number});
    }
  }

  std::array<raft::Core, 3> cores_{make(1), make(2), make(3)};
  std::deque<raft::Message> network_;
};

// Arg: entries of a proposal.
void raft_commit_of_three(benchmark::State& state) {
  Trio trio;
  for (auto _ : state) trio.propose(static_cast<std::uint32_t>(state.range(0)));
  CHECK(trio.core(1).commit() == trio.core(1).last_index());
  state.SetItemsProcessed(state.iterations() * state.range(0));
}
BENCHMARK(raft_commit_of_three)->Arg(1)->Arg(64);

}  // namespace
}  // namespace kontiki::bench
