// The simulated network keeps the promises of env/network.h and fails in the ways that a network does.
#include "sim/sim_network.h"

#include "sim/sim_executor.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace kontiki::sim {
namespace {

using env::NetworkError;
using ConnectionPtr = std::unique_ptr<env::Connection>;

class SimNetworkTest : public testing::Test {
 protected:
  SimNetworkTest() { network_.host("b"); }

  void listen() {
    listener_ = *network_.host("b").listen({"b", 9092}, {&on_b_, &on_b2_},
                                           [this](std::size_t executor, auto connection) {
                                             accepted_on_.push_back(executor);
                                             server_ = std::move(connection);
                                           });
  }
  std::optional<NetworkError> connect(std::uint16_t port = 9092, const std::string& host = "b") {
    std::optional<NetworkError> error;
    bool answered = false;
    network_.host("a").connect({host, port}, on_a_, 1'000'000, [&](auto connection) {
      answered = true;
      if (connection)
        client_ = std::move(*connection);
      else
        error = connection.error();
    });
    EXPECT_FALSE(answered) << "a callback inside the call";
    EXPECT_TRUE(scheduler_.run_until([&] { return answered; }, 2'000'000));
    scheduler_.run_for(1000);
    return error;
  }
  void establish() {
    listen();
    ASSERT_EQ(connect(), std::nullopt);
    ASSERT_NE(server_, nullptr);
  }
  // A read that notes what it gets: "closed" for an error.
  void read(env::Connection& from, std::size_t size) {
    from.read_exactly(size, [this](auto bytes) { note(bytes); });
  }
  void note(const Result<Slice, NetworkError>& bytes) {
    log_.push_back(bytes ? std::string(bytes->text()) : "closed");
  }
  using Log = std::vector<std::string>;

  Scheduler scheduler_{7, true};
  SimExecutor on_a_{scheduler_}, on_b_{scheduler_}, on_b2_{scheduler_};
  SimNetwork network_{scheduler_, 7};
  std::unique_ptr<env::Listener> listener_;
  ConnectionPtr client_, server_;
  std::vector<std::size_t> accepted_on_;
  Log log_;
};

TEST_F(SimNetworkTest, BytesArriveInOrderWhateverTheFragments) {
  establish();
  std::string sent, got;
  for (int i = 0; i < 500; ++i) {
    const std::string piece = std::to_string(i) + ";";
    sent += piece;
    client_->send({Slice::copy_of(piece), Slice(), Slice::copy_of("|")});
    sent += "|";
  }
  std::function<void()> next = [&] {
    server_->read_some(7, [&](auto bytes) {
      ASSERT_TRUE(bytes);
      ASSERT_GE(bytes->size(), 1u);
      ASSERT_LE(bytes->size(), 7u);
      got += bytes->text();
      next();
    });
  };
  next();
  EXPECT_TRUE(scheduler_.run_until([&] { return got.size() == sent.size(); }, 10'000'000));
  EXPECT_EQ(got, sent);
}

TEST_F(SimNetworkTest, ReadExactlyWaitsForAllAndLeavesTheRest) {
  establish();
  read(*server_, 5);
  client_->send({Slice::copy_of("abc")});
  scheduler_.run_for(100'000);
  EXPECT_EQ(log_, Log{});
  client_->send({Slice::copy_of("defg")});
  scheduler_.run_for(100'000);
  EXPECT_EQ(log_, Log{"abcde"});
  read(*server_, 0);
  EXPECT_EQ(log_.size(), 1u) << "a callback inside the call";
  scheduler_.run_for(1);
  read(*server_, 2);
  scheduler_.run_for(1);
  EXPECT_EQ(log_, (Log{"abcde", "", "fg"}));
}

TEST_F(SimNetworkTest, ConnectionsAreSpreadOverTheExecutorsInTurn) {
  listen();
  std::vector<ConnectionPtr> all;
  for (int i = 0; i < 4; ++i) {
    ASSERT_EQ(connect(), std::nullopt);
    all.push_back(std::move(client_));
    all.push_back(std::move(server_));
  }
  EXPECT_EQ(accepted_on_, (std::vector<std::size_t>{0, 1, 0, 1}));
}

TEST_F(SimNetworkTest, AStreamGoesOnOnTheExecutorThatItWasMovedTo) {
  establish();
  client_->send({Slice::copy_of("abcdef")});
  read(*server_, 2);
  scheduler_.run_for(10'000);
  server_->send({Slice::copy_of("answer")});
  server_ = server_->move_to(on_b2_);
  read(*server_, 4);
  read(*client_, 6);
  scheduler_.run_for(10'000);
  EXPECT_EQ(log_, (Log{"ab", "cdef", "answer"}));
  server_.reset();
  read(*client_, 1);
  scheduler_.run_for(10'000);
  EXPECT_EQ(log_.back(), "closed");
}

TEST_F(SimNetworkTest, ConnectFailsAsOnARealNetwork) {
  EXPECT_EQ(connect(), NetworkError::kRefused);
  EXPECT_EQ(connect(9092, "nowhere"), NetworkError::kBadAddress);
  listen();
  network_.cut("a", "b");
  const std::int64_t start = scheduler_.now_us();
  EXPECT_EQ(connect(), NetworkError::kTimedOut);
  EXPECT_GE(scheduler_.now_us() - start, 1'000'000);
  network_.heal_all();
  EXPECT_EQ(connect(), std::nullopt);
  EXPECT_EQ(network_.host("b").listen({"b", 9092}, {&on_b_}, {}).error(), NetworkError::kAddressInUse);
  EXPECT_EQ(network_.host("b").listen({"a", 1}, {&on_b_}, {}).error(), NetworkError::kBadAddress);
  const auto other = *network_.host("b").listen({"b", 0}, {&on_b_}, [](std::size_t, ConnectionPtr) {});
  EXPECT_NE(other->address().port, 0);
  listener_.reset();
  EXPECT_EQ(connect(), NetworkError::kRefused);
}

TEST_F(SimNetworkTest, CloseDeliversWhatIsOnTheWayAndThenTheEnd) {
  establish();
  read(*server_, 3);
  client_->send({Slice::copy_of("abcd")});
  client_->close();
  scheduler_.run_for(100'000);
  read(*server_, 2);  // one byte is left
  scheduler_.run_for(1);
  EXPECT_EQ(log_, (Log{"abc", "closed"}));
  server_->read_some(9, [this](auto bytes) { note(bytes); });
  scheduler_.run_for(1);
  EXPECT_EQ(log_.back(), "d");
}

TEST_F(SimNetworkTest, ClosingEndsTheOwnPendingRead) {
  establish();
  read(*client_, 1);
  client_->close();
  EXPECT_TRUE(log_.empty());
  scheduler_.run_for(1);
  EXPECT_EQ(log_, Log{"closed"});
}

TEST_F(SimNetworkTest, NoCallbackRunsAfterDestruction) {
  establish();
  client_->read_exactly(1, [](auto) { FAIL(); });
  client_->send({Slice::copy_of(std::string(5'000'000, 'x'))});
  client_->when_unsent_at_most(0, [] { FAIL(); });
  server_->send({Slice::copy_of("data")});
  scheduler_.run_for(1);
  client_.reset();
  scheduler_.run_for(1'000'000);
}

TEST_F(SimNetworkTest, ASlowReaderHoldsTheSenderBack) {
  establish();
  const std::size_t total = 3u << 20;
  client_->send({Slice::copy_of(std::string(total, 'x'))});
  bool drained = false, low = false;
  client_->when_unsent_at_most(0, [&] { drained = true; });
  client_->when_unsent_at_most(2u << 20, [&] { low = true; });
  scheduler_.run_for(1'000'000);
  EXPECT_EQ(client_->unsent_bytes(), 2u << 20);
  EXPECT_TRUE(low);
  EXPECT_FALSE(drained);
  read(*server_, total);  // larger than the window
  scheduler_.run_for(1'000'000);
  EXPECT_TRUE(drained);
  EXPECT_EQ(client_->unsent_bytes(), 0u);
  ASSERT_EQ(log_.size(), 1u);
  EXPECT_EQ(log_[0].size(), total);
}

TEST_F(SimNetworkTest, ACutStallsTheStreamAndHealingResumesItWithoutLoss) {
  establish();
  client_->send({Slice::copy_of("ab")});
  network_.cut_one_way("a", "b");
  client_->send({Slice::copy_of("cd")});
  read(*server_, 4);
  scheduler_.run_for(10'000'000);
  EXPECT_TRUE(log_.empty());
  server_->send({Slice::copy_of("x")});  // the other direction is not cut
  client_->read_exactly(1, [this](auto bytes) { note(bytes); });
  scheduler_.run_for(100'000);
  EXPECT_EQ(log_, Log{"x"});
  network_.heal("a", "b");
  scheduler_.run_for(100'000);
  EXPECT_EQ(log_, (Log{"x", "abcd"}));
}

TEST_F(SimNetworkTest, BrokenConnectionsEndOnBothSidesAtOnce) {
  establish();
  read(*server_, 1);
  read(*client_, 1);
  network_.break_connections("b", "a");
  scheduler_.run_for(1);
  EXPECT_EQ(log_, (Log{"closed", "closed"}));
  client_->send({Slice::copy_of("x")});
  bool drained = false;
  client_->when_unsent_at_most(0, [&] { drained = true; });
  scheduler_.run_for(1);
  EXPECT_TRUE(drained) << "a waiter must not wait for ever on a broken connection";
}

TEST_F(SimNetworkTest, APeerNoticesACrashPromptlyAndAPowerCutNotAtAll) {
  establish();
  read(*client_, 1);
  network_.crash("b");
  scheduler_.run_for(100'000);
  EXPECT_EQ(log_, Log{"closed"});
  EXPECT_EQ(connect(), NetworkError::kRefused);

  log_.clear();
  establish();
  read(*client_, 1);
  network_.power_off("b");
  scheduler_.run_for(100'000'000);
  EXPECT_TRUE(log_.empty());
  EXPECT_EQ(network_.connections_open(), 1u);
}

TEST_F(SimNetworkTest, WhoSendsToARebootedHostIsTold) {
  establish();
  read(*client_, 1);
  network_.power_off("b");
  client_->send({Slice::copy_of("x")});
  scheduler_.run_for(1'000'000);
  EXPECT_TRUE(log_.empty());
  network_.power_on("b");
  scheduler_.run_for(1'000'000);
  EXPECT_EQ(log_, Log{"closed"});
}

TEST_F(SimNetworkTest, ManyConnectionsOverTimeLeaveNothingBehind) {
  listen();
  for (int i = 0; i < 300; ++i) {
    ASSERT_EQ(connect(), std::nullopt);
    client_->send({Slice::copy_of("bye")});
    client_.reset();
    server_.reset();
  }
  EXPECT_EQ(network_.connections_open(), 0u);
}

}  // namespace
}  // namespace kontiki::sim
