// The least that a replicated, durable write takes on this machine: one client, a leader and two followers,
// each a thread that does nothing but this. The leader passes a message on to both followers, writes it over
// old bytes of its own file and flushes; so do they, and acknowledge; with its own flush and the first
// acknowledgement it answers. No format, no checksum, no second message, nothing handed to another thread.
// Whatever replicates a log over TCP with a flush on a majority does at least this.
#include "clock.h"
#include "limits.h"
#include "loopback.h"
#include "scratch_file.h"

#include <array>
#include <chrono>
#include <poll.h>
#include <string>
#include <thread>

namespace kontiki::bench {
namespace {

constexpr std::size_t kMessageBytes = 1024;
constexpr std::size_t kLogBytes = 16u << 20;
constexpr double kRateMax = 1000;

class Log {
 public:
  explicit Log(const std::string& folder) : file_(folder) {
    file_.write(noise(kLogBytes), 0);
    file_.flush();
  }
  void append(std::string_view message) {
    file_.write(message, at_);
    file_.flush();
    at_ = (at_ + message.size()) % kLogBytes;
  }

 private:
  ScratchFile file_;
  std::size_t at_ = 0;
};

void follow(int from_leader, Log& log) {
  std::string message(kMessageBytes, '\0');
  while (receive_all(from_leader, message)) {
    log.append(message);
    send_all(from_leader, "+");
  }
}

// Returns when one of the followers has acknowledged the message of this number.
void await_first(const std::array<Connection, 2>& followers, std::array<std::size_t, 2>& acknowledged,
                 std::size_t number) {
  while (acknowledged[0] < number && acknowledged[1] < number) {
    std::array<pollfd, 2> ready{{{followers[0].client(), POLLIN, 0}, {followers[1].client(), POLLIN, 0}}};
    if (::poll(ready.data(), ready.size(), -1) < 0) fail_socket("poll");
    for (std::size_t i = 0; i < ready.size(); ++i) {
      if ((ready[i].revents & POLLIN) == 0) continue;
      std::array<char, 64> some;
      const ssize_t count = ::recv(ready[i].fd, some.data(), some.size(), 0);
      if (count <= 0) fail_socket("receive");
      acknowledged[i] += static_cast<std::size_t>(count);
    }
  }
}

void lead(int from_client, std::array<Connection, 2>& followers, Log& log) {
  std::array<std::size_t, 2> acknowledged{};
  std::string message(kMessageBytes, '\0');
  for (std::size_t number = 1; receive_all(from_client, message); ++number) {
    for (const Connection& follower : followers) send_all(follower.client(), message);
    log.append(message);
    await_first(followers, acknowledged, number);
    send_all(from_client, "+");
  }
  for (Connection& follower : followers) follower.end();
}

}  // namespace

ReplicatedLimit measure_replicated(const LimitOptions& options) {
  std::array<Log, 3> logs{Log(options.folder), Log(options.folder), Log(options.folder)};
  std::array<Connection, 2> followers;
  Connection client;
  std::array<std::thread, 3> threads{
      std::thread([&] { lead(client.server(), followers, logs[0]); }),
      std::thread([&] { follow(followers[0].server(), logs[1]); }),
      std::thread([&] { follow(followers[1].server(), logs[2]); }),
  };
  ReplicatedLimit limit{kMessageBytes, kRateMax, {}};
  const std::string message = noise(kMessageBytes);
  std::string answer(1, '\0');
  const std::int64_t end = now_ns() + to_ns(options.seconds);
  for (std::int64_t sent = now_ns(); sent < end;) {
    send_all(client.client(), message);
    receive_all(client.client(), answer);
    limit.latency.record(now_ns() - sent);
    std::this_thread::sleep_for(std::chrono::nanoseconds(sent + to_ns(1 / kRateMax) - now_ns()));
    sent = now_ns();
  }
  client.end();
  for (std::thread& thread : threads) thread.join();
  return limit;
}

}  // namespace kontiki::bench
