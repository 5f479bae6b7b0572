// NetworkWorld: the state of a SimNetwork: hosts, links and both ends of every stream. Shared by the
// SimNetwork and the connections and listeners that it handed out, so that these may be destroyed in any
// order.
#pragma once

#include "base/prng.h"
#include "env/network.h"
#include "sim/scheduler.h"
#include "sim/sim_network.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

namespace kontiki::sim {

struct ListenerState {
  env::Address address;
  std::vector<env::Executor*> executors;
  env::Network::Accept accept;
  std::size_t next = 0;
  bool open = true;
};

struct SimHost {
  std::string name;
  bool up = true;
  std::uint64_t life = 0;  // counts crashes; what belongs to an earlier life is dead
  std::map<std::uint16_t, std::shared_ptr<ListenerState>> listeners;
  std::uint16_t next_port = 40000;
  std::unique_ptr<env::Network> view;
};

// One end of a stream: what it sends, and what has arrived for it.
struct Endpoint {
  struct Fragment {
    std::vector<Slice> pieces;
    std::size_t size = 0;
    bool last = false;  // the end of the stream: nothing follows
  };
  struct PendingRead {
    std::size_t size;
    bool exact;
    env::Connection::ReadDone done;
  };
  struct UnsentWaiter {
    std::size_t bytes;
    env::Task done;
  };

  SimHost* local = nullptr;
  SimHost* remote = nullptr;
  std::uint64_t life = 0;  // of the local host
  std::string remote_text;
  env::Executor* executor = nullptr;
  std::weak_ptr<Endpoint> peer;

  // Sending.
  std::deque<Slice> queued;
  std::size_t queued_bytes = 0;
  std::deque<Fragment> on_the_way;  // in the order of arrival
  std::size_t on_the_way_bytes = 0;
  std::int64_t last_arrival_us = 0;
  std::uint64_t flight =
      0;  // counts losses of all that is on the way; arrivals of an earlier flight do not happen
  bool end_queued = false;  // send the end of the stream after what is queued
  bool end_sent = false;
  bool stalled = false;  // waiting for the link or the other host
  std::vector<UnsentWaiter> waiters;

  // Receiving.
  std::deque<Slice> received;
  std::size_t received_bytes = 0;
  bool peer_ended = false;
  std::optional<PendingRead> read;
  bool read_posted = false;

  bool closed = false;     // by its owner, or with its process
  bool broken = false;     // the other side is known to be gone
  bool abandoned = false;  // its Connection is destroyed, or its process: no callback any more
};

using EndpointRef = std::shared_ptr<Endpoint>;

class NetworkWorld : public std::enable_shared_from_this<NetworkWorld> {
 public:
  NetworkWorld(Scheduler& scheduler, std::uint64_t seed) : scheduler_(scheduler), prng_(seed) {}

  SimHost& host(const std::string& name);
  SimHost* find_host(const std::string& name);

  // Used by the connections.
  void start_read(const EndpointRef& end, std::size_t size, bool exact, env::Connection::ReadDone done);
  void send(const EndpointRef& end, std::vector<Slice> pieces);
  void wait_unsent(const EndpointRef& end, std::size_t bytes, env::Task done);
  void close(const EndpointRef& end);

  // Used by the hosts.
  std::pair<EndpointRef, EndpointRef> make_stream(SimHost& a, env::Executor& on_a, SimHost& b,
                                                  env::Executor& on_b, const std::string& port_text);
  std::unique_ptr<env::Connection> connection_of(EndpointRef end);
  std::int64_t latency_us(const SimHost& from, const SimHost& to);
  bool passes(const SimHost& from, const SimHost& to) const;
  Scheduler& scheduler() { return scheduler_; }

  // Used by SimNetwork.
  void cut(const std::string& from, const std::string& to) { cuts_.insert({from, to}); }
  void heal(const std::string& from, const std::string& to);
  void heal_all();
  void break_connections(const std::string& a, const std::string& b);
  void kill_process(SimHost& host, bool tell_peers);
  void resume_stalled();
  std::vector<std::string> host_names() const;
  std::size_t connections_open() const;
  std::uint64_t bytes_delivered() const { return bytes_delivered_; }
  std::map<std::pair<std::string, std::string>, LinkOptions> links;
  LinkOptions default_link;

 private:
  const LinkOptions& link(const SimHost& from, const SimHost& to) const;
  std::size_t room(const Endpoint& from, const Endpoint& to) const;
  void transmit(const EndpointRef& end);
  Endpoint::Fragment next_fragment(Endpoint& end, std::size_t size_max);
  void launch(const EndpointRef& end, Endpoint::Fragment fragment);
  void arrive(const EndpointRef& end);
  void deliver(const EndpointRef& to, Endpoint::Fragment fragment);
  void stall(Endpoint& end);
  void fail(const EndpointRef& end);
  void drop_unsent(Endpoint& end);
  void wake_reader(const EndpointRef& end);
  void finish_read(const EndpointRef& end);
  void wake_waiters(const EndpointRef& end);
  void prune();

  Scheduler& scheduler_;
  Prng prng_;
  std::map<std::string, std::unique_ptr<SimHost>> hosts_;
  std::set<std::pair<std::string, std::string>> cuts_;
  std::vector<EndpointRef> endpoints_;  // those in use or with bytes still to deliver
  std::size_t prune_at_ = 64;
  std::uint64_t bytes_delivered_ = 0;
};

}  // namespace kontiki::sim
