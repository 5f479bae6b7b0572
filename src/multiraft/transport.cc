#include "multiraft/transport.h"

#include "base/limits.h"
#include "base/log.h"
#include "base/prng.h"

#include <utility>

namespace kontiki::multiraft {
namespace {

constexpr std::int64_t kConnectTimeoutUs = 1'000'000;
constexpr std::int64_t kGreetingTimeoutUs = 2'000'000;
constexpr std::int64_t kRetryFirstUs = 20'000;
constexpr std::int64_t kRetryMaxUs = 500'000;
// A frame is closed at about this size: who receives it hears of the sender when it is complete, and looks at
// its checksum while its bytes are still in a cache.
constexpr std::size_t kFrameBytesSoft = 512u << 10;

std::size_t payload_bytes(const GroupMessage& message) {
  std::size_t bytes = 0;
  for (const Entry& entry : message.entries) bytes += entry.payload.size();
  return bytes;
}

}  // namespace

struct Transport::Link {
  NodeId slot;
  env::Address address;
  enum class State : std::uint8_t { kIdle, kConnecting, kGreeting, kUp } state = State::kIdle;
  std::unique_ptr<env::Connection> connection;
  env::TimerId timer = env::TimerId::kNone;
  std::int64_t retry_us = kRetryFirstUs;
  std::uint64_t attempt = 0;  // callbacks of an earlier attempt are void
  GroupMessages queued;
  std::size_t queued_bytes = 0;  // of entries in it
  std::string last_trouble;      // the same trouble is logged once
};

Transport::Transport(env::Network& network, env::Executor& executor, const NodeOptions& options,
                     const Introduction& self, std::uint64_t seed, Events events)
    : network_(network),
      executor_(executor),
      options_(options),
      self_(self),
      prng_(seed),
      events_(std::move(events)) {
  for (const PeerAddress& peer : options_.peers) {
    auto link = std::make_unique<Link>();
    link->slot = peer.slot;
    link->address = peer.address;
    links_.push_back(std::move(link));
  }
}

Transport::~Transport() {
  stop();
}

void Transport::start() {
  for (auto& link : links_) connect(*link);
}

void Transport::stop() {
  stopped_ = true;
  for (auto& link : links_) {
    executor_.cancel(std::exchange(link->timer, env::TimerId::kNone));
    ++link->attempt;
    link->connection.reset();
    link->state = Link::State::kIdle;
  }
}

Transport::Link* Transport::find(NodeId slot) {
  for (auto& link : links_)
    if (link->slot == slot) return link.get();
  return nullptr;
}

const Transport::Link* Transport::find(NodeId slot) const {
  return const_cast<Transport*>(this)->find(slot);
}

bool Transport::up(NodeId slot) const {
  const Link* link = find(slot);
  return link != nullptr && link->state == Link::State::kUp;
}

bool Transport::has_room(NodeId slot) const {
  const Link* link = find(slot);
  return link != nullptr && link->state == Link::State::kUp &&
         link->connection->unsent_bytes() + link->queued_bytes <= options_.link_bytes_max;
}

// ---- the life of a link
// ---------------------------------------------------------------------------------------------

void Transport::connect(Link& link) {
  if (stopped_) return;
  link.state = Link::State::kConnecting;
  link.timer = env::TimerId::kNone;
  const std::uint64_t attempt = ++link.attempt;
  network_.connect(link.address, executor_, kConnectTimeoutUs, [this, &link, attempt](auto connection) {
    if (stopped_ || link.attempt != attempt) return;
    if (!connection) return broke(link, env::to_string(connection.error()));
    connected(link, std::move(*connection));
  });
}

void Transport::connected(Link& link, std::unique_ptr<env::Connection> connection) {
  link.connection = std::move(connection);
  link.state = Link::State::kGreeting;
  Hello hello;
  hello.node = self_.node;
  hello.slot = self_.slot;
  hello.to_slot = link.slot;
  hello.cluster_id = self_.cluster_id;
  hello.incarnation = self_.incarnation;
  hello.process = self_.process;
  hello.seeds_hash = self_.seeds_hash;
  hello.shard = self_.shard;
  link.connection->send(encode_frame(hello));
  const std::uint64_t attempt = link.attempt;
  link.timer = executor_.schedule(kGreetingTimeoutUs, [this, &link, attempt] {
    if (link.attempt == attempt && link.state == Link::State::kGreeting)
      broke(link, "no answer to the greeting");
  });
  read_reply(link);
}

void Transport::abandon(NodeId slot, std::string_view why) {
  Link* link = find(slot);
  if (!stopped_ && link != nullptr && link->connection != nullptr) broke(*link, why);
}

// The peer says one thing on this link, its reply; after that the read only waits for the link to break.
void Transport::read_reply(Link& link) {
  const std::uint64_t attempt = link.attempt;
  link.connection->read_exactly(
      kFrameHeaderBytes, [this, &link, attempt](Result<Slice, env::NetworkError> bytes) {
        if (stopped_ || link.attempt != attempt) return;
        if (!bytes) return broke(link, env::to_string(bytes.error()));
        const auto header = decode_frame_header(*bytes);
        if (!header) return broke(link, "the other side does not speak Kontiki's peer protocol");
        link.connection->read_exactly(header->length, [this, &link, attempt, header = *header](auto body) {
          if (stopped_ || link.attempt != attempt) return;
          if (!body) return broke(link, env::to_string(body.error()));
          auto frame = decode_frame(header, *body);
          const auto* reply = frame ? std::get_if<HelloReply>(&*frame) : nullptr;
          if (reply == nullptr || link.state != Link::State::kGreeting)
            return broke(link, "unexpected frame");
          if (!reply->accepted) return broke(link, "refused: " + reply->reason);
          link.state = Link::State::kUp;
          link.retry_us = kRetryFirstUs;
          link.last_trouble.clear();
          const NodeId broker = reply->node;
          read_reply(link);
          events_.link_up(link.slot, broker);
        });
      });
}

void Transport::broke(Link& link, std::string_view why) {
  const bool was_up = link.state == Link::State::kUp;
  if (link.last_trouble != why) {
    log(LogLevel::kInfo, "link to peer {}: {}; trying again", link.address.text(), why);
    link.last_trouble = why;
  }
  ++link.attempt;
  executor_.cancel(link.timer);
  link.state = Link::State::kIdle;
  link.queued.messages.clear();
  link.queued_bytes = 0;
  // The connection may be the one whose callback runs now: it goes when the callback has returned.
  executor_.post([connection = std::move(link.connection)] {});
  const auto spread = static_cast<std::int64_t>(prng_.below(static_cast<std::uint64_t>(link.retry_us)));
  link.timer = executor_.schedule(link.retry_us / 2 + spread, [this, &link] { connect(link); });
  link.retry_us = std::min(link.retry_us * 2, kRetryMaxUs);
  if (was_up) events_.link_down(link.slot);
}

// ---- sending
// --------------------------------------------------------------------------------------------------------

void Transport::send(NodeId slot, GroupMessage message) {
  Link* link = find(slot);
  if (link == nullptr || link->state != Link::State::kUp) return;
  link->queued_bytes += payload_bytes(message);
  link->queued.messages.push_back(std::move(message));
}

bool Transport::send_frame(NodeId slot, const Frame& frame) {
  Link* link = find(slot);
  if (link == nullptr || link->state != Link::State::kUp) return false;
  link->connection->send(encode_frame(frame));
  return true;
}

void Transport::flush() {
  for (auto& link : links_) {
    auto& messages = link->queued.messages;
    if (messages.empty() || link->state != Link::State::kUp) continue;
    GroupMessages frame;
    std::size_t bytes = 0;
    for (GroupMessage& message : messages) {
      const std::size_t more = payload_bytes(message);
      if (bytes + more > kFrameBytesSoft && !frame.messages.empty()) {
        link->connection->send(encode_frame(std::exchange(frame, {})));
        bytes = 0;
      }
      bytes += more;
      frame.messages.push_back(std::move(message));
    }
    messages.clear();
    link->queued_bytes = 0;
    link->connection->send(encode_frame(frame));
  }
}

}  // namespace kontiki::multiraft
