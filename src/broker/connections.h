// Connections: the Kafka clients of one shard, and the memory that their requests and answers take. Owned by
// the ShardBroker, used on its shard.
//
// Bounded: a connection is read from only after the broker's Door has let it in; requests are read only while
// the shard's budget for them lasts; fetches read records, and large answers are made, only while its budget
// for answers lasts. Who holds that up by not taking answers is thrown out.
#pragma once

#include "broker/lane.h"
#include "broker/metrics.h"
#include "env/network.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <unordered_map>

namespace kontiki::broker {

class Connection;
class ShardBroker;

class Connections {
 public:
  explicit Connections(ShardBroker& shard);
  ~Connections();

  // A new one, from the listener. It is closed at once if there are too many.
  void accept(std::unique_ptr<env::Connection> connection);
  // From now on requests are read; before, clients would be told that the topics they ask for do not exist.
  void open();
  void close_all();
  // The connection has closed.
  void forget(std::uint64_t connection);

  // Takes `bytes` of the budget for requests. If it is used up, false, and `connection` is told
  // (Connection::budget_freed) when it may try again.
  bool reserve(std::size_t bytes, const std::shared_ptr<Connection>& connection);
  void release(std::size_t bytes);
  bool starving() const { return !small_waiting_.empty() || !large_waiting_.empty(); }
  // Nothing should be kept waiting for long that does not have to.
  bool crowded() const { return request_bytes() > request_bytes_max_ / 2; }

  // What a connection's client has yet to take is now `after` bytes.
  void owed_changed(std::size_t before, std::size_t after);
  // Takes up to `bytes` of the budget for answers, to be given back when they are handed to the connection;
  // 0 if there are too few. The second half is for clients that have taken their earlier answers.
  std::size_t grant(std::size_t bytes, bool is_behind);
  void give_back(std::size_t bytes) { granted_bytes_ -= bytes; }
  Lane& lane() { return lane_; }

  void count(Metrics& into) const;

 private:
  using Waiting = std::deque<std::weak_ptr<Connection>>;

  void let_in(std::uint64_t id, const std::string& host, bool may_enter);
  std::size_t request_bytes() const { return small_bytes_ + large_bytes_; }
  void wake(Waiting& waiting);
  std::size_t answer_room() const;
  bool has_room();
  void close_stalled();

  ShardBroker& shard_;
  const std::size_t request_bytes_max_;
  const std::size_t answer_bytes_max_;
  bool open_ = false;
  bool closed_ = false;
  std::uint64_t next_id_ = 1;
  std::unordered_map<std::uint64_t, std::unique_ptr<env::Connection>> at_the_door_;  // shard 0 was asked
  std::unordered_map<std::uint64_t, std::shared_ptr<Connection>> connections_;       // were let in
  Waiting small_waiting_;        // for budget, with small requests; bounded by the number of connections
  Waiting large_waiting_;        // likewise
  std::size_t small_bytes_ = 0;  // of requests
  std::size_t large_bytes_ = 0;
  bool waking_ = false;            // those who wait are being told
  std::size_t owed_bytes_ = 0;     // by connections to clients
  std::size_t granted_bytes_ = 0;  // to fetches that are reading
  std::int64_t stalled_looked_us_ = 0;
  Lane lane_;
};

}  // namespace kontiki::broker
