// Faults: makes things go wrong, each kind at the rate that the plan gives it, and well again after a while;
// in the end all at once (heal). Knows what it has done to a node, so that a broker which ends itself for
// no reason is noticed. Owned by the run; acts in the world's own events, never in a broker's.
#pragma once

#include "base/prng.h"
#include "sim/check/watch.h"
#include "sim/cluster/broker_cluster.h"
#include "sim/run/plan.h"

#include <array>
#include <cstdint>
#include <string>
#include <vector>

namespace kontiki::sim {

class Faults {
 public:
  Faults(Simulation& sim, BrokerCluster& cluster, const Plan& plan, Watch& watch,
         std::vector<std::string> client_hosts);

  void begin();
  // Nothing new happens, everything is repaired, every broker starts again.
  void heal();
  // At once, or with their disks so slow in the last moments that whatever is not waited for is lost.
  void lose_power_everywhere();
  // A broker ended itself.
  void exited(const BrokerCluster::Exit& exit);
  // Starts a broker that is down, now or whenever that works.
  void restart(std::size_t node);

  bool all_running() const;
  const std::array<std::uint64_t, kFaultKinds>& counts() const { return counts_; }
  std::uint64_t exits() const { return exits_; }

 private:
  enum class State : std::uint8_t { kWell, kDown, kStopping, kPaused, kIsolated };
  struct Node {
    State state = State::kWell;
    bool disk_suspect = false;  // a fault of its disk may end its process
    bool damaged = false;       // its data was changed or taken away behind its back
    std::int64_t wall_jumped_ms = 0;
  };

  void arm(FaultKind kind);
  bool strike(FaultKind kind);
  bool strike_node(FaultKind kind);
  bool strike_network(FaultKind kind);
  bool strike_disk(FaultKind kind);
  bool strike_clock(FaultKind kind);
  bool strike_data(FaultKind kind);
  static std::uint64_t detectable(SimDisk& disk, const std::vector<std::string>& files,
                                  const std::string& path);
  void damage_file(SimDisk& disk);
  const metadata::Topic* any_topic();
  bool transfer();
  bool reassign();
  bool split();
  bool stop(std::size_t node);
  std::int64_t stall_before_the_end(std::size_t node);
  void lose_power(std::size_t node);
  bool isolate(std::size_t node);
  void flap(const std::string& a, const std::string& b, std::uint64_t times);
  void jump(std::size_t node, std::int64_t by_ms);

  std::size_t ill() const;
  std::size_t any_node() { return prng_.below(nodes_.size()); }
  std::string any_host();
  std::int64_t span_us(std::int64_t max_us);  // mostly short, at times the maximum
  void after(std::int64_t delay_us, env::Task task);
  void note(const std::string& text) { watch_.note(text); }

  Simulation& sim_;
  BrokerCluster& cluster_;
  const Plan& plan_;
  Watch& watch_;
  Prng prng_;
  std::vector<Node> nodes_;
  std::vector<std::string> hosts_;  // of brokers and clients
  std::array<std::uint64_t, kFaultKinds> counts_{};
  std::uint64_t exits_ = 0;
  // The one node whose data is damaged or lost, as often as it may be: a minority of every group's replicas.
  const std::size_t victim_;
  bool healed_ = false;
};

}  // namespace kontiki::sim
