// Transport: a shard's outgoing links, one to every other node. A link carries frames one way, from the node
// that connected; answers come over the other node's own links. Order is kept and nothing is lost while a
// link stands: a frame that could not be delivered shows as a broken link, never as a silent gap. Senders ask
// has_room() before they offer entries (but for the metadata), so that what is unsent stays bounded.
//
// Owned by the Shard, used only there.
#pragma once

#include "base/prng.h"
#include "env/network.h"
#include "multiraft/frame.h"
#include "multiraft/options.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <string_view>
#include <vector>

namespace kontiki::multiraft {

// What a link needs to introduce this node; see Hello.
struct Introduction {
  NodeId node;
  NodeId slot;
  Uuid cluster_id;
  Uuid incarnation;
  std::uint64_t process = 0;
  std::uint64_t seeds_hash = 0;
  std::uint32_t shard = 0;
};

class Transport {
 public:
  struct Events {
    // A link came up (the peer's broker id is known now) or broke.
    std::function<void(NodeId slot, NodeId broker)> link_up;
    std::function<void(NodeId slot)> link_down;
  };

  Transport(env::Network& network, env::Executor& executor, const NodeOptions& options,
            const Introduction& self, std::uint64_t seed, Events events);
  ~Transport();

  // Begins to connect, and to connect anew whenever a link breaks.
  void start();
  void stop();
  void set_cluster_id(const Uuid& id) { self_.cluster_id = id; }

  // Queues a raft message for the frame that flush() sends to the node in `slot`. Dropped if the link is
  // down.
  void send(NodeId slot, GroupMessage message);
  // Sends a frame of its own, at once. False if the link is down.
  bool send_frame(NodeId slot, const Frame& frame);
  // Breaks the link, if it stands, and connects anew.
  void abandon(NodeId slot, std::string_view why);
  // All that was queued, in one frame per peer, or more if it is much.
  void flush();

  bool up(NodeId slot) const;
  // False while more than link_bytes_max are unsent: entries must wait. Small messages are never held back.
  bool has_room(NodeId slot) const;

 private:
  struct Link;
  Link* find(NodeId slot);
  const Link* find(NodeId slot) const;
  void connect(Link& link);
  void connected(Link& link, std::unique_ptr<env::Connection> connection);
  void read_reply(Link& link);
  void broke(Link& link, std::string_view why);

  env::Network& network_;
  env::Executor& executor_;
  const NodeOptions& options_;
  Introduction self_;
  Prng prng_;
  Events events_;
  bool stopped_ = false;
  std::vector<std::unique_ptr<Link>> links_;
};

}  // namespace kontiki::multiraft
