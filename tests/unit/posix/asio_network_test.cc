// The promises of env/network.h over loopback TCP, with the server and the client on threads of their own.
#include "posix/asio_network.h"

#include "posix/posix_clock.h"
#include "unit/posix/loop.h"

#include <gtest/gtest.h>

#include <atomic>
#include <map>
#include <netinet/in.h>
#include <set>
#include <string>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace kontiki::posix {
namespace {

using env::Address;
using env::NetworkError;
using ConnectionPtr = std::unique_ptr<env::Connection>;
using Bytesful = Result<Slice, NetworkError>;

class AsioNetworkTest : public testing::Test {
 protected:
  ~AsioNetworkTest() override {
    listener_.reset();
    for (Loop* loop : {&client_loop_, &server_loop_, &server_loop2_}) loop->stop();
  }

  // A server on both server loops; `serve` runs with each new connection, on its loop.
  void listen(std::function<void(std::size_t, ConnectionPtr)> serve) {
    auto listener = network_.listen({"127.0.0.1", 0}, {&server_loop_.executor(), &server_loop2_.executor()},
                                    std::move(serve));
    ASSERT_TRUE(listener) << env::to_string(listener.error());
    listener_ = std::move(*listener);
  }
  // Keeps every accepted connection and sends back what it reads.
  void listen_echo() {
    listen([this](std::size_t loop, ConnectionPtr connection) {
      env::Connection& kept = *connection;
      accepted_[loop].push_back(std::move(connection));
      echo(kept);
    });
  }
  void echo(env::Connection& connection) {
    connection.read_some(64u << 10, [this, &connection](Bytesful bytes) {
      if (!bytes) return;
      connection.send({std::move(*bytes)});
      connection.when_unsent_at_most(1u << 20, [this, &connection] { echo(connection); });
    });
  }
  void read_on(env::Connection& connection) {
    connection.read_some(1u << 20, [this, &connection](Bytesful bytes) {
      if (bytes) read_on(connection);
    });
  }
  Result<ConnectionPtr, NetworkError> connect(Address to, std::int64_t timeout_us = 20'000'000) {
    Awaited<Result<ConnectionPtr, NetworkError>> done;
    network_.connect(to, client_loop_.executor(), timeout_us,
                     [&](auto connection) { done.set(std::move(connection)); });
    auto connection = done.wait();
    if (!connection) return unexpected(NetworkError::kTimedOut);
    return std::move(*connection);
  }
  void connect_client() {
    auto connection = connect(listener_->address());
    ASSERT_TRUE(connection) << env::to_string(connection.error());
    client_ = std::move(*connection);
  }
  void send(std::string text) {
    client_loop_.run([&] { client_->send({Slice::copy_of(text)}); });
  }
  Bytesful read(std::size_t size) {
    Awaited<Bytesful> done;
    client_loop_.run(
        [&] { client_->read_exactly(size, [&](Bytesful bytes) { done.set(std::move(bytes)); }); });
    auto bytes = done.wait();
    if (!bytes) return unexpected(NetworkError::kTimedOut);
    return *bytes;
  }
  void destroy_client() {
    client_loop_.run([&] { client_.reset(); });
  }

  // Connections are declared last, so that they go before the loops, which are stopped by then.
  AsioNetwork network_;
  Loop client_loop_, server_loop_, server_loop2_;
  std::unique_ptr<env::Listener> listener_;
  std::array<std::vector<ConnectionPtr>, 2> accepted_;  // by server loop, touched on it only
  ConnectionPtr client_;
};

std::string pattern(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t i = 0; i < size; ++i) text[i] = static_cast<char>(i * 131 + (i >> 8));
  return text;
}

TEST_F(AsioNetworkTest, SmallAndLargeFramesComeBackExactly) {
  listen_echo();
  connect_client();
  for (std::size_t size : {1u, 3u, 8191u, 8192u, 8193u, 32768u, 40000u, 5u << 20}) {
    const std::string sent = pattern(size);
    send(sent.substr(0, size / 2));
    send(sent.substr(size / 2));
    const auto got = read(size);
    ASSERT_TRUE(got) << size;
    EXPECT_EQ(got->text(), sent) << size;
  }
  EXPECT_EQ(read(0)->size(), 0u);
}

// A client that leaves Nagle's algorithm on, as librdkafka does, and has two small requests under way. Its
// kernel keeps the second one back until the first is acknowledged, and ours acknowledges after 40 ms at
// least.
TEST_F(AsioNetworkTest, AClientThatWaitsForAcknowledgementsIsNotHeldUp) {
  std::function<void(env::Connection&)> answer_pairs = [&](env::Connection& connection) {
    connection.read_exactly(2, [&](Bytesful bytes) {
      if (!bytes) return;
      connection.send({bytes->sub(0, 1)});
      answer_pairs(connection);
    });
  };
  listen([&](std::size_t loop, ConnectionPtr connection) {
    env::Connection& kept = *connection;
    accepted_[loop].push_back(std::move(connection));
    kept.acknowledge_at_once();
    answer_pairs(kept);
  });
  const int client = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in to{};
  to.sin_family = AF_INET;
  to.sin_port = htons(listener_->address().port);
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::connect(client, reinterpret_cast<const sockaddr*>(&to), sizeof to), 0);
  constexpr int kRounds = 50;  // the first dozen are acknowledged at once in any case
  char byte = 'x';
  PosixClock clock;
  const std::int64_t started_us = clock.monotonic_us();
  for (int i = 0; i < kRounds; ++i) {
    ASSERT_EQ(::write(client, &byte, 1), 1);
    ASSERT_EQ(::write(client, &byte, 1), 1);
    ASSERT_EQ(::read(client, &byte, 1), 1);
  }
  EXPECT_LT(clock.monotonic_us() - started_us, kRounds * 15'000);
  ::close(client);
}

TEST_F(AsioNetworkTest, WhatIsReceivedAndSentIsCounted) {
  listen_echo();
  connect_client();
  const std::uint64_t before = AsioNetwork::transferred_bytes();
  send(pattern(100'000));
  ASSERT_TRUE(read(100'000));
  for (Loop* loop : {&server_loop_, &server_loop2_}) loop->run([] {});  // they have counted what they sent
  EXPECT_EQ(AsioNetwork::transferred_bytes() - before, 4u * 100'000);
}

TEST_F(AsioNetworkTest, AFastReaderTakesOnlySoMuchInOneTurn) {
  constexpr std::size_t kBytes = 64u << 20;
  listen([this](std::size_t loop, ConnectionPtr connection) {
    accepted_[loop].push_back(std::move(connection));
    read_on(*accepted_[loop].back());
  });
  connect_client();
  std::size_t unsent = kBytes, most_in_a_turn = 0;
  Awaited<bool> done;
  std::function<void()> look = [&] {  // once between two turns of the connection
    most_in_a_turn = std::max(most_in_a_turn, unsent - client_->unsent_bytes());
    unsent = client_->unsent_bytes();
    if (unsent == 0) return done.set(true);
    client_loop_.executor().post([&] { look(); });
  };
  client_loop_.run([&] {
    client_->send(std::vector<Slice>(16, Slice::copy_of(std::string(kBytes / 16, 'x'))));
    look();
  });
  ASSERT_TRUE(done.wait());
  EXPECT_GT(most_in_a_turn, 0u);
  EXPECT_LE(most_in_a_turn, 256u << 10);
}

TEST_F(AsioNetworkTest, ManyPipelinedSendsArriveInOrder) {
  listen_echo();
  connect_client();
  std::string expected;
  client_loop_.run([&] {
    for (int i = 0; i < 5000; ++i) {
      const std::string head = std::to_string(i) + ":", body(static_cast<std::size_t>(i % 300), 'b');
      client_->send({Slice::copy_of(head), Slice(), Slice::copy_of(body)});
      expected += head + body;
    }
  });
  const std::size_t half = expected.size() / 2;
  EXPECT_EQ(read(half)->text(), expected.substr(0, half));
  EXPECT_EQ(read(expected.size() - half)->text(), expected.substr(half));
}

TEST_F(AsioNetworkTest, AcceptSpreadsConnectionsOverTheExecutorsOnTheirThreads) {
  std::mutex mutex;
  std::map<std::size_t, std::set<std::thread::id>> threads;
  std::vector<std::size_t> order;
  Awaited<bool> all;
  listen([&](std::size_t loop, ConnectionPtr connection) {
    accepted_[loop].push_back(std::move(connection));
    bool complete = false;
    {
      const std::lock_guard lock(mutex);
      threads[loop].insert(std::this_thread::get_id());
      order.push_back(loop);
      complete = order.size() == 8;
    }
    if (complete) all.set(true);  // the test may end now, and the mutex with it
  });
  std::vector<ConnectionPtr> clients;
  for (int i = 0; i < 8; ++i) {
    auto connection = connect(listener_->address());
    ASSERT_TRUE(connection);
    EXPECT_EQ((*connection)->remote(), listener_->address().text());
    clients.push_back(std::move(*connection));
  }
  ASSERT_TRUE(all.wait());
  EXPECT_EQ(std::count(order.begin(), order.end(), 0u), 4);
  EXPECT_EQ(threads[0].size(), 1u);
  EXPECT_EQ(threads[1].size(), 1u);
  EXPECT_NE(*threads[0].begin(), *threads[1].begin());
  client_loop_.run([&] { clients.clear(); });
}

TEST_F(AsioNetworkTest, AStreamGoesOnOnTheExecutorThatItWasMovedTo) {
  // More than the kernel takes before the client reads, so that a part of it moves along.
  const std::string answer = pattern(16u << 20);
  Awaited<std::thread::id> moved_to;
  listen([&](std::size_t loop, ConnectionPtr connection) {
    env::Connection& first = *connection;
    accepted_[loop].push_back(std::move(connection));
    first.read_exactly(3, [&, loop](Bytesful) {
      first.send({Slice::copy_of(answer)});
      const std::size_t other = 1 - loop;
      env::Executor& target = (other == 0 ? server_loop_ : server_loop2_).executor();
      target.post([&, other, moved = first.move_to(target)]() mutable {
        env::Connection& second = *accepted_[other].emplace_back(std::move(moved));
        moved_to.set(std::this_thread::get_id());
        echo(second);
      });
    });
  });
  connect_client();
  send("abcdefgh");  // all of it is buffered when the first three bytes are asked for
  EXPECT_EQ(*moved_to.wait(), server_loop2_.run([] { return std::this_thread::get_id(); }));
  EXPECT_EQ(read(answer.size())->text(), answer);
  EXPECT_EQ(read(5)->text(), "defgh");
  send("more");
  EXPECT_EQ(read(4)->text(), "more");
  server_loop_.run([&] { accepted_[0].clear(); });  // what is left of the first is nothing
  send("still");
  EXPECT_EQ(read(5)->text(), "still");
  server_loop2_.run([&] { accepted_[1].clear(); });
  EXPECT_EQ(read(1).error(), NetworkError::kClosed);
}

TEST_F(AsioNetworkTest, AStreamThatWasClosedIsClosedAfterAMove) {
  listen_echo();
  connect_client();
  Awaited<Bytesful> done;
  ConnectionPtr moved = client_loop_.run([&] {
    client_->close();
    return client_->move_to(server_loop_.executor());
  });
  server_loop_.run([&] { moved->read_exactly(1, [&](Bytesful bytes) { done.set(std::move(bytes)); }); });
  EXPECT_EQ(done.wait()->error(), NetworkError::kClosed);
  server_loop_.run([&] { moved.reset(); });
}

TEST_F(AsioNetworkTest, AReaderThatDoesNotReadHoldsTheSenderBack) {
  Awaited<env::Connection*> server;
  listen([&](std::size_t loop, ConnectionPtr connection) {
    accepted_[loop].push_back(std::move(connection));
    server.set(accepted_[loop].back().get());
  });
  connect_client();
  const std::size_t size = 32u << 20;  // more than the kernel takes
  Awaited<bool> low;
  client_loop_.run([&] {
    client_->send({Slice(Buffer(size))});
    client_->when_unsent_at_most(0, [&] { low.set(true); });
  });
  EXPECT_FALSE(low.is_set());
  env::Connection* reader = server.wait().value();
  Awaited<std::size_t> got;
  server_loop_.executor().post(
      [&] { reader->read_exactly(size, [&](Bytesful bytes) { got.set(bytes ? bytes->size() : 0); }); });
  EXPECT_EQ(got.wait(), size);
  EXPECT_TRUE(low.wait());
  EXPECT_EQ(client_loop_.run([&] { return client_->unsent_bytes(); }), 0u);
}

TEST_F(AsioNetworkTest, CloseEndsThePendingReadButNotInsideTheCall) {
  listen_echo();
  connect_client();
  Awaited<bool> closed;
  const bool inside = client_loop_.run([&] {
    bool returned = false, early = false;
    client_->read_exactly(
        10, [&closed](Bytesful bytes) { closed.set(!bytes && bytes.error() == NetworkError::kClosed); });
    client_->close();
    early = closed.is_set();
    returned = true;
    return early || !returned;
  });
  EXPECT_FALSE(inside);
  EXPECT_EQ(closed.wait(), true);
  EXPECT_EQ(read(1).error(), NetworkError::kClosed) << "and every later read";
}

TEST_F(AsioNetworkTest, APeerThatClosesOrResetsIsSeenAsClosed) {
  listen([&](std::size_t loop, ConnectionPtr connection) {
    connection->send({Slice::copy_of("bye")});
    env::Connection& kept = *connection;
    accepted_[loop].push_back(std::move(connection));
    kept.when_unsent_at_most(0, [&kept] { kept.close(); });
  });
  connect_client();
  EXPECT_EQ(read(3)->text(), "bye");
  EXPECT_EQ(read(1).error(), NetworkError::kClosed);
  for (int i = 0; i < 100; ++i) send(pattern(100'000));  // to nobody: must neither crash nor pile up
  EXPECT_EQ(read(1).error(), NetworkError::kClosed);
  Awaited<bool> drained;
  client_loop_.run([&] { client_->when_unsent_at_most(0, [&] { drained.set(true); }); });
  EXPECT_TRUE(drained.wait());
}

TEST_F(AsioNetworkTest, NothingRunsAfterAConnectionWithPendingOperationsIsDestroyed) {
  listen_echo();
  for (int i = 0; i < 20; ++i) {
    connect_client();
    auto alive = std::make_shared<std::atomic<bool>>(true);
    client_loop_.run([&] {
      client_->send({Slice::copy_of(pattern(3'000'000))});
      client_->read_exactly(i % 2 == 0 ? 1 : 5'000'000, [alive](Bytesful) { EXPECT_TRUE(*alive); });
      client_->when_unsent_at_most(0, [alive] { EXPECT_TRUE(*alive); });
    });
    client_loop_.run([&] {
      client_.reset();
      *alive = false;
    });
    client_loop_.run([] { return 0; });  // those that were about to run are dropped when their turn comes
    EXPECT_EQ(alive.use_count(), 1) << "callbacks that will not run are freed";
  }
}

TEST_F(AsioNetworkTest, AConnectionMayDestroyItselfInItsOwnCallback) {
  listen_echo();
  connect_client();
  Awaited<bool> done;
  client_loop_.run([&] {
    client_->send({Slice::copy_of("x")});
    client_->read_exactly(1, [&](Bytesful) {
      client_.reset();
      done.set(true);
    });
  });
  EXPECT_TRUE(done.wait());
}

TEST_F(AsioNetworkTest, ConnectErrorsSayTheirKind) {
  listen_echo();
  const Address address = listener_->address();
  EXPECT_EQ(network_.listen(address, {&server_loop_.executor()}, {}).error(), NetworkError::kAddressInUse);
  EXPECT_EQ(network_.listen({"203.0.113.1", 0}, {&server_loop_.executor()}, {}).error(),
            NetworkError::kBadAddress);
  listener_.reset();
  EXPECT_EQ(connect(address).error(), NetworkError::kRefused);
  EXPECT_TRUE(network_.listen(address, {&server_loop_.executor()}, [](std::size_t, ConnectionPtr) {}))
      << "the port is free as soon as the listener is gone";
}

TEST_F(AsioNetworkTest, AConnectThatNobodyAnswersTimesOut) {
  // A listening socket whose queue is full leaves further connects unanswered.
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(::bind(socket, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  ASSERT_EQ(::listen(socket, 0), 0);
  socklen_t length = sizeof(address);
  ASSERT_EQ(::getsockname(socket, reinterpret_cast<sockaddr*>(&address), &length), 0);
  const Address to{"127.0.0.1", ntohs(address.sin_port)};
  std::vector<ConnectionPtr> fill;
  std::optional<NetworkError> error;
  for (int i = 0; i < 5 && !error; ++i) {
    auto connection = connect(to, 100'000);
    if (connection) {
      fill.push_back(std::move(*connection));
    } else {
      error = connection.error();
    }
  }
  EXPECT_EQ(error, NetworkError::kTimedOut);
  client_loop_.run([&] { fill.clear(); });
  ::close(socket);
}

TEST_F(AsioNetworkTest, NamesAreResolved) {
  listen_echo();
  auto connection = connect({"localhost", listener_->address().port});
  ASSERT_TRUE(connection) << env::to_string(connection.error());
  client_ = std::move(*connection);
  send("x");
  EXPECT_EQ(read(1)->text(), "x");
}

TEST_F(AsioNetworkTest, WithoutDescriptorsAcceptingPausesAndGoesOnLater) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "the sanitizers of this build need descriptors themselves";
#endif
  listen_echo();
  // Both ends live in this process: the client's descriptor is made first, then the limit leaves none for the
  // server.
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  const int raw = ::socket(AF_INET, SOCK_STREAM, 0);
  rlimit none = before;
  none.rlim_cur = static_cast<rlim_t>(raw) + 1;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &none), 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(listener_->address().port);
  const int connected = ::connect(raw, reinterpret_cast<sockaddr*>(&address), sizeof(address));
  // The accept has failed once the listening loop has come round again.
  for (int i = 0; i < 3; ++i) server_loop_.run([] { return 0; });
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &before), 0);
  ASSERT_EQ(connected, 0);
  ASSERT_EQ(::send(raw, "x", 1, 0), 1);
  char byte = 0;
  EXPECT_EQ(::recv(raw, &byte, 1, 0), 1) << "the waiting connection is served after all";
  EXPECT_EQ(byte, 'x');
  ::close(raw);
}

}  // namespace
}  // namespace kontiki::posix
