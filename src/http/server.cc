#include "http/server.h"

#include <utility>

namespace kontiki::http {

Result<std::unique_ptr<Server>, env::NetworkError> Server::start(env::Network& network,
                                                                 env::Executor& executor,
                                                                 const ServerOptions& options,
                                                                 Handler handler) {
  std::unique_ptr<Server> server(new Server(executor, options, std::move(handler)));
  auto listener = network.listen(options.listen, {&executor},
                                 [raw = server.get(), alive = std::weak_ptr(server->sessions_)](
                                     std::size_t, std::unique_ptr<env::Connection> connection) {
                                   if (!alive.expired()) raw->accept(std::move(connection));
                                 });
  if (!listener) return unexpected(listener.error());
  server->listener_ = std::move(*listener);
  return server;
}

Server::Server(env::Executor& executor, const ServerOptions& options, Handler handler)
    : executor_(executor),
      options_(options),
      handler_(std::move(handler)),
      sessions_(std::make_shared<Sessions>()) {}

Server::~Server() {
  listener_.reset();
  sessions_->clear();  // before the handler that they use
}

void Server::accept(std::unique_ptr<env::Connection> connection) {
  if (sessions_->size() >= options_.connections_max) return;
  const std::uint64_t number = next_session_++;
  auto ended = [sessions = std::weak_ptr(sessions_), number] {
    if (const auto table = sessions.lock()) table->erase(number);
  };
  auto session = std::make_shared<Session>(std::move(connection), executor_, handler_, options_.session,
                                           std::move(ended));
  sessions_->emplace(number, session);
  session->start();
}

}  // namespace kontiki::http
