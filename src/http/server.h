// Server: the small HTTP/1.1 server beside the Kafka port, for operators and their probes. Knows connections
// and requests, and nothing of what the pages show: that is the handler's (see pages.h). Plain HTTP, meant
// for a trusted network, like the peer port.
//
// Owned by the composition root; everything on one executor (the broker's shard 0). Start and destroy it
// there, or while that executor does not run.
#pragma once

#include "base/result.h"
#include "env/executor.h"
#include "env/network.h"
#include "http/message.h"
#include "http/session.h"

#include <cstdint>
#include <memory>
#include <unordered_map>

namespace kontiki::http {

struct ServerOptions {
  env::Address listen = {};
  std::size_t connections_max = 64;  // further ones are closed at once
  Session::Options session = {};
};

class Server {
 public:
  // `network` and `executor` outlive the server. Errors: those of Network::listen.
  static Result<std::unique_ptr<Server>, env::NetworkError> start(env::Network& network,
                                                                  env::Executor& executor,
                                                                  const ServerOptions& options,
                                                                  Handler handler);
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  env::Address address() const { return listener_->address(); }  // as bound
  std::size_t connections() const { return sessions_->size(); }

 private:
  using Sessions = std::unordered_map<std::uint64_t, std::shared_ptr<Session>>;

  Server(env::Executor& executor, const ServerOptions& options, Handler handler);
  void accept(std::unique_ptr<env::Connection> connection);

  env::Executor& executor_;
  const ServerOptions options_;
  const Handler handler_;
  std::uint64_t next_session_ = 1;
  // Shared with nobody; tasks that come after the server is gone see that by a weak reference.
  std::shared_ptr<Sessions> sessions_;
  std::unique_ptr<env::Listener> listener_;
};

}  // namespace kontiki::http
