// Purgatory: the fetches that wait for one partition to have more to read. Owned by its PartitionHost, used
// on the partition's shard; no I/O. Which shard a waiter belongs to and what it waits for is the fetch's own
// business: here it is a number to be called back once.
#pragma once

#include <compare>
#include <cstddef>
#include <cstdint>
#include <set>
#include <utility>
#include <vector>

namespace kontiki::broker {

struct FetchWaiter {
  std::size_t shard = 0;    // of the fetch
  std::uint64_t fetch = 0;  // its number there
  friend auto operator<=>(const FetchWaiter&, const FetchWaiter&) = default;
};

class Purgatory {
 public:
  // A waiter that is there already stays once.
  void add(const FetchWaiter& waiter) { waiters_.insert(waiter); }
  void remove(const FetchWaiter& waiter) { waiters_.erase(waiter); }
  // Everyone waiting, who from now on is not; by shard.
  std::set<FetchWaiter> take() { return std::exchange(waiters_, {}); }
  bool empty() const { return waiters_.empty(); }
  std::size_t size() const { return waiters_.size(); }

 private:
  std::set<FetchWaiter> waiters_;  // bounded by the shards' fetch_waiters_max
};

}  // namespace kontiki::broker
