// Door: how many clients are connected to a broker, in total and from each address, and whether one more may
// come in. A plain value. Owned by Broker, used on shard 0 only: the other shards ask by posting, so that the
// limits are the broker's and not each shard's part of them.
//
// Bounded by `total_max`.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <unordered_map>

namespace kontiki::broker {

class Door {
 public:
  Door(std::size_t total_max, std::size_t per_host_max)
      : total_max_(total_max), per_host_max_(per_host_max) {}

  // False if there are as many as there may be. Everybody who came in leaves once.
  bool enter(const std::string& host);
  void leave(const std::string& host);
  std::size_t size() const { return total_; }

 private:
  const std::size_t total_max_;
  const std::size_t per_host_max_;
  std::size_t total_ = 0;
  std::unordered_map<std::string, std::size_t> by_host_;  // of those inside
};

// The host of "host:port".
std::string host_of(std::string_view remote);

}  // namespace kontiki::broker
