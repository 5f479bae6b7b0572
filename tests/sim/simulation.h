// Simulation: a world of nodes in one thread and from one seed: a Scheduler, a SimNetwork, and for each node
// a clock, a disk and one executor per shard. It runs no broker: a test builds those from a node's parts, and
// destroys them before the Simulation. After crash() or power_off() destroy what ran on the node, then
// start() it again.
#pragma once

#include "sim/scheduler.h"
#include "sim/sim_clock.h"
#include "sim/sim_disk.h"
#include "sim/sim_executor.h"
#include "sim/sim_network.h"

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

namespace kontiki::sim {

class SimNode {
 public:
  SimNode(Scheduler& scheduler, SimNetwork& network, std::string name, std::size_t shards,
          std::uint64_t seed);

  const std::string& name() const { return name_; }
  SimClock& clock() { return clock_; }
  SimDisk& disk() { return disk_; }
  env::Network& network() { return network_.host(name_); }
  std::size_t shards() const { return executors_.size(); }
  SimExecutor& executor(std::size_t shard) { return *executors_.at(shard); }
  std::vector<env::Executor*> executors();
  bool owns_stream(Scheduler::StreamId stream) const;

  void crash();      // kill -9: peers are told, nothing written is lost
  void power_off();  // peers are not told, what was not synced may be lost
  void start();      // up again, with nothing running on it
  void pause();      // as SIGSTOP: tasks wait, connections stay
  void resume();
  bool running() const { return running_; }

 private:
  const std::string name_;
  SimNetwork& network_;
  SimClock clock_;
  SimDisk disk_;
  std::vector<std::unique_ptr<SimExecutor>> executors_;
  bool running_ = true;
};

class Simulation {
 public:
  explicit Simulation(std::uint64_t seed);
  ~Simulation();

  SimNode& add_node(const std::string& name, std::size_t shards = 1);
  SimNode& node(const std::string& name) { return *nodes_.at(name); }

  Scheduler& scheduler() { return scheduler_; }
  SimNetwork& network() { return network_; }
  Prng& prng() { return scheduler_.prng(); }
  std::int64_t now_us() const { return scheduler_.now_us(); }

  bool step() { return scheduler_.step(); }
  void run_for(std::int64_t duration_us) { scheduler_.run_for(duration_us); }
  bool run_until(const std::function<bool()>& done, std::int64_t timeout_us) {
    return scheduler_.run_until(done, timeout_us);
  }
  bool run_until_idle() { return scheduler_.run_until_idle(); }

 private:
  Scheduler scheduler_;
  SimNetwork network_;
  std::map<std::string, std::unique_ptr<SimNode>> nodes_;
};

}  // namespace kontiki::sim
