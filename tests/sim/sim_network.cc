#include "sim/sim_network.h"

#include "base/check.h"
#include "sim/network_world.h"

#include <utility>

namespace kontiki::sim {

using env::Address;
using env::NetworkError;

namespace {

constexpr std::int64_t kConnectRetryUs = 10'000;  // an unanswered connect is tried again, until its timeout

class SimConnection : public env::Connection {
 public:
  SimConnection(std::shared_ptr<NetworkWorld> world, EndpointRef end)
      : world_(std::move(world)), end_(std::move(end)) {}
  ~SimConnection() override {
    if (end_ == nullptr) return;  // moved
    end_->abandoned = true;
    world_->close(end_);
    // Destroyed only now, as what they own may call back.
    const auto read = std::exchange(end_->read, std::nullopt);
    const auto waiters = std::exchange(end_->waiters, {});
  }
  void read_exactly(std::size_t size, ReadDone done) override {
    world_->start_read(end_, size, true, std::move(done));
  }
  void read_some(std::size_t size_max, ReadDone done) override {
    world_->start_read(end_, size_max, false, std::move(done));
  }
  void send(std::vector<Slice> pieces) override { world_->send(end_, std::move(pieces)); }
  std::size_t unsent_bytes() const override { return end_->queued_bytes + end_->on_the_way_bytes; }
  void when_unsent_at_most(std::size_t bytes, env::Task done) override {
    world_->wait_unsent(end_, bytes, std::move(done));
  }
  void acknowledge_at_once() override {}  // nobody here waits for that
  void close() override { world_->close(end_); }
  std::string remote() const override { return end_->remote_text; }
  std::unique_ptr<env::Connection> move_to(env::Executor& executor) override {
    CHECK(!end_->read && end_->waiters.empty(), "nothing may be pending");
    end_->executor = &executor;
    return world_->connection_of(std::exchange(end_, nullptr));
  }

 private:
  const std::shared_ptr<NetworkWorld> world_;
  EndpointRef end_;  // null once moved
};

class SimListener : public env::Listener {
 public:
  SimListener(std::shared_ptr<NetworkWorld> world, SimHost& host, std::shared_ptr<ListenerState> state)
      : world_(std::move(world)), host_(host), state_(std::move(state)) {}
  ~SimListener() override {
    state_->open = false;
    const auto it = host_.listeners.find(state_->address.port);
    if (it != host_.listeners.end() && it->second == state_) host_.listeners.erase(it);
  }
  Address address() const override { return state_->address; }

 private:
  const std::shared_ptr<NetworkWorld> world_;
  SimHost& host_;  // lives as long as the world
  const std::shared_ptr<ListenerState> state_;
};

bool is_self(const std::string& host) {
  return host.empty() || host == "0.0.0.0" || host == "localhost";
}

// One connect on its way. Shared by the events that move it along; done when `answer` was called.
class Attempt : public std::enable_shared_from_this<Attempt> {
 public:
  using Done = std::move_only_function<void(Result<std::unique_ptr<env::Connection>, NetworkError>)>;
  Attempt(std::weak_ptr<NetworkWorld> world, SimHost& from, Address to, env::Executor& executor, Done done)
      : world_(std::move(world)),
        from_(from),
        life_(from.life),
        to_(std::move(to)),
        executor_(executor),
        done_(std::move(done)) {}

  void start(std::int64_t timeout_us) {
    const auto world = world_.lock();
    auto self = shared_from_this();
    world->scheduler().after(timeout_us, [self] { self->answer(unexpected(NetworkError::kTimedOut)); });
    SimHost* target = is_self(to_.host) ? &from_ : world->find_host(to_.host);
    if (target == nullptr) return answer(unexpected(NetworkError::kBadAddress));
    world->scheduler().after(world->latency_us(from_, *target), [self, target] { self->arrive(*target); });
  }

 private:
  void arrive(SimHost& target) {
    const auto world = world_.lock();
    if (!world || answered_ || life_ != from_.life) return;
    auto self = shared_from_this();
    if (!world->passes(from_, target) || !world->passes(target, from_)) {
      world->scheduler().after(kConnectRetryUs, [self, &target] { self->arrive(target); });
      return;
    }
    const std::int64_t back_us = world->latency_us(target, from_);
    const auto listener = target.listeners.find(to_.port);
    if (listener == target.listeners.end()) {
      world->scheduler().after(back_us, [self] { self->answer(unexpected(NetworkError::kRefused)); });
      return;
    }
    ListenerState& state = *listener->second;
    const std::size_t number = state.next++ % state.executors.size();
    env::Executor& theirs = *state.executors[number];
    auto [ours, other] = world->make_stream(from_, executor_, target, theirs, std::to_string(to_.port));
    auto connection = world->connection_of(ours);
    theirs.post([shared = listener->second, number, accepted = world->connection_of(other)]() mutable {
      if (shared->open) shared->accept(number, std::move(accepted));
    });
    world->scheduler().after(back_us, [self, connection = std::move(connection)]() mutable {
      self->answer(std::move(connection));
    });
  }

  void answer(Result<std::unique_ptr<env::Connection>, NetworkError> result) {
    if (world_.expired() || std::exchange(answered_, true)) return;
    if (life_ != from_.life) return;  // the process that asked is gone
    executor_.post([self = shared_from_this(), result = std::move(result)]() mutable {
      auto done = std::move(self->done_);
      done(std::move(result));
    });
  }

  const std::weak_ptr<NetworkWorld> world_;
  SimHost& from_;
  const std::uint64_t life_;  // of from_ when the attempt began
  const Address to_;
  env::Executor& executor_;
  Done done_;
  bool answered_ = false;
};

class HostNetwork : public env::Network {
 public:
  HostNetwork(std::weak_ptr<NetworkWorld> world, SimHost& host) : world_(std::move(world)), host_(host) {}

  Result<std::unique_ptr<env::Listener>, NetworkError> listen(const Address& address,
                                                              std::vector<env::Executor*> executors,
                                                              Accept accept) override {
    CHECK(!executors.empty());
    if (!is_self(address.host) && address.host != host_.name) return unexpected(NetworkError::kBadAddress);
    auto state = std::make_shared<ListenerState>();
    state->address = address;
    state->executors = std::move(executors);
    state->accept = std::move(accept);
    while (state->address.port == 0 || (address.port == 0 && host_.listeners.contains(state->address.port)))
      state->address.port = host_.next_port++;
    if (!host_.listeners.emplace(state->address.port, state).second)
      return unexpected(NetworkError::kAddressInUse);
    return std::make_unique<SimListener>(world_.lock(), host_, std::move(state));
  }

  void connect(const Address& address, env::Executor& executor, std::int64_t timeout_us,
               Attempt::Done done) override {
    std::make_shared<Attempt>(world_, host_, address, executor, std::move(done))->start(timeout_us);
  }

 private:
  const std::weak_ptr<NetworkWorld> world_;  // weak: the world owns this object
  SimHost& host_;
};

}  // namespace

std::unique_ptr<env::Connection> NetworkWorld::connection_of(EndpointRef end) {
  return std::make_unique<SimConnection>(shared_from_this(), std::move(end));
}

SimNetwork::SimNetwork(Scheduler& scheduler, std::uint64_t seed)
    : world_(std::make_shared<NetworkWorld>(scheduler, seed)) {}
SimNetwork::~SimNetwork() = default;

env::Network& SimNetwork::host(const std::string& name) {
  SimHost& host = world_->host(name);
  if (host.view == nullptr) host.view = std::make_unique<HostNetwork>(world_, host);
  return *host.view;
}

void SimNetwork::set_link(const std::string& from, const std::string& to, LinkOptions options) {
  world_->links[{from, to}] = options;
}
void SimNetwork::set_all_links(LinkOptions options) {
  world_->links.clear();
  world_->default_link = options;
}

void SimNetwork::cut_one_way(const std::string& from, const std::string& to) {
  world_->cut(from, to);
}
void SimNetwork::cut(const std::string& a, const std::string& b) {
  world_->cut(a, b);
  world_->cut(b, a);
}
void SimNetwork::isolate(const std::string& host) {
  for (const std::string& other : world_->host_names())
    if (other != host) cut(host, other);
}
void SimNetwork::heal(const std::string& a, const std::string& b) {
  world_->heal(a, b);
  world_->heal(b, a);
}
void SimNetwork::heal_all() {
  world_->heal_all();
}

void SimNetwork::break_connections(const std::string& a, const std::string& b) {
  world_->break_connections(a, b);
}
void SimNetwork::crash(const std::string& host) {
  world_->kill_process(world_->host(host), true);
}
void SimNetwork::power_off(const std::string& host) {
  SimHost& dead = world_->host(host);
  dead.up = false;
  world_->kill_process(dead, false);
}
void SimNetwork::power_on(const std::string& host) {
  world_->host(host).up = true;
  world_->resume_stalled();
}

std::size_t SimNetwork::connections_open() const {
  return world_->connections_open();
}
std::uint64_t SimNetwork::bytes_delivered() const {
  return world_->bytes_delivered();
}

}  // namespace kontiki::sim
