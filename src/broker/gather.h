// gather: runs work on the shards of several partitions at once and brings the results home, in place. Items
// are values that belong to one shard at a time.
#pragma once

#include "broker/shard_broker.h"

#include <cstddef>
#include <functional>
#include <map>
#include <memory>
#include <utility>
#include <vector>

namespace kontiki::broker {

// Item has a member `shard` (std::size_t). `work` runs once per item on its shard, `done` on `home` with all
// items, in their order.
template <class Item>
void gather(ShardBroker& home, std::vector<Item> items, void (*work)(ShardBroker&, Item&),
            std::move_only_function<void(std::vector<Item>)> done) {
  struct State {
    std::vector<Item> items;
    std::size_t open = 0;
    std::move_only_function<void(std::vector<Item>)> done;
  };
  std::map<std::size_t, std::vector<std::pair<std::size_t, Item>>> by_shard;
  for (std::size_t i = 0; i < items.size(); ++i) {
    const std::size_t shard = items[i].shard;
    by_shard[shard].emplace_back(i, std::move(items[i]));
  }
  if (by_shard.empty()) return done({});
  // Read and written at home only; elsewhere it is just carried along.
  auto state = std::make_shared<State>(State{std::move(items), by_shard.size(), std::move(done)});
  for (auto& [number, part] : by_shard) {
    home.to_shard(
        number, [state, work, from = home.number(), mine = std::move(part)](ShardBroker& at) mutable {
          for (auto& [i, item] : mine) work(at, item);
          at.to_shard(from, [all = std::move(state), worked = std::move(mine)](ShardBroker&) mutable {
            for (auto& [i, item] : worked) all->items[i] = std::move(item);
            if (--all->open == 0) all->done(std::move(all->items));
          });
        });
  }
}

}  // namespace kontiki::broker
