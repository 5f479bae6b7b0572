// AsioConnection: one TCP connection, on the shard whose io_context its socket is on. For the *.cc files of
// posix/. An idle connection holds no buffer: it waits for the socket to become readable, and borrows one
// then.
#pragma once

#include "env/network.h"

#include <boost/asio/ip/tcp.hpp>

#include <memory>
#include <string>
#include <utility>

namespace kontiki::posix {

class Stream;  // what the pending socket operations share with the connection

class AsioConnection : public env::Connection {
 public:
  explicit AsioConnection(boost::asio::ip::tcp::socket socket);
  ~AsioConnection() override;

  void read_exactly(std::size_t size, ReadDone done) override;
  void read_some(std::size_t size_max, ReadDone done) override;
  void send(std::vector<Slice> pieces) override;
  std::size_t unsent_bytes() const override;
  void when_unsent_at_most(std::size_t bytes, env::Task done) override;
  void acknowledge_at_once() override;
  void close() override;
  std::string remote() const override;
  std::unique_ptr<env::Connection> move_to(env::Executor& executor) override;

 private:
  explicit AsioConnection(std::shared_ptr<Stream> stream) : stream_(std::move(stream)) {}
  std::shared_ptr<Stream> stream_;
};

}  // namespace kontiki::posix
