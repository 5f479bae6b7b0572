// SimNetwork: the byte streams between simulated hosts, over the Scheduler. Each host's view of it is an
// env::Network. Bytes take a latency drawn per link, arrive in order and in arbitrary fragments; links can be
// cut in either direction, connections broken, hosts crashed or switched off. As in TCP, what is cut off
// waits and arrives after the cut heals. Owned by the Simulation (or test), outlived by the Scheduler;
// connections may be destroyed after it.
#pragma once

#include "env/network.h"
#include "sim/scheduler.h"

#include <cstdint>
#include <memory>
#include <string>

namespace kontiki::sim {

class NetworkWorld;

struct LinkOptions {
  std::int64_t latency_min_us = 50;
  std::int64_t latency_max_us = 150;
  std::uint32_t slow_per_million = 1000;  // this many of a million fragments take up to slow_max_us longer
  std::int64_t slow_max_us = 5'000;
  std::size_t fragment_bytes_max = 64u << 10;
  // Bytes on the way or arrived and not yet read; the sender keeps the rest (unsent_bytes). Grows to the size
  // of the receiver's pending read, or such a read could never end.
  std::size_t window_bytes = 1u << 20;
};

class SimNetwork {
 public:
  SimNetwork(Scheduler& scheduler, std::uint64_t seed);
  ~SimNetwork();

  // The network as the host of that name sees it; the host exists from the first call on. Listens on its own
  // name, "0.0.0.0", "localhost" or ""; port 0 picks a free one.
  env::Network& host(const std::string& name);

  void set_link(const std::string& from, const std::string& to, LinkOptions options);
  void set_all_links(LinkOptions options);

  // Nothing that `from` sends reaches `to`. Nobody is told.
  void cut_one_way(const std::string& from, const std::string& to);
  void cut(const std::string& a, const std::string& b);
  void isolate(const std::string& host);  // cut from every other host known by now
  void heal(const std::string& a, const std::string& b);
  void heal_all();

  // Every connection between the two ends at once: kClosed on both sides, bytes on the way are lost.
  void break_connections(const std::string& a, const std::string& b);
  // The process of that host dies: its listeners and connections are gone, peers get kClosed as soon as that
  // reaches them, after all, or after only a part, of what was sent before.
  void crash(const std::string& host);
  // The machine dies: nobody is told. Connects to it time out. After power_on, peers that still send are told
  // (kClosed).
  void power_off(const std::string& host);
  void power_on(const std::string& host);

  std::size_t connections_open() const;  // endpoints in use
  std::uint64_t bytes_delivered() const;

 private:
  std::shared_ptr<NetworkWorld> world_;
};

}  // namespace kontiki::sim
