#include "http/server.h"

#include "http/router.h"
#include "sim/simulation.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace kontiki::http {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

// A client on a host of its own that sends what it is told and keeps what comes back.
struct Client {
  std::unique_ptr<env::Connection> connection;
  std::string received;
  bool closed = false;

  void send(std::string_view text) { connection->send({Slice::copy_of(text)}); }
  void read() {
    connection->read_some(4096, [this](Result<Slice, env::NetworkError> bytes) {
      if (!bytes) {
        closed = true;
        return;
      }
      received += bytes->text();
      read();
    });
  }
};

class HttpServer : public ::testing::Test {
 protected:
  HttpServer() {
    router_.get("/hello",
                [](const Request&, Respond respond) { respond(Response::text(Status::kOk, "Hello.")); });
    router_.get("/later",
                [this](const Request&, Respond respond) { waiting_.push_back(std::move(respond)); });
    router_.get("/large", [](const Request&, Respond respond) {
      Response response;
      response.body = std::string(8u << 20, 'x');
      respond(std::move(response));
    });
  }

  void start(ServerOptions options = {}) {
    options.listen = {"server", 8080};
    auto server = Server::start(
        server_node_.network(), server_node_.executor(0), options,
        [this](const Request& request, Respond respond) { router_.handle(request, std::move(respond)); });
    ASSERT_TRUE(server);
    server_ = std::move(*server);
  }

  std::unique_ptr<Client> connect(bool reading = true) {
    auto client = std::make_unique<Client>();
    client_node_.network().connect(
        {"server", 8080}, client_node_.executor(0), kSecond,
        [&](Result<std::unique_ptr<env::Connection>, env::NetworkError> connection) {
          ASSERT_TRUE(connection);
          client->connection = std::move(*connection);
        });
    EXPECT_TRUE(world_.run_until([&] { return client->connection != nullptr; }, kSecond));
    if (reading) client->read();
    return client;
  }

  std::string ask(std::string_view text) {
    auto client = connect();
    client->send(text);
    world_.run_for(kSecond / 10);
    return client->received;
  }

  sim::Simulation world_{7};
  sim::SimNode& server_node_ = world_.add_node("server");
  sim::SimNode& client_node_ = world_.add_node("client");
  Router router_;
  std::vector<Respond> waiting_;
  std::unique_ptr<Server> server_;
};

std::string get(const std::string& path) {
  return "GET " + path + " HTTP/1.1\r\nHost: server\r\n\r\n";
}
int count(const std::string& text, const std::string& part) {
  int found = 0;
  for (auto at = text.find(part); at != std::string::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

TEST_F(HttpServer, AnswersAndKeepsTheConnection) {
  start();
  auto client = connect();
  client->send(get("/hello"));
  world_.run_for(kSecond / 10);
  EXPECT_EQ(client->received,
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 7\r\n"
            "Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: keep-alive\r\n\r\n"
            "Hello.\n");
  client->send(get("/hello"));
  world_.run_for(kSecond / 10);
  EXPECT_EQ(count(client->received, "Hello."), 2);
  EXPECT_FALSE(client->closed);
}

TEST_F(HttpServer, ClosesAfterTheAnswerWhenTheClientWantsThat) {
  start();
  auto client = connect();
  client->send("GET /hello HTTP/1.0\r\n\r\n");
  world_.run_for(kSecond / 10);
  EXPECT_EQ(count(client->received, "Connection: close"), 1);
  EXPECT_EQ(count(client->received, "Hello."), 1);
  EXPECT_TRUE(client->closed);
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(HttpServer, SendsNoBodyToHead) {
  start();
  const auto answer = ask("HEAD /hello HTTP/1.1\r\nHost: server\r\n\r\n");
  EXPECT_EQ(count(answer, "200 OK"), 1);
  EXPECT_EQ(count(answer, "Content-Length: 7"), 1);
  EXPECT_EQ(count(answer, "Hello."), 0);
}

TEST_F(HttpServer, NamesWhatIsWrongWithARequest) {
  start();
  EXPECT_EQ(count(ask(get("/nothing")), "HTTP/1.1 404 Not Found\r\n"), 1);
  const auto not_allowed = ask("DELETE /hello HTTP/1.1\r\nHost: server\r\n\r\n");
  EXPECT_EQ(count(not_allowed, "HTTP/1.1 405 Method Not Allowed\r\n"), 1);
  EXPECT_EQ(count(not_allowed, "Allow: GET, HEAD\r\n"), 1);
  EXPECT_EQ(count(ask("nonsense\r\n\r\n"), "HTTP/1.1 400 Bad Request\r\n"), 1);
  EXPECT_EQ(count(ask("GET / HTTP/1.1\r\nX: " + std::string(9000, 'a')), "HTTP/1.1 431 "), 1);
}

TEST_F(HttpServer, AnswersPipelinedRequestsInTheirOrder) {
  start();
  auto client = connect();
  client->send(get("/later") + get("/hello"));
  world_.run_for(kSecond);
  EXPECT_EQ(client->received, "");
  ASSERT_EQ(waiting_.size(), 1u);
  std::exchange(waiting_[0], nullptr)(Response::text(Status::kOk, "Late."));
  world_.run_for(kSecond);
  EXPECT_LT(client->received.find("Late."), client->received.find("Hello."));
  EXPECT_EQ(count(client->received, "Hello."), 1);
}

TEST_F(HttpServer, ClosesAnIdleConnection) {
  start();
  auto client = connect();
  world_.run_for(59 * kSecond);
  EXPECT_FALSE(client->closed);
  world_.run_for(2 * kSecond);
  EXPECT_TRUE(client->closed);
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(HttpServer, AClientThatSendsOneByteAtATimeDoesNotKeepItsConnection) {
  start();
  auto client = connect();
  const std::string request = get("/hello");
  for (int i = 0; i < 10 && !client->closed; ++i) {
    client->send(request.substr(static_cast<std::size_t>(i), 1));
    world_.run_for(10 * kSecond);
  }
  EXPECT_TRUE(client->closed);
}

TEST_F(HttpServer, AClientThatDoesNotReadIsDropped) {
  start();
  auto client = connect(/*reading=*/false);
  client->send(get("/large"));
  world_.run_for(61 * kSecond);
  EXPECT_EQ(server_->connections(), 0u);
}

TEST_F(HttpServer, AnswersForAPageThatDoesNot) {
  start();
  auto client = connect();
  client->send(get("/later"));
  world_.run_for(61 * kSecond);
  EXPECT_EQ(count(client->received, "HTTP/1.1 503 "), 1);
  EXPECT_TRUE(client->closed);
  std::exchange(waiting_[0], nullptr)(Response::text(Status::kOk, "Too late."));
  world_.run_for(kSecond);
  EXPECT_EQ(count(client->received, "HTTP/1.1"), 1);
}

TEST_F(HttpServer, BoundsItsConnections) {
  start({.connections_max = 2});
  auto first = connect();
  auto second = connect();
  auto third = connect();
  world_.run_for(kSecond / 10);
  EXPECT_TRUE(third->closed);
  EXPECT_FALSE(first->closed);
  EXPECT_EQ(server_->connections(), 2u);
  second->connection->close();
  world_.run_for(kSecond / 10);
  EXPECT_EQ(count(ask(get("/hello")), "200 OK"), 1);
}

TEST_F(HttpServer, ARefusedClientThatStillSendsGetsItsAnswer) {
  start();
  auto client = connect();
  client->send("POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 100000000\r\n\r\n");
  for (int i = 0; i < 50; ++i) client->send(std::string(1000, 'x'));
  world_.run_for(2 * kSecond);
  EXPECT_EQ(count(client->received, "HTTP/1.1 413 "), 1);
  EXPECT_TRUE(client->closed);
}

TEST_F(HttpServer, ALateAnswerAfterTheServerIsGoneDoesNothing) {
  start();
  auto client = connect();
  client->send(get("/later"));
  world_.run_for(kSecond);
  server_.reset();
  ASSERT_EQ(waiting_.size(), 1u);
  std::exchange(waiting_[0], nullptr)(Response::text(Status::kOk, "Late."));
  world_.run_for(kSecond);
  EXPECT_TRUE(client->closed);
  EXPECT_EQ(client->received, "");
}

TEST_F(HttpServer, SaysWhyItCannotListen) {
  start();
  const auto second = Server::start(server_node_.network(), server_node_.executor(0),
                                    {.listen = {"server", 8080}}, [](const Request&, const Respond&) {});
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error(), env::NetworkError::kAddressInUse);
}

}  // namespace
}  // namespace kontiki::http
