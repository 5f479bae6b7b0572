#include "sim/network_world.h"

#include "base/check.h"

#include <algorithm>

namespace kontiki::sim {

using env::NetworkError;

namespace {

constexpr std::int64_t kRetransmitMaxUs =
    20'000;  // how long after a cut heals the waiting bytes set out again

bool readable(const Endpoint& end) {
  if (end.closed || end.broken || end.peer_ended) return true;
  return end.received_bytes >= (end.read->exact ? end.read->size : 1);
}

// The first `size` of the arrived bytes, in a buffer that is the reader's alone.
Slice take(Endpoint& end, std::size_t size) {
  if (size == 0) return {};
  end.received_bytes -= size;
  Buffer joined(size);
  for (std::size_t at = 0; at < size;) {
    const Slice front = end.received.front();
    end.received.pop_front();
    const std::size_t n = std::min(front.size(), size - at);
    std::memcpy(joined.data() + at, front.data(), n);
    if (front.size() > n) end.received.push_front(front.sub(n));
    at += n;
  }
  return joined;
}

}  // namespace

SimHost& NetworkWorld::host(const std::string& name) {
  auto& host = hosts_[name];
  if (host == nullptr) {
    host = std::make_unique<SimHost>();
    host->name = name;
  }
  return *host;
}

SimHost* NetworkWorld::find_host(const std::string& name) {
  const auto it = hosts_.find(name);
  return it == hosts_.end() ? nullptr : it->second.get();
}

const LinkOptions& NetworkWorld::link(const SimHost& from, const SimHost& to) const {
  const auto it = links.find({from.name, to.name});
  return it == links.end() ? default_link : it->second;
}

std::int64_t NetworkWorld::latency_us(const SimHost& from, const SimHost& to) {
  const LinkOptions& options = link(from, to);
  const auto spread = static_cast<std::uint64_t>(options.latency_max_us - options.latency_min_us + 1);
  std::int64_t latency = options.latency_min_us + static_cast<std::int64_t>(prng_.below(spread));
  if (prng_.chance(options.slow_per_million, 1'000'000))
    latency += static_cast<std::int64_t>(prng_.below(static_cast<std::uint64_t>(options.slow_max_us) + 1));
  return latency;
}

bool NetworkWorld::passes(const SimHost& from, const SimHost& to) const {
  return from.up && to.up && !cuts_.contains({from.name, to.name});
}

std::pair<EndpointRef, EndpointRef> NetworkWorld::make_stream(SimHost& a, env::Executor& on_a, SimHost& b,
                                                              env::Executor& on_b,
                                                              const std::string& port_text) {
  auto one = std::make_shared<Endpoint>(), two = std::make_shared<Endpoint>();
  one->local = two->remote = &a;
  one->remote = two->local = &b;
  one->life = a.life;
  two->life = b.life;
  one->executor = &on_a;
  two->executor = &on_b;
  one->remote_text = b.name + ":" + port_text;
  two->remote_text = a.name + ":" + std::to_string(a.next_port++);
  one->peer = two;
  two->peer = one;
  if (endpoints_.size() >= prune_at_) prune();
  endpoints_.push_back(one);
  endpoints_.push_back(two);
  return {one, two};
}

void NetworkWorld::prune() {
  std::erase_if(endpoints_, [](const EndpointRef& end) {
    const bool sent_all =
        end->broken || (end->end_sent && end->on_the_way.empty()) || !end->local->up || end->peer.expired();
    return end->abandoned && sent_all;
  });
  prune_at_ = std::max<std::size_t>(64, endpoints_.size() * 2);
}

void NetworkWorld::start_read(const EndpointRef& end, std::size_t size, bool exact,
                              env::Connection::ReadDone done) {
  CHECK(!end->read, "one read at a time");
  CHECK(exact || size > 0, "a read of nothing");
  end->read = Endpoint::PendingRead{size, exact, std::move(done)};
  wake_reader(end);
  if (const EndpointRef peer = end->peer.lock()) transmit(peer);  // the read may have widened the window
}

void NetworkWorld::wake_reader(const EndpointRef& end) {
  if (end->abandoned || !end->read || end->read_posted || !readable(*end)) return;
  end->read_posted = true;
  end->executor->post([world = weak_from_this(), end] {
    if (const auto self = world.lock()) self->finish_read(end);
  });
}

void NetworkWorld::finish_read(const EndpointRef& end) {
  end->read_posted = false;
  if (end->abandoned || !end->read || !readable(*end)) return;
  auto read = std::move(*end->read);
  end->read.reset();
  const std::size_t needed = read.exact ? read.size : 1;
  if (end->closed || end->broken || end->received_bytes < needed)
    return read.done(unexpected(NetworkError::kClosed));
  Slice bytes = take(*end, read.exact ? read.size : std::min(read.size, end->received_bytes));
  if (const EndpointRef peer = end->peer.lock()) transmit(peer);
  read.done(std::move(bytes));
}

void NetworkWorld::send(const EndpointRef& end, std::vector<Slice> pieces) {
  if (end->closed || end->broken || end->abandoned) return;
  for (Slice& piece : pieces) {
    if (piece.empty()) continue;
    end->queued_bytes += piece.size();
    end->queued.push_back(std::move(piece));
  }
  transmit(end);
}

void NetworkWorld::wait_unsent(const EndpointRef& end, std::size_t bytes, env::Task done) {
  end->waiters.push_back({bytes, std::move(done)});
  wake_waiters(end);
}

void NetworkWorld::wake_waiters(const EndpointRef& end) {
  const std::size_t unsent = end->queued_bytes + end->on_the_way_bytes;
  for (std::size_t i = 0; i < end->waiters.size();) {
    if (unsent > end->waiters[i].bytes) {
      ++i;
      continue;
    }
    env::Task done = std::move(end->waiters[i].done);
    end->waiters.erase(end->waiters.begin() + static_cast<std::ptrdiff_t>(i));
    if (end->abandoned) continue;
    end->executor->post([end, done = std::move(done)]() mutable {
      if (!end->abandoned) done();
    });
  }
}

void NetworkWorld::close(const EndpointRef& end) {
  if (end->closed) return;
  end->closed = true;
  end->queued.clear();
  end->queued_bytes = 0;
  end->end_queued = true;
  transmit(end);
  wake_reader(end);
  wake_waiters(end);
}

std::size_t NetworkWorld::room(const Endpoint& from, const Endpoint& to) const {
  std::size_t window = link(*from.local, *from.remote).window_bytes;
  if (to.read) window = std::max(window, to.read->size);
  const std::size_t used = from.on_the_way_bytes + to.received_bytes;
  return window > used ? window - used : 0;
}

Endpoint::Fragment NetworkWorld::next_fragment(Endpoint& end, std::size_t size_max) {
  std::size_t size = std::min(size_max, link(*end.local, *end.remote).fragment_bytes_max);
  if (prng_.chance(1, 8)) size = 1 + prng_.below(std::min(size, end.queued_bytes));
  Endpoint::Fragment fragment;
  while (fragment.size < size && !end.queued.empty()) {
    const Slice front = end.queued.front();
    end.queued.pop_front();
    const std::size_t n = std::min(front.size(), size - fragment.size);
    fragment.pieces.push_back(front.sub(0, n));
    if (front.size() > n) end.queued.push_front(front.sub(n));
    fragment.size += n;
  }
  end.queued_bytes -= fragment.size;
  return fragment;
}

void NetworkWorld::transmit(const EndpointRef& end) {
  if (end->stalled || end->broken || end->end_sent) return;
  const EndpointRef peer = end->peer.lock();
  while (!end->queued.empty()) {
    // To a peer that is gone everything is sent: it is there that it is found out.
    const std::size_t size_max = peer && !peer->closed ? room(*end, *peer) : end->queued_bytes;
    if (size_max == 0) return;
    launch(end, next_fragment(*end, size_max));
  }
  if (end->end_queued) {
    end->end_sent = true;
    launch(end, Endpoint::Fragment{{}, 0, true});
  }
}

void NetworkWorld::launch(const EndpointRef& end, Endpoint::Fragment fragment) {
  const std::int64_t arrival = scheduler_.now_us() + latency_us(*end->local, *end->remote);
  end->last_arrival_us = std::max(end->last_arrival_us, arrival);
  end->on_the_way_bytes += fragment.size;
  end->on_the_way.push_back(std::move(fragment));
  scheduler_.at(end->last_arrival_us, [world = weak_from_this(), end, flight = end->flight] {
    const auto self = world.lock();
    if (self && end->flight == flight) self->arrive(end);
  });
}

void NetworkWorld::arrive(const EndpointRef& end) {
  if (!passes(*end->local, *end->remote)) return stall(*end);
  Endpoint::Fragment fragment = std::move(end->on_the_way.front());
  end->on_the_way.pop_front();
  end->on_the_way_bytes -= fragment.size;
  scheduler_.note(fragment.size);
  const EndpointRef peer = end->peer.lock();
  const bool peer_gone = !peer || peer->closed || peer->broken || peer->life != peer->local->life;
  if (!peer_gone) {
    deliver(peer, std::move(fragment));
  } else if (!fragment.last && passes(*end->remote, *end->local)) {
    // The other host knows no such stream (any more) and says so.
    scheduler_.after(latency_us(*end->remote, *end->local), [world = weak_from_this(), end] {
      if (const auto self = world.lock()) self->fail(end);
    });
  }
  wake_waiters(end);
  transmit(end);
}

void NetworkWorld::deliver(const EndpointRef& to, Endpoint::Fragment fragment) {
  if (fragment.last) to->peer_ended = true;
  bytes_delivered_ += fragment.size;
  to->received_bytes += fragment.size;
  for (Slice& piece : fragment.pieces) to->received.push_back(std::move(piece));
  wake_reader(to);
}

// Everything on the way is lost and is queued again, to be sent when the link is back.
void NetworkWorld::stall(Endpoint& end) {
  end.stalled = true;
  ++end.flight;
  for (; !end.on_the_way.empty(); end.on_the_way.pop_back()) {
    const Endpoint::Fragment& fragment = end.on_the_way.back();
    if (fragment.last) end.end_sent = false;
    end.queued.insert(end.queued.begin(), fragment.pieces.begin(), fragment.pieces.end());
  }
  end.queued_bytes += end.on_the_way_bytes;
  end.on_the_way_bytes = 0;
}

void NetworkWorld::drop_unsent(Endpoint& end) {
  ++end.flight;
  end.on_the_way.clear();
  end.queued.clear();
  end.on_the_way_bytes = end.queued_bytes = 0;
}

void NetworkWorld::fail(const EndpointRef& end) {
  if (end->broken) return;
  end->broken = true;
  drop_unsent(*end);
  end->received.clear();
  end->received_bytes = 0;
  wake_reader(end);
  wake_waiters(end);
}

void NetworkWorld::heal(const std::string& from, const std::string& to) {
  if (cuts_.erase({from, to}) > 0) resume_stalled();
}

void NetworkWorld::heal_all() {
  cuts_.clear();
  resume_stalled();
}

void NetworkWorld::resume_stalled() {
  for (const EndpointRef& end : endpoints_) {
    if (!end->stalled || !passes(*end->local, *end->remote)) continue;
    const auto delay = static_cast<std::int64_t>(prng_.below(kRetransmitMaxUs));
    scheduler_.after(delay, [world = weak_from_this(), end] {
      const auto self = world.lock();
      if (!self || !self->passes(*end->local, *end->remote)) return;
      end->stalled = false;
      self->transmit(end);
    });
  }
}

void NetworkWorld::break_connections(const std::string& a, const std::string& b) {
  for (const EndpointRef& end : endpoints_) {
    const bool between = (end->local->name == a && end->remote->name == b) ||
                         (end->local->name == b && end->remote->name == a);
    if (between) fail(end);
  }
}

void NetworkWorld::kill_process(SimHost& host, bool tell_peers) {
  ++host.life;
  for (auto& [port, listener] : host.listeners) listener->open = false;
  host.listeners.clear();
  for (const EndpointRef& end : endpoints_) {
    if (end->local != &host || end->abandoned) continue;
    end->abandoned = true;
    if (!tell_peers) {
      end->closed = end->broken = true;
      drop_unsent(*end);
    } else {
      if (prng_.chance(1, 2)) drop_unsent(*end);
      close(end);
    }
  }
}

std::vector<std::string> NetworkWorld::host_names() const {
  std::vector<std::string> names;
  for (const auto& [name, host] : hosts_) names.push_back(name);
  return names;
}

std::size_t NetworkWorld::connections_open() const {
  return static_cast<std::size_t>(std::count_if(endpoints_.begin(), endpoints_.end(),
                                                [](const EndpointRef& end) { return !end->abandoned; }));
}

}  // namespace kontiki::sim
