// The pages of a real broker in the simulator.

#include "broker/broker.h"
#include "http/pages.h"
#include "http/server.h"
#include "sim/simulation.h"

#include <gtest/gtest.h>

#include <string>

namespace kontiki::http {
namespace {

constexpr std::int64_t kSecond = 1'000'000;

class HttpBroker : public ::testing::Test {
 protected:
  ~HttpBroker() override {
    server_.reset();
    broker_.reset();
  }

  void start(std::vector<env::Address> seeds) {
    broker::BrokerOptions options;
    options.data_dir = "/data";
    options.kafka = {"n", 9092};
    options.peer = seeds.front();
    options.seeds = std::move(seeds);
    auto broker =
        broker::Broker::start(node_.clock(), node_.disk(), node_.network(), node_.executors(), options);
    ASSERT_TRUE(broker) << broker.error().message;
    broker_ = std::move(*broker);
    auto server = Server::start(node_.network(), node_.executor(0), {.listen = {"n", 8080}},
                                pages(views_of(*broker_), node_.clock()));
    ASSERT_TRUE(server);
    server_ = std::move(*server);
  }

  std::string get(const std::string& path) {
    std::unique_ptr<env::Connection> connection;
    std::string answer;
    bool closed = false;
    std::function<void()> read = [&] {
      connection->read_some(4096, [&](Result<Slice, env::NetworkError> bytes) {
        if (!bytes) {
          closed = true;
          return;
        }
        answer += bytes->text();
        read();
      });
    };
    client_.network().connect({"n", 8080}, client_.executor(0), kSecond,
                              [&](Result<std::unique_ptr<env::Connection>, env::NetworkError> made) {
                                ASSERT_TRUE(made);
                                connection = std::move(*made);
                                connection->send({Slice::copy_of("GET " + path + " HTTP/1.0\r\n\r\n")});
                                read();
                              });
    EXPECT_TRUE(sim_.run_until([&] { return closed; }, 5 * kSecond)) << path;
    return answer;
  }
  bool has(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

  sim::Simulation sim_{5};
  sim::SimNode& node_ = sim_.add_node("n", 2);
  sim::SimNode& client_ = sim_.add_node("client");
  std::unique_ptr<broker::Broker> broker_;
  std::unique_ptr<Server> server_;
};

TEST_F(HttpBroker, BecomesReadyAndCounts) {
  start({{"n", 9093}});
  ASSERT_TRUE(sim_.run_until([&] { return broker_->ready(); }, 10 * kSecond));
  EXPECT_TRUE(has(get("/ready"), "HTTP/1.1 200 OK"));
  const auto metrics = get("/metrics");
  EXPECT_TRUE(has(metrics, "HTTP/1.1 200 OK"));
  EXPECT_TRUE(has(metrics, "\nkontiki_ready 1\n"));
  EXPECT_TRUE(has(metrics, "\nkontiki_nodes 1\n")) << metrics;
  EXPECT_TRUE(has(metrics, "\nkontiki_nodes_alive 1\n"));
  EXPECT_TRUE(has(metrics, "\nkontiki_partitions_offline 0\n"));
  EXPECT_FALSE(has(metrics, "\nkontiki_wal_flush_duration_seconds_count 0\n")) << metrics;
}

TEST_F(HttpBroker, SaysWhatIsMissingWhileItIsNotReady) {
  start({{"n", 9093}, {"other", 9093}, {"third", 9093}});
  sim_.run_for(5 * kSecond);
  EXPECT_TRUE(has(get("/live"), "HTTP/1.1 200 OK"));
  const auto ready = get("/ready");
  EXPECT_TRUE(has(ready, "HTTP/1.1 503 Service Unavailable"));
  EXPECT_TRUE(has(ready, "no leader of the cluster's metadata is known")) << ready;
  EXPECT_TRUE(has(get("/metrics"), "\nkontiki_ready 0\n"));
}

}  // namespace
}  // namespace kontiki::http
