#include "broker/connections.h"

#include "base/check.h"
#include "broker/broker.h"
#include "broker/connection.h"
#include "broker/door.h"
#include "broker/shard_broker.h"

#include <algorithm>
#include <utility>
#include <vector>

namespace kontiki::broker {
namespace {

constexpr std::size_t kSmallRequestBytes = 256u << 10;  // in memory
constexpr std::size_t kGrantBytesMin = 2u << 20;        // a batch of the usual size, at least
constexpr std::int64_t kStalledLookUs = 1'000'000;

bool is_small(std::size_t bytes) {
  return bytes <= kSmallRequestBytes;
}

}  // namespace

Connections::Connections(ShardBroker& shard)
    : shard_(shard),
      request_bytes_max_(std::max<std::size_t>(
          1, shard.options().limits.request_bytes_max / shard.broker().node().shard_count())),
      answer_bytes_max_(std::max<std::size_t>(
          1, shard.options().limits.answer_bytes_max / shard.broker().node().shard_count())),
      lane_(shard.clock(), shard.deadlines(), [this] { return has_room(); }) {}

Connections::~Connections() = default;

// ---- coming and going -----------------------------------------------------------------------------------

void Connections::accept(std::unique_ptr<env::Connection> connection) {
  if (closed_) return;
  const std::uint64_t id = next_id_++;
  std::string host = host_of(connection->remote());
  at_the_door_.emplace(id, std::move(connection));
  shard_.to_shard(0, [home = shard_.number(), id, host = std::move(host)](ShardBroker& at) {
    const bool may_enter = at.broker().door().enter(host);
    at.to_shard(home,
                [id, host, may_enter](ShardBroker& back) { back.connections().let_in(id, host, may_enter); });
  });
}

void Connections::let_in(std::uint64_t id, const std::string& host, bool may_enter) {
  auto waiting = at_the_door_.extract(id);
  if (!may_enter) {
    ++shard_.metrics().connections_refused;
    return;  // and that closes it
  }
  if (waiting.empty()) return shard_.to_shard(0, [host](ShardBroker& at) { at.broker().door().leave(host); });
  ++shard_.metrics().connections_accepted;
  auto made = std::make_shared<Connection>(shard_, id, std::move(waiting.mapped()));
  connections_.emplace(id, made);
  if (open_) made->start();
}

void Connections::open() {
  open_ = true;
  const auto all = connections_;  // one may close meanwhile
  for (const auto& [id, connection] : all) connection->start();
}

void Connections::close_all() {
  closed_ = true;
  at_the_door_.clear();
  const auto all = connections_;
  for (const auto& [id, connection] : all) connection->close({});
}

void Connections::forget(std::uint64_t connection) {
  const auto gone = connections_.extract(connection);
  if (gone.empty()) return;
  shard_.to_shard(
      0, [host = host_of(gone.mapped()->remote())](ShardBroker& at) { at.broker().door().leave(host); });
}

void Connections::count(Metrics& into) const {
  into.connections = connections_.size();
  into.request_bytes_in_service = request_bytes();
  into.answer_bytes_unsent = owed_bytes_;
}

// ---- the budget for requests ----------------------------------------------------------------------------

bool Connections::reserve(std::size_t bytes, const std::shared_ptr<Connection>& connection) {
  // One large request is always let in, so that one larger than the whole budget is served too. Small ones
  // have a share that large ones cannot use up, or frames that are announced and never sent would hold up
  // everybody.
  const bool small = is_small(bytes);
  Waiting& waiting = small ? small_waiting_ : large_waiting_;
  const bool fits = request_bytes() + bytes <= request_bytes_max_;
  const bool has_share = small ? small_bytes_ + bytes <= request_bytes_max_ / 4 : large_bytes_ == 0;
  if ((waiting.empty() || waking_) && (fits || has_share || request_bytes() == 0)) {
    (small ? small_bytes_ : large_bytes_) += bytes;
    return true;
  }
  waiting.push_back(connection);
  return false;
}

void Connections::release(std::size_t bytes) {
  std::size_t& taken = is_small(bytes) ? small_bytes_ : large_bytes_;
  CHECK(bytes <= taken, "only what was reserved is released");
  taken -= bytes;
  if (std::exchange(waking_, true)) return;
  wake(small_waiting_);
  wake(large_waiting_);
  waking_ = false;
}

void Connections::wake(Waiting& waiting) {
  while (!waiting.empty()) {
    const auto next = waiting.front().lock();
    waiting.pop_front();
    const std::size_t others = waiting.size();
    if (next != nullptr) next->budget_freed();
    if (waiting.size() <= others) continue;
    // There is too little for it yet: it keeps its place.
    std::rotate(waiting.begin(), std::prev(waiting.end()), waiting.end());
    return;
  }
}

// ---- the budget for answers -----------------------------------------------------------------------------

void Connections::owed_changed(std::size_t before, std::size_t after) {
  CHECK(before <= owed_bytes_, "only what was counted is taken back");
  owed_bytes_ = owed_bytes_ - before + after;
}

std::size_t Connections::answer_room() const {
  const std::size_t used = owed_bytes_ + granted_bytes_;
  return answer_bytes_max_ - std::min(used, answer_bytes_max_);
}

// Fetches cannot use up what is left for other answers.
bool Connections::has_room() {
  const auto is_room = [this] {
    return owed_bytes_ + granted_bytes_ < answer_bytes_max_ + answer_bytes_max_ / 4;
  };
  if (!is_room()) close_stalled();
  return is_room();
}

std::size_t Connections::grant(std::size_t bytes, bool is_behind) {
  const std::size_t least = std::min(kGrantBytesMin, answer_bytes_max_ / 2);
  const std::size_t wanted = is_behind ? answer_bytes_max_ / 2 : least;
  if (answer_room() < wanted) close_stalled();
  const std::size_t room = answer_room();
  if (room < wanted) return 0;
  // Not all of it, since few fetches find as much as they ask for.
  const std::size_t granted = std::min(bytes, std::max(room / 4, least));
  granted_bytes_ += granted;
  return granted;
}

void Connections::close_stalled() {
  const std::int64_t now = shard_.clock().monotonic_us();
  if (now - stalled_looked_us_ < kStalledLookUs) return;
  stalled_looked_us_ = now;
  std::vector<std::shared_ptr<Connection>> stalled;
  for (const auto& [id, connection] : connections_)
    if (connection->is_stalled()) stalled.push_back(connection);
  for (const auto& connection : stalled)
    connection->close("the client does not take its answers, while others wait for their memory");
}

}  // namespace kontiki::broker
