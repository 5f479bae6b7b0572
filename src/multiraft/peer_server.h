// PeerServer: the incoming side of the peer protocol. Checks who connects, decodes frames and hands what they
// carry to the shards that it is for. Each connection lives on one executor; there are no locks, shards are
// reached by posting.
#pragma once

#include "env/network.h"
#include "multiraft/frame.h"

#include <cstdint>
#include <list>
#include <memory>
#include <vector>

namespace kontiki::multiraft {

class Node;

class PeerServer {
 public:
  explicit PeerServer(Node& node);
  ~PeerServer();

  Result<void, env::NetworkError> start();
  void stop_listening() { listener_.reset(); }
  // Both are carried out on every executor, later.
  void abandon(NodeId slot);  // closes the peer's connections
  void set_cluster_id(const Uuid& id);

 private:
  struct Incoming;
  struct Place {  // what belongs to one executor
    std::list<std::unique_ptr<Incoming>> connections;
    Uuid cluster_id;
  };

  bool has_room(std::size_t executor, const env::Connection& connection) const;
  void accepted(std::size_t executor, std::unique_ptr<env::Connection> connection);
  void read(Incoming& from);
  void close(Incoming& from, std::string_view why);
  void forget(Incoming& from);
  // False if the connection was closed, or lives on elsewhere.
  bool greet(Incoming& from, const Hello& hello);
  void move(Incoming& from, std::size_t executor);
  std::string objection(const Incoming& from, const Hello& hello) const;
  void heard(Incoming& from);
  bool handle(Incoming& from, Frame&& frame);
  void deliver(GroupMessages&& messages, std::size_t executor);

  Node& node_;
  std::unique_ptr<env::Listener> listener_;
  std::vector<Place> places_;  // one per executor, touched only there
};

}  // namespace kontiki::multiraft
