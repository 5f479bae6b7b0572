#include "sim/simulation.h"

#include <utility>

namespace kontiki::sim {

SimNode::SimNode(Scheduler& scheduler, SimNetwork& network, std::string name, std::size_t shards,
                 std::uint64_t seed)
    : name_(std::move(name)), network_(network), clock_(scheduler), disk_(scheduler, seed) {
  for (std::size_t i = 0; i < shards; ++i)
    executors_.push_back(std::make_unique<SimExecutor>(scheduler, &clock_));
  network_.host(name_);
}

std::vector<env::Executor*> SimNode::executors() {
  std::vector<env::Executor*> all;
  for (const auto& executor : executors_) all.push_back(executor.get());
  return all;
}

bool SimNode::owns_stream(Scheduler::StreamId stream) const {
  for (const auto& executor : executors_)
    if (executor->stream() == stream) return true;
  return false;
}

// The disk first: what a dying task owns may close files, which is not an error of a dead process.
void SimNode::crash() {
  running_ = false;
  disk_.crash_process();
  for (const auto& executor : executors_) executor->kill();
  network_.crash(name_);
}

void SimNode::power_off() {
  running_ = false;
  disk_.power_loss();
  network_.power_off(name_);
  for (const auto& executor : executors_) executor->kill();
}

void SimNode::start() {
  running_ = true;
  for (const auto& executor : executors_) executor->revive();
  network_.power_on(name_);
}

void SimNode::pause() {
  for (const auto& executor : executors_) executor->pause();
}

void SimNode::resume() {
  for (const auto& executor : executors_) executor->resume();
}

Simulation::Simulation(std::uint64_t seed)
    : scheduler_(seed, true), network_(scheduler_, scheduler_.prng().next()) {}

// Tasks that never ran may own connections and files: they go before the network and the disks.
Simulation::~Simulation() {
  scheduler_.clear();
}

SimNode& Simulation::add_node(const std::string& name, std::size_t shards) {
  auto& node = nodes_[name];
  node = std::make_unique<SimNode>(scheduler_, network_, name, shards, scheduler_.prng().next());
  return *node;
}

}  // namespace kontiki::sim
